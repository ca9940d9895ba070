#include "lib/verify/evaluation.h"

#include "lib/base/errors.h"
#include "lib/verify/recompute.h"
#include "lib/verify/simulated_latency.h"
#include "lib/verify/structure.h"
#include "lib/verify/verify.h"

#include <algorithm>
#include <set>

namespace carbonedge {
namespace {

constexpr double kRelative = 1e-9;

std::vector<NamedStage> named_stages(const Pipeline& pipeline) {
    std::vector<NamedStage> stages;
    for (const PlannedStage& stage : pipeline.stages) stages.push_back({stage.layers, stage.node});
    return stages;
}

void add_share(CarbonParts& sum, const CarbonParts& parts, double share) {
    sum.compute_joules += parts.compute_joules * share;
    sum.transport_cpu_joules += parts.transport_cpu_joules * share;
    sum.link_joules += parts.link_joules * share;
    sum.idle_joules += parts.idle_joules * share;
    sum.compute_grams += parts.compute_grams * share;
    sum.transport_cpu_grams += parts.transport_cpu_grams * share;
    sum.link_grams += parts.link_grams * share;
    sum.idle_grams += parts.idle_grams * share;
    sum.embodied_grams += parts.embodied_grams * share;
}

void add_once(std::vector<std::string>& texts, const std::string& text) {
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
}

void add_routed_limits(const Plan& plan, Evaluation& evaluation) {
    const Limits& limits = plan.limits;
    const auto over = [](Seconds value, Nanoseconds limit) { return value > to_seconds(limit) * (1 + kRelative); };
    if (limits.latency_mean && over(evaluation.latency_mean, *limits.latency_mean)) {
        evaluation.broken_limits.emplace_back("mean latency");
    }
    if (limits.throughput_per_second && evaluation.bottleneck.count() * *limits.throughput_per_second > 1 + kRelative) {
        evaluation.broken_limits.emplace_back("throughput");
    }
    if (limits.latency_p95 && over(evaluation.latency_p95, *limits.latency_p95)) {
        evaluation.broken_limits.emplace_back("p95 latency");
    }
}

}  // namespace

Evaluation evaluate_plan(const Plan& plan) {
    const std::vector<std::string> breaches = structure_breaches(plan);
    if (!breaches.empty()) throw InputError(plan.name, 0, breaches.front());
    const Recomputer recomputer(plan);
    Evaluation evaluation;
    std::set<std::string> nodes;
    RecomputedPipeline whole;
    for (const Pipeline& pipeline : plan.pipelines) {
        const std::vector<NamedStage> stages = named_stages(pipeline);
        const RecomputedPipeline recomputed = recomputer.pipeline(stages);
        for (const NamedStage& stage : stages) {
            if (pipeline.share > 0) nodes.insert(stage.node);
        }
        for (const std::string& limit : broken_limits(plan, stages, recomputed)) {
            add_once(evaluation.broken_limits, limit);
        }
        add_share(evaluation.parts, recomputed.parts, pipeline.share);
        evaluation.bottleneck = std::max(evaluation.bottleneck, recomputed.slowest * pipeline.share);
        if (plan.pipelines.size() > 1) continue;
        const SimulatedLatency simulated = simulate_quota(plan, stages, recomputed);
        evaluation.latency_mean = std::max(simulated.mean, recomputed.mean());
        evaluation.latency_p95 = simulated.p95;
        whole = recomputed;
    }
    evaluation.nodes = nodes.size();
    if (plan.pipelines.size() > 1) {
        evaluation.latency_mean = to_seconds(plan.predicted.latency_mean);
        evaluation.latency_p95 = to_seconds(plan.predicted.latency_p95);
        whole.parts = evaluation.parts;
        whole.unthrottled = evaluation.latency_mean;
        whole.slowest = evaluation.bottleneck;
    }
    if (plan.routing.policy != "single") add_routed_limits(plan, evaluation);
    evaluation.latency = whole.mean();
    evaluation.value = recomputer.value(whole);
    return evaluation;
}

Plan with_pipeline(Plan plan, const std::vector<PlannedStage>& stages) {
    Pipeline pipeline;
    std::string from(kGateway);
    for (const PlannedStage& stage : stages) {
        pipeline.stages.push_back(stage);
        PlannedTransfer leg;
        leg.from = from;
        leg.to = stage.node;
        pipeline.transfers.push_back(leg);
        from = stage.node;
    }
    PlannedTransfer out;
    out.from = from;
    out.to = kGateway;
    pipeline.transfers.push_back(out);
    plan.pipelines = {pipeline};
    plan.routing = {};
    return plan;
}

}  // namespace carbonedge
