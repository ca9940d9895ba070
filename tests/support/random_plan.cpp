#include "tests/support/random_plan.h"

#include "tests/support/random_cluster.h"
#include "tests/support/random_profile.h"

#include <string>

namespace carbonedge {
namespace {

bool coin(SeededRandom& random) { return random.below(2) == 1; }
std::int64_t count(SeededRandom& random) { return static_cast<std::int64_t>(random.below(1'000'000'000'000)); }

CarbonParts random_parts(SeededRandom& random) {
    const auto number = [&random] { return awkward_number(random, 1e9); };
    CarbonParts parts;
    parts.compute_joules = Joules(number());
    parts.transport_cpu_joules = Joules(number());
    parts.link_joules = Joules(number());
    parts.idle_joules = Joules(number());
    parts.compute_grams = GramsCo2e(number());
    parts.transport_cpu_grams = GramsCo2e(number());
    parts.link_grams = GramsCo2e(number());
    parts.idle_grams = GramsCo2e(number());
    parts.embodied_grams = GramsCo2e(number());
    return parts;
}

Prediction random_prediction(SeededRandom& random) {
    Prediction prediction;
    prediction.latency_mean = Nanoseconds(count(random));
    prediction.latency_p50 = Nanoseconds(count(random));
    prediction.latency_p95 = Nanoseconds(count(random));
    prediction.throughput_per_second = awkward_number(random, 1e6);
    prediction.pipeline_throughput_per_second = awkward_number(random, 1e6);
    prediction.parts = random_parts(random);
    prediction.uncertainty = Joules(awkward_number(random, 1e6));
    prediction.provenance = coin(random) ? Provenance::kMeasured : Provenance::kEstimated;
    return prediction;
}

std::vector<LayerRange> random_ranges(SeededRandom& random, std::size_t layers) {
    std::vector<LayerRange> ranges;
    for (std::size_t first = 0; first < layers;) {
        const std::size_t end = first + 1 + random.below(layers - first);
        ranges.push_back({first, end});
        first = end;
    }
    return ranges;
}

Pipeline random_pipeline(SeededRandom& random, const Cluster& cluster, std::size_t layers) {
    Pipeline pipeline;
    std::string end(kGateway);
    for (const LayerRange& range : random_ranges(random, layers)) {
        PlannedStage stage;
        stage.layers = range;
        stage.node = cluster.nodes[random.below(cluster.nodes.size())].name;
        stage.busy = Nanoseconds(count(random));
        stage.cpu = Nanoseconds(count(random));
        stage.memory = Bytes(count(random));
        stage.input_bytes = Bytes(count(random));
        stage.parts = random_parts(random);
        pipeline.transfers.push_back(
            {end, stage.node, Bytes(count(random)), Nanoseconds(count(random)), random_parts(random)});
        end = stage.node;
        pipeline.stages.push_back(stage);
    }
    pipeline.transfers.push_back(
        {end, std::string(kGateway), Bytes(count(random)), Nanoseconds(count(random)), random_parts(random)});
    pipeline.share = random.uniform();
    pipeline.predicted = random_prediction(random);
    return pipeline;
}

Limits random_limits(SeededRandom& random) {
    Limits limits;
    if (coin(random)) limits.latency_mean = Nanoseconds(1 + count(random));
    if (coin(random)) limits.latency_p95 = Nanoseconds(1 + count(random));
    if (coin(random)) limits.throughput_per_second = 1 + awkward_number(random, 1e6);
    if (coin(random)) limits.max_nodes = 1 + random.below(10);
    for (std::uint64_t i = random.below(3); i > 0; --i) limits.pinned.emplace_back(awkward_text(random), "node-0");
    for (std::uint64_t i = random.below(3); i > 0; --i) limits.forbidden.emplace_back("*", awkward_text(random));
    return limits;
}

}  // namespace

Partition random_partition(SeededRandom& random, std::size_t layers) {
    Partition partition;
    partition.profile = random_profile(random, layers);
    partition.method = awkward_text(random);
    partition.by = awkward_text(random);
    partition.stages = random_ranges(random, layers);
    for (std::size_t i = 0; i < partition.stages.size(); ++i) partition.target_shares.push_back(random.uniform());
    return partition;
}

Plan random_plan(SeededRandom& random, std::size_t layers, std::size_t nodes) {
    Plan plan;
    plan.name = awkward_text(random);
    plan.cluster = random_cluster(random, nodes);
    for (std::uint64_t i = 1 + random.below(2); i > 0; --i) plan.profiles.push_back(random_profile(random, layers));
    for (std::size_t i = 0; i < nodes; ++i) {
        plan.node_profile.push_back(static_cast<int>(random.below(plan.profiles.size())));
    }
    plan.objective = static_cast<Objective>(random.below(6));
    plan.carbon_weight = random.uniform();
    plan.carbon_reference_grams = awkward_number(random, 1e6);
    plan.latency_reference_seconds = awkward_number(random, 1e6);
    plan.limits = random_limits(random);
    for (std::uint64_t i = 1 + random.below(2); i > 0; --i) {
        plan.pipelines.push_back(random_pipeline(random, plan.cluster, layers));
    }
    plan.routing = {awkward_text(random), awkward_text(random), awkward_text(random)};
    plan.predicted = random_prediction(random);
    plan.certificate = {awkward_text(random), coin(random), awkward_number(random, 1e6), {}, {}, {}, {}};
    if (coin(random)) plan.certificate.lower_bound = -awkward_number(random, 1e6);
    if (coin(random)) plan.certificate.gap = random.uniform();
    for (std::uint64_t i = random.below(3); i > 0; --i) {
        plan.certificate.counters[awkward_text(random)] = awkward_number(random, 1e12);
        plan.binding.push_back(awkward_text(random));
        plan.notes.push_back(awkward_text(random));
    }
    if (coin(random)) {
        BoundProof proof;
        proof.bound = -awkward_number(random, 1e6);
        proof.time_price = awkward_number(random, 1e6);
        proof.stage_price = awkward_number(random, 1e6);
        for (const Node& node : plan.cluster.nodes) {
            if (coin(random)) {
                proof.nodes.push_back({node.name, awkward_number(random, 1e6), awkward_number(random, 1e6)});
            }
            if (coin(random)) proof.relaxed_path.push_back({{0, layers}, node.name});
        }
        plan.certificate.proof = proof;
    }
    return plan;
}

}  // namespace carbonedge
