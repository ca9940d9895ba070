#include "lib/runtime/node_endings.h"

#include <doctest/doctest.h>
#include <thread>
#include <vector>

namespace carbonedge {
namespace {

using namespace std::chrono_literals;

TEST_CASE("whoever asks hears of an end once, whether it came before or after") {
    NodeEndings endings;
    std::vector<std::string> heard;
    const auto note = [&heard](const std::string& how) { heard.push_back(how); };
    endings.tell("early", "exited with status 1");
    endings.hear("early", note);
    CHECK(heard == std::vector<std::string>{"exited with status 1"});
    endings.hear("late", note);
    endings.tell("late", "was killed");
    endings.tell("late", "told again");
    CHECK(heard == std::vector<std::string>{"exited with status 1", "was killed"});
    endings.hear("forgotten", note);
    endings.forget("forgotten");
    endings.tell("forgotten", "ended");
    CHECK(heard.size() == 2);
}

TEST_CASE("an end is waited for, and the first word on it counts") {
    NodeEndings endings;
    CHECK_FALSE(endings.wait("a", 0ns).has_value());
    CHECK_FALSE(endings.wait("a", 1ms).has_value());
    const std::jthread teller([&endings] {
        endings.tell("b", "another's");
        endings.tell("a", "was killed");
        endings.tell("a", "ended");
    });
    CHECK(endings.wait("a", 20s) == "was killed");
    CHECK(endings.wait("a", 0ns) == "was killed");
}

}  // namespace
}  // namespace carbonedge
