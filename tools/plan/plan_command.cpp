#include "tools/plan/plan_command.h"

#include "lib/base/atomic_file.h"
#include "lib/partition/plan_file.h"
#include "lib/planner/policies.h"
#include "lib/verify/verify.h"
#include "tools/plan/inputs.h"
#include "tools/plan/summary.h"

#include <fmt/format.h>
#include <ostream>
#include <stdexcept>

namespace carbonedge {
namespace {

Policy policy_of(const PlanOptions& options) {
    if (options.policy == "round-robin") return {Policy::Kind::kRoundRobin, "", "", ""};
    if (options.policy == "node-selection") return {Policy::Kind::kNodeSelection, "", options.mode, options.variant};
    if (options.policy == "equal") return {Policy::Kind::kEqual, "", "", ""};
    if (options.policy == "capability") return {Policy::Kind::kCapability, "", "", ""};
    return {Policy::Kind::kMonolithic, options.policy.substr(options.policy.find('=') + 1), "", ""};
}

/// Names that tables of several plans tell apart.
std::string name_of(const PlanOptions& options, const PlanningProblem& problem) {
    if (!options.name.empty()) return options.name;
    if (options.policy == "exact") return fmt::format("min-{}", objective_name(problem.objective));
    if (options.policy == "node-selection") return options.mode + "-" + options.variant;
    if (options.policy == "equal" || options.policy == "capability") return options.policy + "-split";
    if (options.policy.starts_with("monolithic=")) return "monolithic-" + policy_of(options).node;
    return options.policy;
}

PlanOrInfeasibility make_plan(const PlanOptions& options, const PlanningProblem& problem) {
    const std::string name = name_of(options, problem);
    if (options.policy == "exact") return plan_exactly(problem, name);
    return plan_policy(problem, policy_of(options), name);
}

}  // namespace

ExitStatus plan_command(const PlanOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
    check_output(options.standard.output, options.standard.overwrite);
    const PlanningProblem problem = read_planning_problem(options, in);
    const PlanOrInfeasibility outcome = make_plan(options, problem);
    if (const auto* infeasibility = std::get_if<Infeasibility>(&outcome)) {
        err << "carbonedge-plan: " << (infeasibility->proven ? "infeasible: " : "undecided: ")
            << infeasibility->explanation << "\n";
        if (infeasibility->conflicting_limits.size() > 1 && options.policy == "exact") {
            for (const std::string& limit : infeasibility->conflicting_limits)
                err << "  conflicting: " << limit << "\n";
        }
        return infeasibility->proven ? ExitStatus::kNegativeVerdict : ExitStatus::kInconclusive;
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
