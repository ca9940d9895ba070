#include "lib/measure/child_process.h"

#include "lib/base/errors.h"

#include "tests/support/skip.h"

#include <doctest/doctest.h>
#include <csignal>

namespace carbonedge {

TEST_CASE("a child's status, signal and output come back") {
    const ChildResult plain = run_child({"/bin/sh", "-c", "echo out; exit 3"}, nullptr, true);
    CHECK(plain.exit_status == 3);
    CHECK(plain.signal == 0);
    CHECK(plain.output == "out\n");
    const ChildResult killed = run_child({"/bin/sh", "-c", "kill -TERM $$"}, nullptr, false);
    CHECK(killed.signal == SIGTERM);
    CHECK(killed.exit_status == 128 + SIGTERM);
    CHECK_THROWS_AS(run_child({"/nonexistent/program"}, nullptr, false), EnvironmentError);
}

TEST_CASE("a child is inside its group from the start") {
    const LimitGroup group = LimitGroup::create("test", {.cpus = 0.5, .memory = Bytes(64 << 20)});
    if (!group.enforced()) {
        skip_test("limits are not enforced here: " + group.mechanism());
        return;
    }
    const ChildResult child = run_child({"/bin/cat", "/proc/self/cgroup"}, &group, true);
    CHECK(child.exit_status == 0);
    CHECK(child.output.find("/carbonedge-test-") != std::string::npos);
    CHECK(group.cpu_time().count() > 0);
    CHECK(group.peak_memory().value() > 0);
}

}  // namespace carbonedge
