#include "lib/measure/window_plan.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

constexpr Nanoseconds kMillisecond{1'000'000};

TEST_CASE("window plan: an update period over the asked uncertainty, within bounds") {
    struct Row {
        Nanoseconds period;
        double asked;
        Nanoseconds longest;
        Nanoseconds length;
        double reachable;
        bool reaches;
    };
    const Row rows[] = {
        {kMillisecond, 0.01, 1000 * kMillisecond, 100 * kMillisecond, 0.01, true},          // RAPL
        {kMillisecond, 0.5, 1000 * kMillisecond, 10 * kMillisecond, 0.1, true},             // never below 10 ms
        {100 * kMillisecond, 0.02, 10000 * kMillisecond, 5000 * kMillisecond, 0.02, true},  // tegrastats
        {100 * kMillisecond, 0.02, 1000 * kMillisecond, 1000 * kMillisecond, 0.1, false},   // no time for it
        {Nanoseconds(0), 0.01, 1000 * kMillisecond, 10 * kMillisecond, 0.0, true},          // continuous
    };
    for (const Row& row : rows) {
        const WindowPlan plan = plan_window(row.period, row.asked, row.longest);
        CHECK(plan.length == row.length);
        CHECK(plan.reachable == doctest::Approx(row.reachable));
        CHECK(plan.reaches == row.reaches);
    }
}

TEST_CASE("window plan: repetitions and groups") {
    CHECK(repetitions_for(Nanoseconds(50'000), 100 * kMillisecond) == 2000);
    CHECK(repetitions_for(Nanoseconds(30'000), 100 * kMillisecond) == 3334);
    CHECK(repetitions_for(200 * kMillisecond, 100 * kMillisecond) == 1);
    CHECK(repetitions_for(Nanoseconds(0), 100 * kMillisecond) == 1);
    CHECK(groups_within(10000 * kMillisecond, 100 * kMillisecond, 2, 60) == 50);
    CHECK(groups_within(10000 * kMillisecond, 100 * kMillisecond, 2, 12) == 12);
    CHECK(groups_within(100 * kMillisecond, 5000 * kMillisecond, 2, 12) == 1);
    CHECK(groups_within(10000 * kMillisecond, 100 * kMillisecond, 2, 0) == 1);
}

}  // namespace
}  // namespace carbonedge
