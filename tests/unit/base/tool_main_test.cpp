#include "lib/base/tool_main.h"

#include <doctest/doctest.h>
#include <functional>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>

namespace carbonedge {

TEST_CASE("a message stays on one line whatever the input that it quotes") {
    const InputError error("a.csv", 3, "unknown unit 'k\nW\r'");
    CHECK(std::string(error.what()) == "a.csv:3: unknown unit 'k?W?'");
    CHECK(error.problem() == "unknown unit 'k?W?'");
}

TEST_CASE("every way to end becomes one line and its status") {
    struct Case {
        const char* name;
        std::function<ExitStatus()> body;
        int status;
        std::string said;
    };
    const Case cases[] = {
        {"ok", [] { return ExitStatus::kOk; }, 0, ""},
        {"verdict", [] { return ExitStatus::kNegativeVerdict; }, 1, ""},
        {"inconclusive", [] { return ExitStatus::kInconclusive; }, 3, ""},
        {"usage", []() -> ExitStatus { throw UsageError("--slo: '5' has no unit"); }, 2,
         "carbonedge-x: error: --slo: '5' has no unit\n"},
        {"input with a line", []() -> ExitStatus { throw InputError("a.csv", 7, "bad"); }, 4,
         "carbonedge-x: error: a.csv:7: bad\n"},
        {"input without a line", []() -> ExitStatus { throw InputError("a.csv", 0, "bad"); }, 4,
         "carbonedge-x: error: a.csv: bad\n"},
        {"environment", []() -> ExitStatus { throw EnvironmentError("disk full", "free some"); }, 4,
         "carbonedge-x: error: disk full; free some\n"},
        {"environment without a remedy", []() -> ExitStatus { throw EnvironmentError("disk full", ""); }, 4,
         "carbonedge-x: error: disk full\n"},
        {"interrupted", []() -> ExitStatus { throw Interrupted(); }, 130, "carbonedge-x: interrupted\n"},
        {"memory", []() -> ExitStatus { throw std::bad_alloc(); }, 4,
         "carbonedge-x: error: not enough memory; free some or make the input smaller\n"},
        {"our fault", []() -> ExitStatus { throw std::logic_error("bug"); }, 4,
         "carbonedge-x: internal error: bug; please report it with the command line\n"},
        {"no exception type at all", []() -> ExitStatus { throw 42; }, 4,
         "carbonedge-x: internal error: an exception of an unknown type; please report it with the command line\n"},
    };
    for (const Case& example : cases) {
        CAPTURE(example.name);
        std::ostringstream err;
        CHECK(tool_main("carbonedge-x", err, example.body) == example.status);
        CHECK(err.str() == example.said);
    }
}

TEST_CASE("an input error keeps its parts for whoever adds to them") {
    const InputError error("plan.json", 12, "bad");
    CHECK(error.file() == "plan.json");
    CHECK(error.line() == 12);
    CHECK(error.problem() == "bad");
}

}  // namespace carbonedge
