#include "tools/plan/compare_command.h"

#include "lib/base/atomic_file.h"
#include "lib/planner/policies.h"
#include "tools/cli/rendering.h"
#include "tools/plan/comparison_table.h"
#include "tools/plan/inputs.h"

#include <fmt/format.h>
#include <stdexcept>

namespace carbonedge {
namespace {

ComparedPlan judged(const std::string& policy, PlanOrInfeasibility outcome, bool routed) {
    ComparedPlan compared;
    compared.policy = policy;
    compared.routed = routed;
    if (const auto* none = std::get_if<Infeasibility>(&outcome)) {
        compared.without = none->explanation;
        return compared;
    }
    compared.plan = std::get<Plan>(std::move(outcome));
    compared.evaluation = evaluate_plan(*compared.plan);
    return compared;
}

/// A proven optimum that a policy beats is an error of ours, and must not be printed as a result.
void check_never_loses(const ComparedPlan& exact, const ComparedPlan& other) {
    if (!exact.feasible() || !other.feasible() || other.routed || !exact.plan->certificate.proven_optimal) return;
    if (other.evaluation->value >= exact.evaluation->value * (1 - 1e-9)) return;
    throw std::logic_error(fmt::format("policy {} has {:.12g}, below the proven least {:.12g}", other.policy,
                                       other.evaluation->value, exact.evaluation->value));
}

ExitStatus status_of(const PlanOrInfeasibility& exact) {
    const auto* none = std::get_if<Infeasibility>(&exact);
    if (none == nullptr) return ExitStatus::kOk;
    return none->proven ? ExitStatus::kNegativeVerdict : ExitStatus::kInconclusive;
}

}  // namespace

ExitStatus compare_command(const CompareOptions& options, std::istream& in, std::ostream& out) {
    check_output(options.standard.output, options.standard.overwrite);
    ExactPlannerOptions effort;
    effort.out_of_time = deadline_of(options);
    const PlanningProblem problem = read_planning_problem(options, in);
    const PlanOrInfeasibility exact = plan_exactly(problem, "exact", effort);
    std::vector<ComparedPlan> plans{judged("exact", exact, false)};
    for (const Policy& policy : all_policies(options.mode, options.standard.seed)) {
        const std::string name = policy_plan_name(policy);
        plans.push_back(judged(name, propose_plan(problem, policy, name), routes_requests(policy)));
        check_never_loses(plans.front(), plans.back());
    }
    const Document document = comparison_document(problem, plans);
    write_output(options.standard.output, options.standard.overwrite,
                 render_document(document, options.standard, std::nullopt, 0), out);
    return status_of(exact);
}

}  // namespace carbonedge
