#include "lib/verify/verify.h"

#include "lib/verify/binding.h"
#include "lib/verify/bottleneck_bound.h"
#include "lib/verify/bound_proof.h"
#include "lib/verify/simulated_latency.h"
#include "lib/verify/structure.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

namespace carbonedge {
namespace {

constexpr double kRelative = 1e-9;
constexpr double kSimulated = 2e-3;
constexpr double kClosed = 1e-13;  ///< a gap that no search leaves open

bool same(double left, double right, double relative = kRelative) {
    return std::abs(left - right) <= relative * std::max(std::abs(left), std::abs(right)) + 1e-300;
}

/// Collects breaches of one place in the plan.
class Checks {
public:
    explicit Checks(std::vector<std::string>& breaches) : breaches_(breaches) {}
    void at(std::string place) { place_ = std::move(place); }

    void fail(const std::string& text) { breaches_.push_back(place_.empty() ? text : place_ + ": " + text); }
    void equal(std::string_view what, double stated, double recomputed, double relative = kRelative) {
        if (!same(stated, recomputed, relative)) {
            fail(fmt::format("{} is stated as {:.12g}, recomputed {:.12g}", what, stated, recomputed));
        }
    }
    void time(std::string_view what, Nanoseconds stated, Seconds recomputed) {
        // Rounded to the nearest, from sums whose order is not ours.
        const double nanoseconds = recomputed.count() * 1e9;
        if (std::abs(static_cast<double>(stated.count()) - nanoseconds) > 0.5 + 1e-6 + nanoseconds * 1e-12) {
            fail(fmt::format("{} is stated as {} ns, recomputed {:.1f} ns", what, stated.count(), nanoseconds));
        }
    }
    /// Rounded up; what is a whole number but for the last bits may have gone either way.
    void memory(Bytes stated, double recomputed) {
        const double whole = std::round(recomputed);
        const bool nearly = recomputed != whole && std::abs(recomputed - whole) < recomputed * 1e-12;
        const auto bytes = static_cast<double>(stated.value());
        if (bytes == std::ceil(recomputed) || (nearly && (bytes == whole || bytes == whole + 1))) return;
        fail(fmt::format("memory is stated as {} bytes, recomputed {:.0f}", stated.value(), std::ceil(recomputed)));
    }
    void between(std::string_view what, double stated, double low, double high) {
        if (stated < low * (1 - kSimulated) - 1e-9 || stated > high * (1 + kSimulated) + 1e-9) {
            fail(fmt::format("{} is stated as {:.9g}, recomputed {:.9g} to {:.9g}", what, stated, low, high));
        }
    }
    void parts(const CarbonParts& stated, const CarbonParts& recomputed) {
        equal("compute joules", stated.compute_joules.value(), recomputed.compute_joules.value());
        equal("transport joules", stated.transport_cpu_joules.value(), recomputed.transport_cpu_joules.value());
        equal("link joules", stated.link_joules.value(), recomputed.link_joules.value());
        equal("idle joules", stated.idle_joules.value(), recomputed.idle_joules.value());
        equal("compute grams", stated.compute_grams.value(), recomputed.compute_grams.value());
        equal("transport grams", stated.transport_cpu_grams.value(), recomputed.transport_cpu_grams.value());
        equal("link grams", stated.link_grams.value(), recomputed.link_grams.value());
        equal("idle grams", stated.idle_grams.value(), recomputed.idle_grams.value());
        equal("embodied grams", stated.embodied_grams.value(), recomputed.embodied_grams.value());
    }

private:
    std::vector<std::string>& breaches_;
    std::string place_;
};

std::vector<NamedStage> named_stages(const Pipeline& pipeline) {
    std::vector<NamedStage> stages;
    for (const PlannedStage& stage : pipeline.stages) stages.push_back({stage.layers, stage.node});
    return stages;
}

void check_stages(const Pipeline& pipeline, const RecomputedPipeline& recomputed, std::size_t number, Checks& checks) {
    for (std::size_t s = 0; s < pipeline.stages.size(); ++s) {
        checks.at(fmt::format("pipeline {} stage {}", number, s));
        const PlannedStage& stage = pipeline.stages[s];
        checks.time("busy", stage.busy, recomputed.stages[s].busy);
        checks.time("cpu", stage.cpu, recomputed.stages[s].cpu);
        checks.memory(stage.memory, recomputed.stages[s].memory_bytes);
        if (stage.input_bytes != recomputed.transfers[s].bytes) checks.fail("input bytes are not those of its cut");
        checks.parts(stage.parts, recomputed.stages[s].parts);
    }
    for (std::size_t t = 0; t < pipeline.transfers.size(); ++t) {
        checks.at(fmt::format("pipeline {} transfer {}", number, t));
        const PlannedTransfer& transfer = pipeline.transfers[t];
        if (transfer.bytes != recomputed.transfers[t].bytes) checks.fail("bytes are not those of its cut");
        checks.time("time", transfer.time, recomputed.transfers[t].time);
        checks.parts(transfer.parts, recomputed.transfers[t].parts);
    }
}

void check_prediction(const Plan& plan, const Prediction& predicted, const std::vector<NamedStage>& stages,
                      const RecomputedPipeline& recomputed, Checks& checks) {
    const SimulatedLatency simulated = simulate_quota(plan, stages, recomputed);
    const double mean = to_seconds(predicted.latency_mean).count();
    checks.between("mean latency", mean, std::max(simulated.mean, recomputed.mean()).count(),
                   std::max(simulated.mean, recomputed.mean()).count());
    checks.between("median latency", to_seconds(predicted.latency_p50).count(), simulated.p50_low.count(),
                   simulated.p50_high.count());
    checks.between("p95 latency", to_seconds(predicted.latency_p95).count(), simulated.p95_low.count(),
                   simulated.p95_high.count());
    checks.equal("throughput", predicted.throughput_per_second, 1 / mean);
    checks.equal("pipeline throughput", predicted.pipeline_throughput_per_second, 1 / recomputed.slowest.count());
    checks.parts(predicted.parts, recomputed.parts);
    checks.equal("uncertainty", predicted.uncertainty.value(), recomputed.uncertainty.value());
    if (predicted.provenance != Provenance::kEstimated) checks.fail("a prediction cannot be measured");
}

/// The same parts, each times a factor, added to a sum.
void add_scaled(CarbonParts& sum, const CarbonParts& parts, double factor) {
    sum.compute_joules += parts.compute_joules * factor;
    sum.transport_cpu_joules += parts.transport_cpu_joules * factor;
    sum.link_joules += parts.link_joules * factor;
    sum.idle_joules += parts.idle_joules * factor;
    sum.compute_grams += parts.compute_grams * factor;
    sum.transport_cpu_grams += parts.transport_cpu_grams * factor;
    sum.link_grams += parts.link_grams * factor;
    sum.idle_grams += parts.idle_grams * factor;
    sum.embodied_grams += parts.embodied_grams * factor;
}

void check_shares(const Plan& plan, Checks& checks) {
    checks.at("shares");
    double sum = 0;
    for (const Pipeline& pipeline : plan.pipelines) {
        if (!(pipeline.share >= 0 && pipeline.share <= 1)) checks.fail("a share is not within 0 to 1");
        sum += pipeline.share;
        if (plan.routing.policy == "round-robin") {
            checks.equal("share", pipeline.share, 1.0 / static_cast<double>(plan.pipelines.size()));
        }
    }
    checks.equal("sum", sum, 1);
}

/// Shares and latencies that come of sending requests as the plan says.
void check_routed_replay(const Plan& plan, const std::vector<RecomputedPipeline>& pipelines, Checks& checks) {
    const std::optional<SimulatedRouting> replayed = simulate_routing(plan, pipelines);
    if (!replayed) return;
    checks.at("plan");
    for (std::size_t p = 0; p < pipelines.size(); ++p) {
        if (std::abs(plan.pipelines[p].share - replayed->shares[p]) > kRelative) {
            checks.fail(fmt::format("the share of pipeline {} is stated as {:.9g}, replayed {:.9g}", p,
                                    plan.pipelines[p].share, replayed->shares[p]));
        }
    }
    const Prediction& predicted = plan.predicted;
    const SimulatedLatency& latency = replayed->latency;
    checks.between("mean latency", to_seconds(predicted.latency_mean).count(), latency.mean.count(),
                   latency.mean.count());
    checks.between("median latency", to_seconds(predicted.latency_p50).count(), latency.p50_low.count(),
                   latency.p50_high.count());
    checks.between("p95 latency", to_seconds(predicted.latency_p95).count(), latency.p95_low.count(),
                   latency.p95_high.count());
}

/// What routing adds up to follows from the shares; latencies have to be possible at least.
void check_routed_prediction(const Plan& plan, const std::vector<RecomputedPipeline>& pipelines, Checks& checks) {
    checks.at("plan");
    CarbonParts parts;
    double band = 0;
    double rate = 1e300;
    double least_sum = 1e300;
    for (std::size_t p = 0; p < pipelines.size(); ++p) {
        const double share = plan.pipelines[p].share;
        add_scaled(parts, pipelines[p].parts, share);
        band += share * pipelines[p].uncertainty.value();
        if (share > 0) {
            rate = std::min(rate, 1 / pipelines[p].slowest.count() / share);
            least_sum = std::min(least_sum, pipelines[p].unthrottled.count());
        }
    }
    const Prediction& predicted = plan.predicted;
    checks.parts(predicted.parts, parts);
    checks.equal("uncertainty", predicted.uncertainty.value(), band);
    checks.equal("pipeline throughput", predicted.pipeline_throughput_per_second, rate);
    const double mean = to_seconds(predicted.latency_mean).count();
    if (mean < least_sum * (1 - kRelative) - 1e-9) checks.fail("mean latency is below that of the fastest pipeline");
    if (predicted.latency_p50 > predicted.latency_p95) checks.fail("the median is above p95");
    if (to_seconds(predicted.latency_p50).count() < least_sum - 2e-9) {
        checks.fail("median latency is below that of the fastest pipeline");
    }
    // The stated mean is rounded to a nanosecond, the throughput is not.
    checks.equal("throughput", predicted.throughput_per_second, 1 / mean, std::max(kRelative, 1e-9 / mean));
    if (predicted.provenance != Provenance::kEstimated) checks.fail("a prediction cannot be measured");
}

void check_limit_names(const Plan& plan, Checks& checks) {
    checks.at("limits");
    std::set<std::string> layers;
    for (const LayerProfile& layer : plan.profiles.front().layers) layers.insert(layer.name);
    for (const auto* pairs : {&plan.limits.pinned, &plan.limits.forbidden}) {
        for (const auto& [layer, node] : *pairs) {
            const bool every = layer == "*" && pairs == &plan.limits.forbidden;
            if (!every && layers.count(layer) == 0) checks.fail("unknown layer " + layer);
            if (!find_node(plan.cluster, node)) checks.fail("unknown node " + node);
        }
    }
}

/// A bound that some simple pipeline beats is false, whoever claims it.
void check_bound(const Plan& plan, const Recomputer& recomputer, double lower_bound, Checks& checks) {
    const std::vector<Cut>& cuts = recomputer.cuts();
    const std::size_t layers = plan.profiles.front().layers.size();
    const auto try_pipeline = [&](const std::vector<NamedStage>& stages) {
        const RecomputedPipeline pipeline = recomputer.pipeline(stages);
        const double value = recomputer.value(pipeline);
        if (!(value < lower_bound * (1 - kRelative))) return;
        if (!broken_limits(plan, stages, pipeline, -kRelative).empty()) return;
        std::string text;
        for (const NamedStage& stage : stages) {
            text += fmt::format(" {}:{}-{}", stage.node, stage.layers.first, stage.layers.end - 1);
        }
        checks.fail(fmt::format("the lower bound {:.12g} is beaten by{} with {:.12g}", lower_bound, text, value));
    };
    for (const Node& node : plan.cluster.nodes) try_pipeline({{{0, layers}, node.name}});
    constexpr std::size_t kMostTried = 20'000;
    const std::size_t nodes = plan.cluster.nodes.size();
    if (layers * nodes * nodes > kMostTried) return;
    for (std::size_t cut = 1; cut < layers; ++cut) {
        if (!cuts[cut].legal) continue;
        for (const Node& first : plan.cluster.nodes) {
            for (const Node& second : plan.cluster.nodes) {
                if (&first != &second) try_pipeline({{{0, cut}, first.name}, {{cut, layers}, second.name}});
            }
        }
    }
}

/// A bottleneck below the bound must be impossible, which can be tried out where the cluster is not too large.
void check_bottleneck_bound(const Plan& plan, double lower_bound, Checks& checks, Verification& result) {
    if (lower_bound <= 0 || cuts_are_given(plan)) return;
    const std::optional<bool> better = some_pipeline_within(plan, lower_bound * (1 - kRelative));
    if (!better) return;
    result.bound_enumerated = !*better;  // limits on latency only leave fewer
    if (*better && !plan.limits.latency_mean && !plan.limits.latency_p95) {
        checks.fail(fmt::format("the lower bound {:.12g} is beaten by some pipeline", lower_bound));
    }
}

/// The names that searches go by, and what each of them can minimise.
bool is_method_of(const Plan& plan) {
    std::string_view method = plan.certificate.method;
    if (method == "policy") return true;
    if (plan.objective == Objective::kNone || plan.routing.policy != "single") return false;
    if (cuts_are_given(plan)) method.remove_suffix(std::string_view("-given-cuts").size());
    if (method == "exact-label-setting") return true;
    if (method == "exact-threshold-probing") return plan.objective == Objective::kBottleneck;
    const bool trades = plan.objective == Objective::kCarbon || plan.objective == Objective::kEnergy;
    return trades && (method == "label-front" || method == "latency-limits");
}

void check_certificate(const Plan& plan, const Recomputer& recomputer, double value, Checks& checks) {
    checks.at("certificate");
    const Certificate& certificate = plan.certificate;
    checks.equal("value", certificate.value, value);
    if (!is_method_of(plan)) {
        checks.fail(fmt::format("method '{}' makes no plans of objective {}", certificate.method,
                                objective_name(plan.objective)));
    }
    if (certificate.lower_bound.has_value() != certificate.gap.has_value()) checks.fail("bound and gap go together");
    if (certificate.proven_optimal && !certificate.lower_bound) checks.fail("claims an optimum without a bound");
    if (certificate.method == "policy" && certificate.lower_bound) checks.fail("a policy proves no bound");
    if (certificate.method != "policy" && !certificate.lower_bound) checks.fail("a search states its bound");
    if (!certificate.lower_bound || !certificate.gap) return;
    const double bound = *certificate.lower_bound;
    if (bound > value * (1 + kRelative)) checks.fail("the lower bound is above the value");
    if (certificate.proven_optimal && !same(bound, value)) checks.fail("claims an optimum with an open gap");
    if (!certificate.proven_optimal && bound >= value * (1 - kClosed)) checks.fail("its gap is closed: it is proven");
    const double gap = value > 0 ? (value - bound) / value : 0;
    if (std::abs(gap - *certificate.gap) > kRelative) {
        checks.fail(fmt::format("gap is stated as {:.12g}, recomputed {:.12g}", *certificate.gap, gap));
    }
    if (!cuts_are_given(plan) && plan.objective != Objective::kNone) {
        check_bound(plan, recomputer, bound, checks);
    }
}

/// What a plan's prices prove, worked out anew, and where that is cheap whether anything is better at all.
void check_proof_of_bound(const Plan& plan, const Recomputer& recomputer, std::size_t most_stages, Checks& checks,
                          Verification& result) {
    const Certificate& certificate = plan.certificate;
    checks.at("proof");
    if (certificate.proof && !certificate.lower_bound) checks.fail("proves a bound that is not stated");
    const bool sum = plan.objective != Objective::kNone && plan.objective != Objective::kBottleneck;
    if (!certificate.lower_bound || plan.pipelines.size() != 1) return;
    if (!sum) {
        if (certificate.proof) checks.fail("prices prove nothing about this objective");
        if (plan.objective == Objective::kBottleneck) {
            check_bottleneck_bound(plan, *certificate.lower_bound, checks, result);
        }
        return;
    }
    const StageTable table(plan, recomputer);
    if (certificate.proof) {
        const ProofCheck check = check_proof(plan, table, *certificate.proof);
        for (const std::string& breach : check.breaches) checks.fail(breach);
        if (!check.breaches.empty()) return;
        result.proven_bound = check.bound;
        if (certificate.proof->bound > *certificate.lower_bound + kRelative * std::abs(*certificate.lower_bound)) {
            checks.fail("proves more than the lower bound that is stated");
        }
    }
    const Enumeration tried = enumerate_better(plan, recomputer, table, *certificate.lower_bound, most_stages);
    result.stages_tried = tried.stages_tried;
    result.bound_enumerated = tried.answer == Enumeration::Answer::kNoneBetter;
    if (tried.answer != Enumeration::Answer::kBetterFound) return;
    std::string text;
    for (const NamedStage& stage : tried.better) {
        text += fmt::format(" {}:{}-{}", stage.node, stage.layers.first, stage.layers.end - 1);
    }
    checks.fail(fmt::format("the lower bound {:.12g} is beaten by{} with {:.12g}", *certificate.lower_bound, text,
                            tried.better_value));
}

void check_objective(const Plan& plan, const Recomputer& recomputer, Checks& checks) {
    checks.at("objective");
    if (plan.objective != Objective::kScore) {
        if (plan.carbon_weight != 0 || plan.carbon_reference_grams != 0 || plan.latency_reference_seconds != 0) {
            checks.fail("weight and references belong to the score");
        }
        return;
    }
    if (!(plan.carbon_weight >= 0 && plan.carbon_weight <= 1)) checks.fail("the carbon weight is not within 0 to 1");
    const RecomputedReferences& references = recomputer.references();
    checks.equal("carbon reference", plan.carbon_reference_grams, references.carbon_grams);
    checks.equal("latency reference", plan.latency_reference_seconds, references.latency_seconds);
}

double routed_value(const Plan& plan, const Recomputer& recomputer) {
    RecomputedPipeline whole;
    whole.parts = plan.predicted.parts;
    whole.unthrottled = to_seconds(plan.predicted.latency_mean);
    whole.slowest = Seconds(1 / plan.predicted.pipeline_throughput_per_second);
    return recomputer.value(whole);
}

void check_routed_limits(const Plan& plan, Checks& checks) {
    checks.at("limits");
    const Limits& limits = plan.limits;
    if (limits.latency_mean && plan.predicted.latency_mean > *limits.latency_mean) checks.fail("mean latency");
    if (limits.latency_p95 && plan.predicted.latency_p95 > *limits.latency_p95) checks.fail("p95 latency");
    if (limits.throughput_per_second &&
        plan.predicted.pipeline_throughput_per_second < *limits.throughput_per_second * (1 - kRelative)) {
        checks.fail("throughput");
    }
}

}  // namespace

std::vector<std::string> broken_limits(const Plan& plan, const std::vector<NamedStage>& stages,
                                       const RecomputedPipeline& pipeline, double slack) {
    std::vector<std::string> broken;
    const Limits& limits = plan.limits;
    const std::vector<LayerProfile>& layers = plan.profiles.front().layers;
    for (std::size_t s = 0; s < stages.size(); ++s) {
        const Node& node = plan.cluster.nodes[find_node(plan.cluster, stages[s].node)->value()];
        if (pipeline.stages[s].memory_bytes > static_cast<double>(node.memory.value()) * (1 + slack)) {
            broken.push_back("memory of " + node.name);
        }
        for (std::size_t l = stages[s].layers.first; l < stages[s].layers.end; ++l) {
            for (const auto& [layer, at] : limits.pinned) {
                if (layer == layers[l].name && at != node.name) broken.push_back("pin " + layer + "=" + at);
            }
            for (const auto& [layer, at] : limits.forbidden) {
                if ((layer == "*" || layer == layers[l].name) && at == node.name) {
                    broken.push_back("forbid " + layer + "=" + at);
                }
            }
        }
    }
    if (limits.max_nodes && stages.size() > *limits.max_nodes) broken.emplace_back("number of nodes");
    if (plan.routing.policy != "single") return broken;  // the rest is of the routed whole
    // A plan's own stated latency, rounded to whole nanoseconds, may be its limit; who asks for less room gets none.
    const Seconds rounding = slack > 0 ? to_seconds(Nanoseconds(1)) : Seconds(0);
    if (limits.latency_mean && pipeline.mean() > to_seconds(*limits.latency_mean) * (1 + slack) + rounding) {
        broken.emplace_back("mean latency");
    }
    if (limits.throughput_per_second && 1 / pipeline.slowest.count() < *limits.throughput_per_second * (1 - slack)) {
        broken.emplace_back("throughput");
    }
    if (limits.latency_p95) {
        const SimulatedLatency simulated = simulate_quota(plan, stages, pipeline);
        const Seconds limit = to_seconds(*limits.latency_p95);
        const bool over =
            slack < 0 ? simulated.p95_high > limit * (1 - kSimulated) : simulated.p95_low > limit * (1 + kSimulated);
        if (over) broken.emplace_back("p95 latency");
    }
    return broken;
}

Verification verify_plan(const Plan& plan, std::size_t most_stages) {
    Verification result;
    result.breaches = structure_breaches(plan);
    if (!result.breaches.empty()) return result;
    Checks checks(result.breaches);
    check_limit_names(plan, checks);
    const Recomputer recomputer(plan);
    std::vector<RecomputedPipeline> recomputed;
    for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
        const std::vector<NamedStage> stages = named_stages(plan.pipelines[p]);
        recomputed.push_back(recomputer.pipeline(stages));
        check_stages(plan.pipelines[p], recomputed.back(), p, checks);
        checks.at(fmt::format("pipeline {}", p));
        check_prediction(plan, plan.pipelines[p].predicted, stages, recomputed.back(), checks);
        for (const std::string& broken : broken_limits(plan, stages, recomputed.back())) {
            checks.fail("breaks the limit on " + broken);
        }
    }
    check_objective(plan, recomputer, checks);
    check_shares(plan, checks);
    if (plan.pipelines.size() == 1) {
        checks.at("plan");
        if (!(plan.predicted == plan.pipelines.front().predicted)) {
            checks.fail("its prediction is not that of its only pipeline");
        }
        result.value = recomputer.value(recomputed.front());
    } else {
        check_routed_prediction(plan, recomputed, checks);
        check_routed_replay(plan, recomputed, checks);
        check_routed_limits(plan, checks);
        result.value = routed_value(plan, recomputer);
    }
    check_certificate(plan, recomputer, result.value, checks);
    check_proof_of_bound(plan, recomputer, most_stages, checks, result);
    if (!result.passed()) return result;
    BindingCheck binding = check_binding(plan, recomputer, result.value, std::min(most_stages, kMostForALimit));
    checks.at("binding");
    for (const std::string& breach : binding.breaches) checks.fail(breach);
    result.binding_undecided = std::move(binding.undecided);
    return result;
}

}  // namespace carbonedge
