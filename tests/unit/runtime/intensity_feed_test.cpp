#include "lib/runtime/intensity_feed.h"

#include "lib/base/errors.h"
#include "lib/transport/clocks.h"

#include <doctest/doctest.h>
#include <future>

namespace carbonedge {
namespace {

UtcSeconds hour(int number) { return UtcSeconds(std::chrono::hours(number)); }

IntensitySeries hourly(const std::vector<double>& values) {
    std::vector<IntensitySample> samples;
    for (const double value : values) {
        samples.push_back({hour(static_cast<int>(samples.size())), CarbonIntensity(value), false});
    }
    return {SeriesOrigin{}, samples};
}

TEST_CASE("every new value is told when its time has come, at the speed asked for") {
    // Four hours at 100 ms an hour.
    IntensityFeed feed(std::make_unique<ReplayedIntensities>(ZoneSeries{{"DE", hourly({400, 400, 300, 200})}},
                                                             SeriesPolicy{GapPolicy::kError, OutOfRangePolicy::kHold}),
                       {hour(0), 36'000});
    CHECK(feed.first() == std::vector<ZoneIntensity>{{"DE", CarbonIntensity(400)}});
    struct Told {
        UtcSeconds time;
        double value;
        Nanoseconds at;
    };
    std::vector<Told> told;
    std::promise<void> last;
    const Nanoseconds start = now_monotonic();
    feed.start(
        [&](UtcSeconds time, const std::vector<ZoneIntensity>& changed) {
            told.push_back({time, changed.at(0).intensity.value(), now_monotonic() - start});
            if (told.size() == 2) last.set_value();
        },
        [](const std::string& problem) { FAIL(problem); });
    last.get_future().wait();
    feed.stop();
    REQUIRE(told.size() == 2);
    CHECK(told[0].time == hour(2));
    CHECK(told[0].value == 300);
    CHECK(told[0].at >= std::chrono::milliseconds(200));
    CHECK(told[1].time == hour(3));
    CHECK(told[1].value == 200);
    CHECK(told[1].at >= std::chrono::milliseconds(300));
}

TEST_CASE("a moment without a value is told, and the last value stays") {
    IntensityFeed feed(std::make_unique<ReplayedIntensities>(ZoneSeries{{"DE", hourly({400, 300})}}, SeriesPolicy{}),
                       {hour(0), 360'000});
    std::promise<std::string> problem;
    int changes = 0;
    feed.start([&](UtcSeconds, const std::vector<ZoneIntensity>&) { ++changes; },
               [&](const std::string& text) { problem.set_value(text); });
    CHECK(problem.get_future().get().starts_with("zone DE: "));
    feed.stop();
    CHECK(changes == 1);
}

TEST_CASE("a feed that cannot start says so at once") {
    CHECK_THROWS_AS(
        IntensityFeed(std::make_unique<ReplayedIntensities>(ZoneSeries{{"DE", hourly({400, 300})}}, SeriesPolicy{}),
                      FeedClock{hour(5), 1}),
        UsageError);
}

}  // namespace
}  // namespace carbonedge
