#include "lib/base/random.h"
#include "lib/scheduler/node_score.h"

#include <benchmark/benchmark.h>

namespace carbonedge {
namespace {

void select_node(benchmark::State& state) {
    const auto count = static_cast<std::size_t>(state.range(0));
    const auto variant = static_cast<ScoreVariant>(state.range(1));
    SeededRandom random(1);
    NodeTable table(count);
    for (std::size_t n = 0; n < count; ++n) {
        table.set(NodeIndex(n), {random.uniform(0.2, 2), random.uniform(5e8, 2e9), random.uniform(0, 0.9),
                                 random.uniform(0.01, 1), static_cast<double>(random.below(4)), random.uniform(20, 700),
                                 random.uniform(5, 150), random.uniform(0.01, 1), 0});
    }
    NodeSelector selector(count);
    const ScoreWeights weights = weights_of(ScoreMode::kGreen);
    const TaskNeed need{1, 3e8, 1};
    for (auto _ : state) benchmark::DoNotOptimize(selector.select(table, need, weights, variant));
}
BENCHMARK(select_node)->ArgNames({"nodes", "variant"})->ArgsProduct({{3, 100, 10'000}, {0, 1, 2}});

}  // namespace
}  // namespace carbonedge
