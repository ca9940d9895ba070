// What a report costs beyond reading its files: splitting a difference, a comparison of twelve policies, rendering it.
#include "lib/carbon/causes.h"
#include "lib/report/comparison.h"
#include "lib/report/renderers.h"
#include "lib/report/spread.h"

#include <benchmark/benchmark.h>
#include <vector>

namespace carbonedge {
namespace {

Plan plan_of(const std::string& name, double intensity, std::size_t rows) {
    Plan plan;
    plan.name = name;
    Node node;
    node.name = "node";
    node.intensity = CarbonIntensity(intensity);
    plan.cluster.nodes = {node};
    Profile profile;
    profile.model_name = "net.pt";
    profile.layers.resize(rows);
    plan.profiles = {profile};
    plan.node_profile = {0};
    PlannedStage stage;
    stage.layers = {0, rows};
    stage.node = "node";
    stage.busy = stage.cpu = std::chrono::milliseconds(10);
    stage.parts.compute_joules = Joules(.1);
    stage.parts.compute_grams = Joules(.1) * node.intensity;
    Pipeline pipeline;
    pipeline.stages = {stage};
    pipeline.predicted.parts = stage.parts;
    plan.pipelines = {pipeline};
    plan.predicted = pipeline.predicted;
    plan.predicted.latency_mean = plan.predicted.latency_p50 = plan.predicted.latency_p95 = stage.busy;
    return plan;
}

RunLog run_of(std::size_t requests) {
    RunLog run;
    NodeRecord node;
    node.node = "node";
    for (std::size_t i = 0; i < requests; ++i) {
        RequestRecord request;
        request.latency = std::chrono::microseconds(10'000 + i * 7919 % 1000);
        request.arrival = std::chrono::milliseconds(11 * i);
        StageRecord stage;
        stage.node = "node";
        stage.cpu = stage.compute = request.latency;
        request.stages = {stage};
        node.compute_cpu += stage.cpu;
        run.requests.push_back(request);
    }
    node.total_cpu = node.compute_cpu;
    node.compute_energy.joules = Watts(10) * to_seconds(node.compute_cpu);
    run.nodes = {node};
    run.end = RunEnd{};
    run.end->complete = true;
    return run;
}

void split_a_difference(benchmark::State& state) {
    const CarbonFactors before{CarbonIntensity(530), Seconds(.25), Watts(141), Joules(1), GramsCo2e(1e-4)};
    const CarbonFactors after{CarbonIntensity(380), Seconds(.27), Watts(139), Joules(2), GramsCo2e(2e-4)};
    for (auto _ : state) benchmark::DoNotOptimize(split_difference(before, after));
}
BENCHMARK(split_a_difference);

void bootstrap_of_a_mean(benchmark::State& state) {
    std::vector<double> values(static_cast<std::size_t>(state.range(0)));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i * 7919 % 1009);
    for (auto _ : state) benchmark::DoNotOptimize(mean_interval(values, 1));
}
BENCHMARK(bootstrap_of_a_mean)->Arg(100)->Arg(10'000);

std::vector<Subject> twelve_policies() {
    std::vector<Subject> subjects;
    for (int i = 0; i < 12; ++i) {
        const std::string name = "policy-" + std::to_string(i);
        subjects.push_back({name, plan_of(name, 300 + 20 * i, 150), run_of(100)});
    }
    return subjects;
}

void compare_twelve_policies(benchmark::State& state) {
    const std::vector<Subject> subjects = twelve_policies();
    for (auto _ : state) benchmark::DoNotOptimize(compare(subjects, {}));
}
BENCHMARK(compare_twelve_policies)->Unit(benchmark::kMillisecond);

void render_as_text(benchmark::State& state) {
    const Document document = compare(twelve_policies(), {});
    for (auto _ : state) benchmark::DoNotOptimize(render_text(document, 120));
}
BENCHMARK(render_as_text)->Unit(benchmark::kMicrosecond);

void render_as_json(benchmark::State& state) {
    const Document document = compare(twelve_policies(), {});
    for (auto _ : state) benchmark::DoNotOptimize(render_json(document));
}
BENCHMARK(render_as_json)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace carbonedge
