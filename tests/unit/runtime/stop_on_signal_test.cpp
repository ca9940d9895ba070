#include "lib/runtime/stop_on_signal.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>
#include <future>

namespace carbonedge {
namespace {

TEST_CASE("each of the stopping signals becomes a stop request") {
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        const StopOnSignal stop;
        CHECK_FALSE(stop.token().stop_requested());
        std::promise<void> requested;
        const std::stop_callback callback(stop.token(), [&requested] { requested.set_value(); });
        REQUIRE(::kill(::getpid(), number) == 0);
        CHECK(requested.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready);
    }
}

TEST_CASE("nothing stops that nobody asked to stop") {
    std::stop_token token;
    {
        const StopOnSignal stop;
        token = stop.token();
    }
    CHECK_FALSE(token.stop_requested());
}

}  // namespace
}  // namespace carbonedge
