#include "lib/carbon/intensity_series.h"
#include "lib/base/random.h"

#include <doctest/doctest.h>
#include <stdexcept>
#include <vector>

namespace carbonedge {
namespace {

using std::chrono::seconds;

UtcSeconds at_hour(double hour) { return UtcSeconds(seconds(static_cast<std::int64_t>(hour * 3600))); }

IntensitySeries hourly(const std::vector<std::pair<double, double>>& values) {
    std::vector<IntensitySample> samples;
    for (const auto& [hour, intensity] : values) samples.push_back({at_hour(hour), CarbonIntensity(intensity), false});
    return {SeriesOrigin{"X", {}, {}, {}, "test", ""}, samples};
}

double value_of(const IntensityAnswer& answer) { return std::get<CarbonIntensity>(answer).value(); }
bool has_none(const IntensityAnswer& answer) { return std::holds_alternative<NoIntensity>(answer); }

}  // namespace

TEST_CASE("a sample holds until the next and a window that crosses samples is weighted exactly") {
    const IntensitySeries series = hourly({{0, 100}, {1, 200}, {2, 400}});
    const SeriesPolicy strict;
    CHECK(value_of(series.at(at_hour(0.99), strict)) == 100);
    CHECK(value_of(series.at(at_hour(1), strict)) == 200);
    CHECK(value_of(series.mean(at_hour(0.5), at_hour(2.25), strict)) ==
          doctest::Approx((0.5 * 100 + 1.0 * 200 + 0.25 * 400) / 1.75).epsilon(1e-12));
    CHECK(series.end() == at_hour(3));
}

TEST_CASE("outside the series there is no value unless the caller asks to hold") {
    const IntensitySeries series = hourly({{0, 100}, {1, 200}});
    CHECK(has_none(series.at(at_hour(2), {})));
    CHECK(has_none(series.at(at_hour(-0.1), {})));
    CHECK(has_none(series.mean(at_hour(1), at_hour(2.5), {})));
    const SeriesPolicy hold{GapPolicy::kError, OutOfRangePolicy::kHold};
    CHECK(value_of(series.at(at_hour(9), hold)) == 200);
    CHECK(value_of(series.mean(at_hour(-1), at_hour(3), hold)) == doctest::Approx((100 + 100 + 200 + 200) / 4.0));
    CHECK(value_of(series.mean(at_hour(-3), at_hour(-1), hold)) == 100);
}

TEST_CASE("a gap is refused, held or interpolated, as the policy says") {
    const IntensitySeries series = hourly({{0, 100}, {1, 100}, {2, 100}, {5, 400}, {6, 400}});
    REQUIRE(series.gaps().size() == 1);
    CHECK(series.gaps()[0].from == at_hour(3));
    CHECK(series.gaps()[0].to == at_hour(5));
    CHECK(value_of(series.at(at_hour(2.9), {})) == 100);
    const IntensityAnswer none = series.at(at_hour(4), {});
    REQUIRE(has_none(none));
    CHECK(std::get<NoIntensity>(none).reason ==
          "no sample of zone 'X' between 1970-01-01T03:00:00Z and 1970-01-01T05:00:00Z");
    CHECK(has_none(series.mean(at_hour(2), at_hour(6), {})));
    CHECK(value_of(series.mean(at_hour(5), at_hour(7), {})) == 400);
    const SeriesPolicy hold{GapPolicy::kHold, OutOfRangePolicy::kError};
    CHECK(value_of(series.at(at_hour(4), hold)) == 100);
    CHECK(value_of(series.mean(at_hour(3), at_hour(5), hold)) == 100);
    const SeriesPolicy interpolate{GapPolicy::kInterpolate, OutOfRangePolicy::kError};
    CHECK(value_of(series.at(at_hour(4), interpolate)) == doctest::Approx(250));
    CHECK(value_of(series.mean(at_hour(3), at_hour(5), interpolate)) == doctest::Approx(250));
    CHECK(value_of(series.mean(at_hour(3), at_hour(4), interpolate)) == doctest::Approx(175));
}

TEST_CASE("means add up: property on random series against a sum second by second") {
    SeededRandom random(7);
    for (int round = 0; round < 50; ++round) {
        std::vector<IntensitySample> samples;
        std::int64_t time = 0;
        for (int i = 0; i < 20; ++i) {
            samples.push_back({UtcSeconds(seconds(time)), CarbonIntensity(random.uniform(0, 900)), false});
            time += random.below(6) == 0 ? 30 + static_cast<std::int64_t>(random.below(40)) : 10;
        }
        const IntensitySeries series({}, samples);
        const auto length = static_cast<std::uint64_t>((series.end() - series.begin()).count());
        for (const GapPolicy gap : {GapPolicy::kHold, GapPolicy::kInterpolate}) {
            const SeriesPolicy policy{gap, OutOfRangePolicy::kError};
            const auto from = static_cast<std::int64_t>(random.below(length - 1));
            const auto to =
                from + 1 + static_cast<std::int64_t>(random.below(length - static_cast<std::uint64_t>(from)));
            double sum = 0;
            for (std::int64_t t = from; t < to; ++t) {
                // A linear stretch has its mean at the middle of the second, which is the mean of its two ends.
                const double here = value_of(series.at(UtcSeconds(seconds(t)), policy));
                sum += value_of(series.mean(UtcSeconds(seconds(t)), UtcSeconds(seconds(t + 1)), policy));
                CHECK(std::abs(value_of(series.mean(UtcSeconds(seconds(t)), UtcSeconds(seconds(t + 1)), policy)) -
                               here) <= 900);
            }
            CHECK(value_of(series.mean(UtcSeconds(seconds(from)), UtcSeconds(seconds(to)), policy)) ==
                  doctest::Approx(sum / static_cast<double>(to - from)).epsilon(1e-9));
        }
    }
}

TEST_CASE("samples are sorted, a correction replaces, and nonsense is refused") {
    const IntensitySeries series = hourly({{1, 200}, {0, 100}, {1, 250}});
    REQUIRE(series.samples().size() == 2);
    CHECK(series.samples()[1].intensity.value() == 250);
    CHECK_THROWS_AS(hourly({}), std::invalid_argument);
    CHECK_THROWS_AS(hourly({{0, -1}}), std::invalid_argument);
    CHECK_THROWS_AS(hourly({{0, std::numeric_limits<double>::quiet_NaN()}}), std::invalid_argument);
    CHECK_THROWS_AS(static_cast<void>(series.mean(at_hour(1), at_hour(1), {})), std::invalid_argument);
}

TEST_CASE("resampling keeps the mean, and a constant is valid at every time") {
    const IntensitySeries series = hourly({{0, 100}, {1, 200}, {2, 300}, {3, 600}});
    const IntensitySeries coarse = series.resampled(seconds(7200), {});
    REQUIRE(coarse.samples().size() == 2);
    CHECK(coarse.samples()[0].intensity.value() == doctest::Approx(150));
    CHECK(coarse.samples()[1].intensity.value() == doctest::Approx(450));
    const IntensitySeries constant = constant_series({}, CarbonIntensity(530));
    CHECK(value_of(constant.at(at_hour(0), {})) == 530);
    CHECK(value_of(constant.mean(at_hour(400'000), at_hour(400'001), {})) == doctest::Approx(530));
}

TEST_CASE("times are read with and without offset and written in UTC") {
    const std::vector<std::pair<std::string, std::string>> cases{{"2023-01-01 00:00:00", "2023-01-01T00:00:00Z"},
                                                                 {"2022-08-02T20:00:00.000Z", "2022-08-02T20:00:00Z"},
                                                                 {"2022-08-02T20:00:00+02:00", "2022-08-02T18:00:00Z"},
                                                                 {"2022-12-31T23:30:00-0130", "2023-01-01T01:00:00Z"},
                                                                 {"2024-02-29", "2024-02-29T00:00:00Z"},
                                                                 {"2024-02-29T12:30", "2024-02-29T12:30:00Z"}};
    for (const auto& [text, expected] : cases) {
        CAPTURE(text);
        REQUIRE(parse_utc(text).has_value());
        CHECK(utc_text(*parse_utc(text)) == expected);
    }
    for (const std::string text :
         {"", "2023", "2023-13-01", "2023-02-29", "2023-01-01T25:00", "2023-01-01x", "2023-01-01 00:00:00 CET"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_utc(text).has_value());
    }
}

}  // namespace carbonedge
