#include "lib/measure/clocks.h"
#include "lib/measure/cpu_limit.h"

#include "tests/support/skip.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <chrono>
#include <csignal>
#include <string>

namespace carbonedge {
namespace {

using namespace std::chrono_literals;

/// A process that joins the group and burns CPU until it is killed or has used `cpu`. Only async-signal-safe calls.
pid_t burn(Nanoseconds cpu, int gate) {
    const pid_t child = ::fork();
    if (child == 0) {
        char byte = 0;
        if (::read(gate, &byte, 1) != 1) ::_exit(1);
        while (process_cpu_time() < cpu) {
        }
        ::_exit(0);
    }
    return child;
}

}  // namespace

TEST_CASE("a real group holds a process to its quota and leaves nothing behind") {
    LimitGroup group = LimitGroup::create("test", {.cpus = 0.25, .quota_period = 20ms, .memory = Bytes(64 << 20)});
    if (!group.enforced()) {
        skip_test("limits are not enforced here: " + group.mechanism());
        return;
    }
    int gate[2];
    REQUIRE(::pipe(gate) == 0);
    const pid_t child = burn(100ms, gate[0]);
    REQUIRE(child > 0);
    group.add_process(child);
    const Nanoseconds start = raw_time();
    REQUIRE(::write(gate[1], "x", 1) == 1);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    const Nanoseconds wall = raw_time() - start;
    CHECK(WIFEXITED(status));
    // 100 ms of CPU at a quarter of a core take 400 ms; the last period is not waited for, a first one may be partial.
    CHECK(wall >= 300ms);
    CHECK(group.cpu_time() >= 90ms);
    CHECK(group.cpu_time() <= wall / 4 + 20ms);
    // Where other programs starve it, there is nothing left for the quota to hold back.
    const bool starved = wall > 500ms;
    CHECK((starved || group.throttled_periods() > 0));
    CHECK((starved || group.throttled_time() > 10ms));

    const pid_t stubborn = burn(1h, gate[0]);
    group.add_process(stubborn);
    REQUIRE(::write(gate[1], "x", 1) == 1);
    CHECK(group.processes() == std::vector<int>{stubborn});
    { const LimitGroup gone = std::move(group); }
    REQUIRE(::waitpid(stubborn, &status, 0) == stubborn);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGKILL);
    ::close(gate[0]);
    ::close(gate[1]);
}

}  // namespace carbonedge
