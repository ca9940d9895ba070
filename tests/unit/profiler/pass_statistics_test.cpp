#include "lib/profiler/pass_statistics.h"

#include <doctest/doctest.h>
#include <chrono>
#include <string>
#include <vector>

namespace carbonedge {
namespace {

using namespace std::chrono_literals;

const PowerCurve kCurve{Watts(1), Watts(3), 0.5, "test"};

/// `pairs` passes of two rows of 6 and 3 ms, the whole 9.2 ms, one thread; every `throttled`-th pass waits 50 ms.
PairedPasses passes_of(int pairs, int throttled) {
    PairedPasses passes;
    passes.rows.resize(2);
    passes.row_cpu = {{6.2e6, 6.3e6, 6.4e6}, {2.7e6, 2.7e6, 2.7e6}};
    for (int pair = 0; pair < pairs; ++pair) {
        const bool waits = throttled > 0 && pair % throttled == 0;
        const double wait = waits ? 50e6 : 0;
        const double jitter = pair % 3 == 0 ? 1e4 : 0;
        passes.whole.push_back({9.2e6 + jitter + wait, 9.2e6, 9.2e6});
        passes.marked.push_back({9.21e6 + jitter + wait, 9.2e6, 9.2e6});
        passes.rows[0].push_back(6e6 + jitter + wait);
        passes.rows[1].push_back(3e6 + jitter);
    }
    return passes;
}

Profile profile_of_two() {
    Profile profile;
    profile.layers.resize(2);
    return profile;
}

const ProfileCheck& check_named(const std::vector<ProfileCheck>& checks, const std::string& name) {
    for (const ProfileCheck& check : checks) {
        if (check.name == name) return check;
    }
    FAIL("no check " << name);
    return checks.front();
}

}  // namespace

TEST_CASE("rows get their medians, the whole's CPU time as the clocks split it, and joules") {
    const PairedPasses passes = passes_of(30, 0);
    const PassFilter filter = filter_disturbed(passes, 1, false);
    CHECK(filter.excluded == 0);
    Profile profile = profile_of_two();
    fill_times(profile, passes, filter, kCurve);
    CHECK(profile.whole_median == 9200us);
    CHECK(profile.whole_cpu_mean == 9200us);
    CHECK(profile.layers[0].latency_median == 6ms);
    CHECK(profile.layers[0].latency_min == 6ms);
    CHECK(profile.layers[0].latency_q3 > 6ms);
    CHECK(profile.layers[0].samples == 30);
    CHECK(profile.layers[0].cpu_mean == 6440us);
    CHECK((profile.layers[0].cpu_mean + profile.layers[1].cpu_mean) == profile.whole_cpu_mean);
    REQUIRE(profile.layers[0].energy.has_value());
    CHECK(profile.layers[0].energy->joules.value() == doctest::Approx(0.00644 * 2));
    CHECK(profile.layers[0].energy->uncertainty.value() == doctest::Approx(0.00644));
    CHECK(profile.layers[0].energy->provenance == Provenance::kEstimated);

    const std::vector<ProfileCheck> checks = check_passes(profile, passes, filter);
    CHECK(check_named(checks, "sum-of-layers").value == doctest::Approx(0.2 / 9.2));
    CHECK(check_named(checks, "sum-of-layers").passed);
    CHECK(check_named(checks, "marks-overhead").value == doctest::Approx(0.01 / 9.2).epsilon(0.01));
    CHECK(check_named(checks, "cpu-share").value == doctest::Approx(1.0).epsilon(0.01));
    CHECK(check_named(checks, "cpu-share").limit == doctest::Approx(1.05));
}

TEST_CASE("passes that waited for the CPU do not count, and are counted") {
    const PairedPasses passes = passes_of(40, 4);
    CHECK(filter_disturbed(passes, 2, false).excluded == 0);
    CHECK(filter_disturbed(passes, 2, true).excluded == 20);
    const PassFilter filter = filter_disturbed(passes, 1, false);
    CHECK(filter.excluded == 20);
    CHECK_FALSE(filter.by_cpu_time);
    Profile profile = profile_of_two();
    fill_times(profile, passes, filter, kCurve);
    CHECK(profile.layers[0].samples == 30);
    CHECK(profile.layers[0].latency_mean < 7ms);
    CHECK(profile.whole_mean < 10ms);
    CHECK(profile.whole_cpu_mean == 9200us);
}

TEST_CASE("where every pass waits, times come from CPU time and medians") {
    const PairedPasses passes = passes_of(40, 1);
    const PassFilter filter = filter_disturbed(passes, 1, true);
    CHECK(filter.by_cpu_time);
    CHECK(filter.excluded == 80);
    Profile profile = profile_of_two();
    fill_times(profile, passes, filter, kCurve);
    CHECK(profile.whole_median == 9200us);
    CHECK(profile.layers[0].latency_median == 6300us);
    CHECK(profile.layers[0].samples == 3);
    CHECK(profile.layers[0].cpu_mean == 6440us);
    const std::vector<ProfileCheck> checks = check_passes(profile, passes, filter);
    CHECK(check_named(checks, "marks-overhead").remark == "median over 40 pairs of marked / unmarked cpu time - 1");
    CHECK(check_named(checks, "sum-of-layers").passed);
    CHECK(check_named(checks, "cpu-share").value == doctest::Approx(1.0));

    PairedPasses spinning = passes;
    for (PassTime& pass : spinning.whole) pass.cpu *= 2;
    const ProfileCheck share = check_named(check_passes(profile, spinning, filter), "cpu-share");
    CHECK_FALSE(share.passed);
    CHECK(share.value == doctest::Approx(2.0));
}

TEST_CASE("checks fail where they should") {
    PairedPasses passes = passes_of(30, 0);
    for (double& row : passes.rows[0]) row *= 1.5;
    for (PassTime& pass : passes.whole) pass.cpu *= 2;
    for (PassTime& pass : passes.marked) pass.wall *= 1.2;
    const PassFilter filter = filter_disturbed(passes, 1, false);
    Profile profile = profile_of_two();
    fill_times(profile, passes, filter, kCurve);
    for (const ProfileCheck& check : check_passes(profile, passes, filter)) {
        CAPTURE(check.name);
        CHECK_FALSE(check.passed);
        CHECK(check.value > check.limit);
    }
}

}  // namespace carbonedge
