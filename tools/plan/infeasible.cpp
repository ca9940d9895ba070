#include "tools/plan/infeasible.h"

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

}  // namespace carbonedge
