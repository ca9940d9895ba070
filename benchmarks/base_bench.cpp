#include "lib/base/atomic_file.h"
#include "lib/base/quantile.h"
#include "lib/base/random.h"
#include "lib/base/spelling.h"

#include <unistd.h>

#include <benchmark/benchmark.h>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

namespace carbonedge {
namespace {

void draw_uniform(benchmark::State& state) {
    SeededRandom random(1);
    for (auto _ : state) benchmark::DoNotOptimize(random.uniform());
}
BENCHMARK(draw_uniform);

void draw_normal(benchmark::State& state) {
    SeededRandom random(1);
    for (auto _ : state) benchmark::DoNotOptimize(random.normal());
}
BENCHMARK(draw_normal);

void quantile_of_sorted_values(benchmark::State& state) {
    std::vector<double> values(1'000);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
    for (auto _ : state) benchmark::DoNotOptimize(quantile(values, 0.95));
}
BENCHMARK(quantile_of_sorted_values);

void nearest_of_names(benchmark::State& state) {
    std::vector<std::string> names;
    for (int i = 0; i < state.range(0); ++i) names.push_back("node-" + std::to_string(i));
    for (auto _ : state) benchmark::DoNotOptimize(nearest_name("nod-17", names));
}
BENCHMARK(nearest_of_names)->Arg(10)->Arg(1'000);

void write_file_atomically(benchmark::State& state) {
    const std::string path =
        (std::filesystem::temp_directory_path() / ("carbonedge-bench-" + std::to_string(::getpid()))).string();
    const std::string content(static_cast<std::size_t>(state.range(0)), 'x');
    for (auto _ : state) write_output(path, true, content, std::cout);
    state.SetBytesProcessed(state.iterations() * state.range(0));
    std::filesystem::remove(path);
}
BENCHMARK(write_file_atomically)->Arg(1'000)->Arg(1'000'000);

}  // namespace
}  // namespace carbonedge
