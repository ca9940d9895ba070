#include "lib/carbon/intensity_statistics.h"
#include "lib/base/random.h"

#include <doctest/doctest.h>
#include <cmath>
#include <vector>

namespace carbonedge {
namespace {

UtcSeconds at_hour(std::int64_t hour) { return UtcSeconds(std::chrono::hours(hour)); }

}  // namespace

TEST_CASE("coverage, gaps, means and the spread within days") {
    const IntensitySeries series({}, {{at_hour(0), CarbonIntensity(100), false},
                                      {at_hour(1), CarbonIntensity(300), true},
                                      {at_hour(2), CarbonIntensity(200), false},
                                      {at_hour(6), CarbonIntensity(200), false}});
    const IntensityStatistics statistics = intensity_statistics(series);
    CHECK(statistics.coverage == doctest::Approx(4.0 / 7.0));
    CHECK(statistics.longest_gap == std::chrono::hours(3));
    CHECK(statistics.estimated_share == doctest::Approx(0.25));
    CHECK(statistics.mean.value() == doctest::Approx(200));
    CHECK(statistics.lowest.value() == 100);
    CHECK(statistics.highest.value() == 300);
    REQUIRE(statistics.daily_variation.has_value());
    CHECK(*statistics.daily_variation == doctest::Approx(std::sqrt(5000.0) / 200.0));
    CHECK(statistics.by_hour[1]->value() == 300);
    CHECK_FALSE(statistics.by_hour[3].has_value());
}

TEST_CASE("a zone with hours of zero intensity divides by nothing") {
    const IntensitySeries series({},
                                 {{at_hour(0), CarbonIntensity(0), false}, {at_hour(1), CarbonIntensity(0), false}});
    CHECK_FALSE(intensity_statistics(series).daily_variation.has_value());
    CHECK(cleanest_window(series, std::chrono::hours(1), {})->mean.value() == 0);
}

TEST_CASE("the cleanest window is the best of all starts, minute by minute") {
    SeededRandom random(3);
    for (int round = 0; round < 20; ++round) {
        std::vector<IntensitySample> samples;
        for (int hour = 0; hour < 30; ++hour) {
            if (random.below(12) != 0)
                samples.push_back({at_hour(hour), CarbonIntensity(random.uniform(10, 500)), false});
        }
        const IntensitySeries series({}, samples);
        const std::chrono::minutes length(30 + static_cast<std::int64_t>(random.below(300)));
        for (const GapPolicy gap : {GapPolicy::kError, GapPolicy::kHold}) {
            const SeriesPolicy policy{gap, OutOfRangePolicy::kError};
            double best = 1e9;
            for (UtcSeconds start = series.begin(); start + length <= series.end(); start += std::chrono::minutes(1)) {
                const IntensityAnswer answer = series.mean(start, start + length, policy);
                if (const auto* mean = std::get_if<CarbonIntensity>(&answer)) best = std::min(best, mean->value());
            }
            const auto found = cleanest_window(series, length, policy);
            CHECK(found.has_value() == (best < 1e9));
            if (found) CHECK(found->mean.value() == doctest::Approx(best).epsilon(1e-12));
        }
    }
}

TEST_CASE("a window longer than the series is not found") {
    const IntensitySeries series({},
                                 {{at_hour(0), CarbonIntensity(1), false}, {at_hour(1), CarbonIntensity(2), false}});
    CHECK_FALSE(cleanest_window(series, std::chrono::hours(3), {}).has_value());
}

}  // namespace carbonedge
