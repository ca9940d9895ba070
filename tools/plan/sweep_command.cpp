#include "tools/plan/sweep_command.h"

#include "lib/base/atomic_file.h"
#include "lib/tradeoff/sweep_description.h"
#include "tools/cli/rendering.h"
#include "tools/plan/infeasible.h"
#include "tools/plan/inputs.h"

#include <ostream>

namespace carbonedge {

ExitStatus sweep_command(const SweepOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
    check_output(options.standard.output, options.standard.overwrite);
    const std::function<bool()> out_of_time = deadline_of(options.problem);
    PlanningProblem problem = read_planning_problem(options.problem, in);
    problem.objective = Objective::kScore;
    const auto found = sweep_weights(problem, out_of_time);
    if (const auto* infeasibility = std::get_if<Infeasibility>(&found)) {
        return tell_infeasible(*infeasibility, true, err);
    }
    const auto& sweep = std::get<WeightSweep>(found);
    const auto [selection, walks] = walk_selection(problem);
    write_output(options.standard.output, options.standard.overwrite,
                 render_document(describe_sweep(problem, sweep, selection, walks), options.standard, options.table,
                                 options.width),
                 out);
    return sweep.proven ? ExitStatus::kOk : ExitStatus::kInconclusive;
}

}  // namespace carbonedge
