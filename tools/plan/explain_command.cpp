#include "tools/plan/explain_command.h"

#include "lib/base/atomic_file.h"
#include "lib/planner/limit_analysis.h"
#include "lib/tradeoff/explanation_description.h"
#include "lib/tradeoff/plan_problem.h"
#include "tools/cli/rendering.h"
#include "tools/plan/infeasible.h"
#include "tools/plan/inputs.h"

#include <ostream>

namespace carbonedge {

ExitStatus explain_command(const ExplainOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
    check_output(options.standard.output, options.standard.overwrite);
    const Plan plan = read_sound_plan(options.input, in);
    const PlanningProblem problem = problem_of_plan(plan);
    const auto explanation = explain_plan(problem, placement_of_plan(plan, problem));
    if (!explanation) return tell_infeasible(explain_infeasibility(problem), true, err);
    write_output(options.standard.output, options.standard.overwrite,
                 render_document(describe_explanation(problem, plan.name, *explanation), options.standard,
                                 options.table, options.width),
                 out);
    return explanation->proven ? ExitStatus::kOk : ExitStatus::kInconclusive;
}

}  // namespace carbonedge
