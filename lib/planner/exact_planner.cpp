#include "lib/planner/exact_planner.h"

#include "lib/planner/limit_analysis.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

/// A relative gap that is rounding.
constexpr double kClosedGap = 1e-12;

std::string_view idle_text(IdlePolicy policy) {
    switch (policy) {
        case IdlePolicy::kNone:
            return "idle power is not counted (policy none)";
        case IdlePolicy::kAttributed:
            return "idle power is counted while a stage keeps its node (policy attributed)";
        case IdlePolicy::kFull:
            return "idle power of the used nodes is counted for the whole latency (policy full)";
    }
    return "";
}

Infeasibility stopped_without_plan(const PlanningProblem& problem, const Solution& solution) {
    Infeasibility result;
    result.proven = false;
    for (const NamedLimit& limit : limits_of(problem)) result.conflicting_limits.push_back(limit.text);
    const auto counted = [&](const std::string& counter) {
        const auto found = solution.search.counters.find(counter);
        return found == solution.search.counters.end() ? 0.0 : found->second;
    };
    result.explanation =
        fmt::format("no plan was found among the first {:.0f} labels and {:.0f} replays, and none is proven impossible",
                    counted("labels kept"), counted("plans replayed"));
    return result;
}

/// The bound that prices prove, in names. Never above the value: rounding may put it a hair there.
std::optional<BoundProof> proof_of(const PlanningProblem& problem, const Solution& solution, double value) {
    if (!solution.priced_bound) return std::nullopt;
    BoundProof proof;
    proof.bound = std::min(*solution.priced_bound, value);
    proof.time_price = solution.prices.sum;
    proof.stage_price = solution.prices.stage;
    for (std::size_t v = 0; v < problem.cluster.nodes.size(); ++v) {
        const double price = solution.prices.node[v];
        const double refill = solution.prices.refill[v];
        if (price > 0 || refill > 0) proof.nodes.push_back({problem.cluster.nodes[v].name, price, refill});
    }
    for (const PlacedStage& stage : solution.relaxed) {
        proof.relaxed_path.push_back({stage.layers, problem.cluster.nodes[stage.node].name});
    }
    return proof;
}

}  // namespace

Plan plan_frame(const PlanningProblem& problem, const std::string& name, const ScoreReferences& references) {
    Plan plan;
    plan.name = name;
    plan.cluster = problem.cluster;
    plan.profiles = problem.profiles;
    plan.node_profile = problem.node_profile;
    plan.objective = problem.objective;
    if (problem.objective == Objective::kScore) {
        plan.carbon_weight = problem.carbon_weight;
        plan.carbon_reference_grams = references.carbon_grams;
        plan.latency_reference_seconds = references.latency_seconds;
    }
    plan.limits = problem.limits;
    plan.notes.emplace_back(idle_text(problem.cluster.idle_policy));
    return plan;
}

PlanOrInfeasibility plan_exactly(const PlanningProblem& problem, const std::string& name, ExactPlannerOptions options) {
    check_problem(problem);
    options.certify = true;
    const Solution solution = solve(problem, options);
    if (solution.status == SearchStatus::kInfeasible) return explain_infeasibility(problem, options.out_of_time);
    if (solution.placement.empty()) return stopped_without_plan(problem, solution);

    const CostTable table(problem);
    Plan plan = plan_frame(problem, name, solution.references);
    plan.pipelines.push_back(describe_pipeline(problem, table, solution.placement));
    plan.predicted = plan.pipelines.front().predicted;
    const PlacementCost cost = cost_of(table, solution.placement);
    Certificate& certificate = plan.certificate;
    certificate.method = solution.method + (problem.given_cuts ? "-given-cuts" : "");
    certificate.value = objective_value(problem, solution.references, cost);
    // No value is below 0, whatever the prices have come to. A search may be stopped with nothing left to close.
    const double bound = std::clamp(solution.search.lower_bound, 0.0, std::max(0.0, certificate.value));
    certificate.proven_optimal =
        solution.status == SearchStatus::kOptimal || bound >= certificate.value * (1 - kClosedGap);
    certificate.lower_bound = certificate.proven_optimal ? certificate.value : bound;
    certificate.gap = certificate.value > 0 ? (certificate.value - *certificate.lower_bound) / certificate.value : 0.0;
    certificate.counters = solution.search.counters;
    certificate.proof = proof_of(problem, solution, certificate.value);
    if (certificate.proven_optimal) {
        LimitVerdicts verdicts = binding_limits(problem, solution, options.out_of_time);
        plan.binding = std::move(verdicts.binding);
        if (!verdicts.undecided.empty()) {
            plan.notes.push_back(fmt::format("the search ended before it was decided whether these bind: {}",
                                             fmt::join(verdicts.undecided, ", ")));
        }
    } else {
        plan.notes.emplace_back("the search ended before the plan was proven best; what binds is not known");
    }
    if (problem.given_cuts) plan.notes.emplace_back("the cuts are the partition's (--keep-cuts)");
    if (problem.limits.latency_mean && plan.predicted.latency_mean > *problem.limits.latency_mean) {
        plan.notes.push_back(fmt::format(
            "the replayed mean of {} is above the limit, which is held against max(A, B) = {} (docs/cost_model.md)",
            duration_text(to_seconds(plan.predicted.latency_mean)), duration_text(Seconds(cost.mean_latency()))));
    }
    return plan;
}

}  // namespace carbonedge
