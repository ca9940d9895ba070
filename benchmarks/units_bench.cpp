#include "lib/units/quantity.h"
#include "lib/units/text.h"

#include <benchmark/benchmark.h>
#include <cstddef>
#include <vector>

namespace carbonedge {
namespace {

constexpr std::size_t kRows = 1'000;

// The two below must take the same time: a unit that the compiler checks costs nothing.
void grams_with_units(benchmark::State& state) {
    const std::vector<Watts> power(kRows, Watts(141));
    const std::vector<Seconds> time(kRows, Seconds(0.25));
    for (auto _ : state) {
        GramsCo2e sum;
        for (std::size_t i = 0; i < kRows; ++i) sum += power[i] * time[i] * CarbonIntensity(530);
        benchmark::DoNotOptimize(sum);
    }
}
BENCHMARK(grams_with_units);

void grams_with_bare_doubles(benchmark::State& state) {
    const std::vector<double> power(kRows, 141);
    const std::vector<double> time(kRows, 0.25);
    for (auto _ : state) {
        double sum = 0;
        for (std::size_t i = 0; i < kRows; ++i) sum += power[i] * time[i] / kJoulesPerKilowattHour * 530.0;
        benchmark::DoNotOptimize(sum);
    }
}
BENCHMARK(grams_with_bare_doubles);

void read_duration(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(parse_duration("12.5ms", "--slo"));
}
BENCHMARK(read_duration);

void write_number(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(number_text(0.0052920351));
}
BENCHMARK(write_number);

void show_duration(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(duration_text(Seconds(0.01237)));
}
BENCHMARK(show_duration);

}  // namespace
}  // namespace carbonedge
