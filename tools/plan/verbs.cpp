#include "tools/plan/verbs.h"

#include "tools/plan/evaluate_command.h"
#include "tools/plan/plan_command.h"
#include "tools/plan/verify_command.h"

#include <string_view>

namespace carbonedge {

extern const std::string_view help_page;

ExitStatus plan_or_verb(int argc, const char* const* argv, std::istream& in, std::ostream& out, std::ostream& err) {
    PlanOptions options;
    if (!parse_plan_options(argc, argv, help_page, out, err, options)) return ExitStatus::kOk;
    if (options.verb == PlanOptions::Verb::kVerify) return verify_command(options, in, out);
    if (options.verb == PlanOptions::Verb::kEvaluate) return evaluate_command(options, in, out);
    return plan_command(options, in, out, err);
}

}  // namespace carbonedge
