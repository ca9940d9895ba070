// The published graphs of dnn-partitioning, divided as `carbonedge plan dag` does. Skipped where they are not there.
#include "lib/base/atomic_file.h"
#include "lib/dag/dnn_partitioning_file.h"
#include "lib/planner/graph_planner.h"
#include "tests/support/shared_inputs.h"

#include <benchmark/benchmark.h>
#include <sstream>
#include <string>
#include <vector>

namespace carbonedge {
namespace {

void divide_graph(benchmark::State& state) {
    const std::vector<std::string> models{"bert24", "gnmt", "resnet50", "inceptionv3"};
    const std::string& model = models[static_cast<std::size_t>(state.range(0))];
    state.SetLabel(model);
    const auto file = shared_input("planner/dnn-partitioning/" + model + "_inference.json");
    if (!file) return state.SkipWithError("no planner/dnn-partitioning among the data of others");
    std::istringstream unused;
    const OperationGraph graph = read_dnn_partitioning(read_input(file->string(), unused), model);
    for (auto _ : state) {
        const GraphPlanOrInfeasibility outcome = plan_graph(graph);
        const GraphCertificate& certificate = std::get<GraphPlan>(outcome).certificate;
        state.counters["milliseconds"] = certificate.value.count() * 1000;
        state.counters["gap"] = certificate.gap;
        state.counters["pairs"] = certificate.counters.at("pairs");
    }
}
BENCHMARK(divide_graph)->DenseRange(0, 3)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace carbonedge
