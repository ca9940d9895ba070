#include "tests/unit/report/sample_subjects.h"

namespace carbonedge {
namespace {

using std::chrono::milliseconds;

constexpr double kWattsAboveIdle = 10;

EnergyReading reading(Nanoseconds cpu) {
    const Joules joules = Watts(kWattsAboveIdle) * to_seconds(cpu);
    return {joules, joules * 0.5, Provenance::kEstimated, "model:cpu-seconds", "core-dynamic"};
}

CarbonIntensity intensity_of(const Cluster& cluster, const std::string& node) {
    return cluster.nodes.at(find_node(cluster, node)->value()).intensity;
}

PlannedStage planned_stage(const Cluster& cluster, const std::string& node, LayerRange layers, Nanoseconds transport) {
    PlannedStage stage;
    stage.layers = layers;
    stage.node = node;
    stage.busy = milliseconds(100) * static_cast<std::int64_t>(layers.size());
    stage.cpu = stage.busy + transport;
    stage.memory = Bytes(200'000'000);
    stage.input_bytes = Bytes(600'000);
    stage.parts.compute_joules = reading(stage.busy).joules;
    stage.parts.transport_cpu_joules = reading(transport).joules;
    stage.parts.compute_grams = stage.parts.compute_joules * intensity_of(cluster, node);
    stage.parts.transport_cpu_grams = stage.parts.transport_cpu_joules * intensity_of(cluster, node);
    return stage;
}

Plan make_plan(const std::string& name, Pipeline pipeline) {
    Plan plan;
    plan.name = name;
    plan.cluster = sample_cluster();
    plan.profiles = {sample_profile()};
    plan.node_profile = {0, 0, 0};
    Prediction predicted;
    for (const PlannedStage& stage : pipeline.stages) predicted.parts += stage.parts;
    for (const PlannedTransfer& transfer : pipeline.transfers) {
        predicted.parts += transfer.parts;
        predicted.latency_mean += transfer.time;
    }
    for (const PlannedStage& stage : pipeline.stages) predicted.latency_mean += stage.busy;
    predicted.latency_p50 = predicted.latency_mean;
    predicted.latency_p95 = predicted.latency_mean * 2;
    predicted.throughput_per_second = 1 / to_seconds(predicted.latency_mean).count();
    predicted.pipeline_throughput_per_second = predicted.throughput_per_second;
    predicted.uncertainty = predicted.parts.joules() * 0.5;
    pipeline.predicted = predicted;
    plan.predicted = predicted;
    plan.pipelines = {std::move(pipeline)};
    plan.certificate.method = "policy";
    plan.certificate.value = predicted.parts.grams().value();
    return plan;
}

Node node(const std::string& name, double cpus, std::int64_t memory_mib, double intensity) {
    Node made;
    made.name = name;
    made.cpus = cpus;
    made.memory = Bytes(memory_mib * 1024 * 1024);
    made.zone = "zone-" + name;
    made.intensity = CarbonIntensity(intensity);
    made.idle_power_per_core = Watts(2);
    made.busy_power_per_core = Watts(2 + kWattsAboveIdle);
    return made;
}

}  // namespace

Cluster sample_cluster() {
    Cluster cluster;
    cluster.name = "sample";
    cluster.nodes = {node("high", 1.0, 1024, 620), node("medium", 0.6, 512, 530), node("green", 0.4, 512, 380)};
    return cluster;
}

Profile sample_profile() {
    Profile profile;
    profile.tool_version = "0.1.0";
    profile.model_name = "net.pt";
    profile.model_sha256 = std::string(64, 'a');
    profile.inputs = {"1x3x224x224"};
    profile.input_values = {{0, Bytes(600'000)}};
    profile.output_values = {3};
    profile.meter = "model:cpu-seconds";
    profile.whole_median = milliseconds(300);
    profile.whole_mean = milliseconds(300);
    profile.whole_cpu_mean = milliseconds(300);
    for (std::int64_t i = 0; i < 3; ++i) {
        LayerProfile layer;
        layer.name = "features." + std::to_string(i);
        layer.type = "Conv2d";
        layer.inputs = {i};
        layer.outputs = {{i + 1, Bytes(600'000)}};
        layer.parameters = 1000 * (i + 1);
        layer.macs = 1'000'000;
        layer.weight_bytes = Bytes(4000 * (i + 1));
        layer.activation_bytes = Bytes(600'000);
        layer.peak_bytes = Bytes(1'200'000);
        layer.latency_median = milliseconds(100);
        layer.latency_q1 = milliseconds(99);
        layer.latency_q3 = milliseconds(102);
        layer.latency_min = milliseconds(98);
        layer.latency_mean = milliseconds(101);
        layer.samples = 40;
        layer.cpu_mean = milliseconds(100);
        layer.energy = reading(milliseconds(100));
        profile.layers.push_back(layer);
    }
    profile.checks = {{"sum-of-layers", 0.99, 0.05, true, ""}, {"cpu-share", 1.2, 1.05, false, "noisy"}};
    profile.warnings = {"the machine was busy"};
    return profile;
}

Plan single_node_plan(const std::string& name, const std::string& node_name) {
    const Cluster cluster = sample_cluster();
    Pipeline pipeline;
    pipeline.stages = {planned_stage(cluster, node_name, {0, 3}, Nanoseconds(0))};
    pipeline.transfers = {{"gateway", node_name, Bytes(600'000), milliseconds(1), {}},
                          {node_name, "gateway", Bytes(4'000), milliseconds(1), {}}};
    return make_plan(name, pipeline);
}

Plan two_stage_plan(const std::string& name) {
    const Cluster cluster = sample_cluster();
    Pipeline pipeline;
    pipeline.stages = {planned_stage(cluster, "high", {0, 1}, milliseconds(20)),
                       planned_stage(cluster, "green", {1, 3}, milliseconds(20))};
    PlannedTransfer middle{"high", "green", Bytes(600'000), milliseconds(5), {}};
    middle.parts.link_joules = Joules(1);
    middle.parts.link_grams = Joules(1) * CarbonIntensity(500);
    pipeline.transfers = {{"gateway", "high", Bytes(600'000), milliseconds(1), {}},
                          middle,
                          {"green", "gateway", Bytes(4'000), milliseconds(1), {}}};
    return make_plan(name, pipeline);
}

RunLog sample_run(const Plan& plan, std::size_t requests) {
    RunLog run;
    run.header.tool_version = "0.1.0";
    run.header.date_utc = "2026-01-02T03:04:05Z";
    run.header.machine = "test";
    run.header.engine = "process";
    run.header.plan_name = plan.name;
    run.header.model_sha256 = plan.profiles[0].model_sha256;
    run.header.requests = static_cast<std::int64_t>(requests);
    run.header.meter = "model:cpu-seconds";
    for (const Node& each : plan.cluster.nodes) {
        run.header.limits.push_back({each.name, each.cpus, each.quota_period, each.memory, true, "cgroup-v2"});
    }
    const Pipeline& pipeline = plan.pipelines[0];
    Nanoseconds cpu{0};
    Nanoseconds clock{0};
    for (std::size_t i = 0; i < requests; ++i) {
        RequestRecord request;
        request.id = static_cast<std::int64_t>(i);
        request.arrival = clock;
        for (std::size_t s = 0; s < pipeline.stages.size(); ++s) {
            StageRecord stage;
            stage.node = pipeline.stages[s].node;
            stage.compute = s == 0 ? milliseconds(300 + i) : milliseconds(0);
            stage.cpu = stage.compute;
            stage.transfer = s == 0 ? milliseconds(6) : milliseconds(0);
            stage.queue = s == 0 ? milliseconds(1) : milliseconds(0);
            request.stages.push_back(stage);
        }
        request.return_transfer = milliseconds(3);
        request.latency = milliseconds(310 + i);
        cpu += milliseconds(300 + i);
        clock += request.latency;
        run.requests.push_back(request);
    }
    const std::string& first = pipeline.stages[0].node;
    const Nanoseconds transport = milliseconds(10) * static_cast<std::int64_t>(requests);
    NodeRecord record;
    record.node = first;
    record.compute_cpu = cpu;
    record.total_cpu = cpu + transport;
    record.throttled = milliseconds(40);
    record.peak_memory = Bytes(190'000'000);
    record.compute_energy = reading(cpu);
    record.transport_energy = reading(transport);
    record.compute_grams = record.compute_energy.joules * intensity_of(plan.cluster, first);
    record.transport_grams = record.transport_energy.joules * intensity_of(plan.cluster, first);
    run.nodes = {record};
    RunEnd end;
    end.complete = true;
    end.wall = clock;
    end.succeeded = static_cast<std::int64_t>(requests);
    end.outputs_checked = true;
    end.worst_output_error = 1e-6;
    run.end = end;
    return run;
}

Subject run_of(const Plan& plan, std::size_t requests) { return {plan.name, plan, sample_run(plan, requests)}; }
Subject only_planned(const Plan& plan) { return {plan.name, plan, {}}; }

}  // namespace carbonedge
