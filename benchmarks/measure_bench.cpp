#include "lib/measure/clocks.h"
#include "lib/measure/energy_meter.h"
#include "lib/measure/machine.h"
#include "lib/measure/statistics.h"
#include "lib/measure/stopping.h"

#include "lib/base/random.h"

#include <benchmark/benchmark.h>
#include <chrono>
#include <vector>

namespace carbonedge {
namespace {

std::vector<double> samples(std::int64_t count) {
    SeededRandom random(1);
    std::vector<double> values;
    for (std::int64_t i = 0; i < count; ++i) values.push_back(1e7 * (1 + 0.01 * random.uniform()));
    return values;
}

void raw_clock(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(raw_time());
}
BENCHMARK(raw_clock);

void thread_cpu_clock(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(thread_cpu_time());
}
BENCHMARK(thread_cpu_clock);

void process_cpu_clock(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(process_cpu_time());
}
BENCHMARK(process_cpu_clock);

void energy_window(benchmark::State& state) {
    const auto meter = make_model_meter({Watts(0.74), Watts(3.5), 0.6, "bench"});
    for (auto _ : state) {
        meter->start();
        benchmark::DoNotOptimize(meter->stop());
    }
}
BENCHMARK(energy_window);

void summary_of(benchmark::State& state) {
    const std::vector<double> values = samples(state.range(0));
    for (auto _ : state) benchmark::DoNotOptimize(summarise(values));
}
BENCHMARK(summary_of)->Arg(100)->Arg(10'000);

/// Per sample, the looks included.
void stopping_rule(benchmark::State& state) {
    const std::vector<double> values = samples(10'000);
    for (auto _ : state) {
        const auto rule = standard_criterion(1e-9, std::chrono::hours(1), std::chrono::hours(2));
        rule->initialize();
        for (const double value : values) {
            rule->add(Nanoseconds(static_cast<std::int64_t>(value)), Nanoseconds(1));
            benchmark::DoNotOptimize(rule->is_finished());
        }
    }
    state.SetItemsProcessed(state.iterations() * 10'000);
}
BENCHMARK(stopping_rule);

void load_reading(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(read_load());
}
BENCHMARK(load_reading);

}  // namespace
}  // namespace carbonedge
