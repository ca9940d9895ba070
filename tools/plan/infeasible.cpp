#include "tools/plan/infeasible.h"

#include "lib/planner/exact_planner.h"
#include "lib/verify/infeasibility.h"

#include <ostream>

namespace carbonedge {

ExitStatus tell_infeasible(const Infeasibility& infeasibility, bool list_limits, std::ostream& err) {
    err << "carbonedge-plan: " << (infeasibility.proven ? "infeasible: " : "undecided: ") << infeasibility.explanation
        << "\n";
    if (list_limits && infeasibility.conflicting_limits.size() > 1) {
        for (const std::string& limit : infeasibility.conflicting_limits) err << "  conflicting: " << limit << "\n";
    }
    return infeasibility.proven ? ExitStatus::kNegativeVerdict : ExitStatus::kInconclusive;
}

ExitStatus tell_infeasible(const Infeasibility& infeasibility, const PlanningProblem& problem, std::ostream& err) {
    const ExitStatus status = tell_infeasible(infeasibility, true, err);
    if (!infeasibility.proven || problem.given_cuts) return status;
    const std::vector<std::string> proofs = infeasibility_proofs(plan_frame(problem, "none", {}));
    for (const std::string& proof : proofs) err << "  proof: " << proof << "\n";
    if (proofs.empty()) err << "  proof: by the planner's search alone\n";
    return status;
}

}  // namespace carbonedge
