// How long a year of intensities takes to load, in five minutes' steps (105120 rows) and by the hour, beside floors
// that nothing can beat: one pass over the same bytes that looks for line ends, and one that checks UTF-8. The budget
// is tens of milliseconds for years of five minutes.
#include "lib/base/random.h"
#include "lib/base/utf8.h"
#include "lib/carbon/intensity_file.h"
#include "lib/carbon/intensity_statistics.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <algorithm>
#include <ctime>
#include <string>
#include <vector>

namespace carbonedge {
namespace {

constexpr std::int64_t kYear = 365 * 86'400;
const UtcSeconds kBegin{std::chrono::seconds(1'672'531'200)};  // 2023-01-01

enum Form { kElectricityMaps, kOwn, kWattTime };

/// Made up: a random walk. A few cells of a publisher's file stay empty.
std::string year_text(Form form, std::int64_t step) {
    SeededRandom random(7);
    double intensity = 300;
    std::string text;
    if (form == kElectricityMaps) {
        text =
            "Datetime (UTC),Country,Zone Name,Zone Id,Carbon Intensity gCO₂eq/kWh (direct),Carbon Intensity gCO₂eq/kWh "
            "(LCA),Low Carbon Percentage,Renewable Percentage,Data Source,Data Estimated,Data Estimation Method\n";
    } else if (form == kWattTime) {
        text = "{\"data\":[";
    }
    std::vector<IntensitySample> samples;
    for (std::int64_t second = 0; second < kYear; second += step) {
        intensity = std::clamp(intensity + random.uniform(-5, 5), 20.0, 900.0);
        const UtcSeconds at = kBegin + std::chrono::seconds(second);
        if (form == kOwn) {
            samples.push_back({at, CarbonIntensity(intensity), false});
        } else if (form == kElectricityMaps) {
            std::string time = utc_text(at).substr(0, 19);
            time[10] = ' ';
            text += random.below(500) == 0
                        ? fmt::format("{},Nowhere,Nowhere,ZZ,,,,,made up,false,\n", time)
                        : fmt::format("{},Nowhere,Nowhere,ZZ,{:.2f},{:.2f},77.7,51.54,made up,false,\n", time,
                                      intensity, intensity + 40);
        } else {
            text += fmt::format("{}{{\"point_time\":\"{}\",\"value\":{:.1f}}}", second == 0 ? "" : ",", utc_text(at),
                                intensity * 2);
        }
    }
    if (form == kOwn) {
        return write_intensity(IntensitySeries(
            {"ZZ", IntensitySignal::kAverage, IntensityScope::kDirect, IntensityKind::kActual, "made up", ""},
            std::move(samples)));
    }
    if (form == kWattTime) text += R"(],"meta":{"region":"ZZ","signal_type":"co2_moer","units":"lbs_co2_per_mwh"}})";
    return text;
}

const std::string& text_of(Form form, std::int64_t step) {
    static std::vector<std::pair<std::pair<Form, std::int64_t>, std::string>> made;
    for (const auto& [key, text] : made) {
        if (key == std::pair(form, step)) return text;
    }
    made.reserve(16);
    return made.emplace_back(std::pair(form, step), year_text(form, step)).second;
}

void count_bytes(benchmark::State& state, const std::string& text) {
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(text.size()));
    state.counters["bytes"] = static_cast<double>(text.size());
}

void floor_line_ends(benchmark::State& state) {
    const std::string& text = text_of(kElectricityMaps, 300);
    for (auto _ : state) benchmark::DoNotOptimize(std::count(text.begin(), text.end(), '\n'));
    count_bytes(state, text);
}
BENCHMARK(floor_line_ends)->Unit(benchmark::kMillisecond);

void floor_utf8(benchmark::State& state) {
    const std::string& text = text_of(kElectricityMaps, 300);
    for (auto _ : state) benchmark::DoNotOptimize(first_malformed_utf8(text));
    count_bytes(state, text);
}
BENCHMARK(floor_utf8)->Unit(benchmark::kMillisecond);

double cpu_seconds() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// CPU seconds of one pass over a text that counts its line ends and bytes by a copy: the least of many.
double one_pass(const std::string& text) {
    std::string copy(text.size(), ' ');
    double least = 1;
    for (int pass = 0; pass < 50; ++pass) {
        const double before = cpu_seconds();
        std::copy(text.begin(), text.end(), copy.begin());
        benchmark::DoNotOptimize(std::count(copy.begin(), copy.end(), '\n'));
        benchmark::DoNotOptimize(copy.data());
        least = std::min(least, cpu_seconds() - before);
    }
    return least;
}

/// `passes`: how many times as long as copying the text and counting its lines.
void load_year(benchmark::State& state) {
    const std::string& text = text_of(static_cast<Form>(state.range(0)), state.range(1));
    IntensityChoice choice;
    if (state.range(0) == kElectricityMaps) choice.scope = IntensityScope::kDirect;
    double least = 1;
    for (auto _ : state) {
        const double before = cpu_seconds();
        benchmark::DoNotOptimize(read_intensity(text, "year", choice));
        least = std::min(least, cpu_seconds() - before);
    }
    count_bytes(state, text);
    state.counters["passes"] = least / one_pass(text);
    state.counters["least_ms"] = 1e3 * least;
}
BENCHMARK(load_year)
    ->ArgNames({"form", "step"})
    ->Args({kElectricityMaps, 3600})
    ->Args({kElectricityMaps, 300})
    ->Args({kOwn, 300})
    ->Args({kWattTime, 300})
    ->Unit(benchmark::kMillisecond);

const IntensitySeries& year_series() {
    static const IntensitySeries series = read_intensity(text_of(kOwn, 300), "year", {});
    return series;
}

void mean_over_a_window(benchmark::State& state) {
    const IntensitySeries& series = year_series();
    std::int64_t second = 0;
    for (auto _ : state) {
        second = (second + 7919) % (kYear - 86'400);
        benchmark::DoNotOptimize(series.mean(kBegin + std::chrono::seconds(second),
                                             kBegin + std::chrono::seconds(second + 7200), SeriesPolicy{}));
    }
}
BENCHMARK(mean_over_a_window);

void describe_year(benchmark::State& state) {
    for (auto _ : state) {
        benchmark::DoNotOptimize(intensity_statistics(year_series()));
        benchmark::DoNotOptimize(cleanest_window(year_series(), std::chrono::hours(4), SeriesPolicy{}));
    }
}
BENCHMARK(describe_year)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace carbonedge
