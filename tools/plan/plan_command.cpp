#include "tools/plan/plan_command.h"

#include "lib/base/atomic_file.h"
#include "lib/partition/plan_file.h"
#include "lib/planner/policies.h"
#include "lib/verify/verify.h"
#include "tools/plan/infeasible.h"
#include "tools/plan/inputs.h"
#include "tools/plan/summary.h"

#include <fmt/format.h>
#include <ostream>
#include <stdexcept>

namespace carbonedge {
namespace {

PlanOrInfeasibility make_plan(const PlanOptions& options, const PlanningProblem& problem) {
    if (options.policy == "exact") {
        ExactPlannerOptions exact;
        exact.out_of_time = deadline_of(options);
        return plan_exactly(
            problem, options.name.empty() ? fmt::format("min-{}", objective_name(problem.objective)) : options.name,
            exact);
    }
    const Policy policy = parse_policy(options.policy, options.mode, options.variant, options.standard.seed);
    return plan_policy(problem, policy, options.name.empty() ? policy_plan_name(policy) : options.name);
}

}  // namespace

ExitStatus plan_command(const PlanOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
    check_output(options.standard.output, options.standard.overwrite);
    PlanningProblem problem = read_planning_problem(options, in);
    if (options.policy != "exact" && !options.objective) problem.objective = Objective::kNone;
    const PlanOrInfeasibility outcome = make_plan(options, problem);
    if (const auto* infeasibility = std::get_if<Infeasibility>(&outcome)) {
        return options.policy == "exact" ? tell_infeasible(*infeasibility, problem, err)
                                         : tell_infeasible(*infeasibility, false, err);
    }
    const Plan& plan = std::get<Plan>(outcome);
    const Verification verification = verify_plan(plan);
    if (!verification.passed()) {
        throw std::logic_error("the plan fails its verification: " + verification.breaches.front());
    }
    write_output(options.standard.output, options.standard.overwrite, write_plan(plan), out);
    if (!options.standard.quiet) err << plan_summary(plan);
    return ExitStatus::kOk;
}

}  // namespace carbonedge
