#include "tools/plan/verbs.h"

#include "tools/plan/compare_command.h"
#include "tools/plan/dag_command.h"
#include "tools/plan/evaluate_command.h"
#include "tools/plan/export_command.h"
#include "tools/plan/import_command.h"
#include "tools/plan/plan_command.h"
#include "tools/plan/verify_command.h"

#include <string_view>

namespace carbonedge {

extern const std::string_view help_page;
extern const std::string_view dag_help_page;
extern const std::string_view import_help_page;
extern const std::string_view export_help_page;
extern const std::string_view compare_help_page;

ExitStatus plan_or_verb(int argc, const char* const* argv, std::istream& in, std::ostream& out, std::ostream& err) {
    const std::string_view verb = argc > 1 ? argv[1] : "";
    if (verb == "import") {
        ImportOptions options;
        const bool go_on = parse_import_options(argc - 1, argv + 1, import_help_page, out, err, options);
        return go_on ? import_command(options, in, out, err) : ExitStatus::kOk;
    }
    if (verb == "export") {
        ExportOptions options;
        const bool go_on = parse_export_options(argc - 1, argv + 1, export_help_page, out, err, options);
        return go_on ? export_command(options, in, out) : ExitStatus::kOk;
    }
    if (verb == "dag") {
        DagOptions options;
        const bool go_on = parse_dag_options(argc - 1, argv + 1, dag_help_page, out, err, options);
        return go_on ? dag_command(options, in, out, err) : ExitStatus::kOk;
    }
    if (verb == "compare") {
        CompareOptions options;
        const bool go_on = parse_compare_options(argc - 1, argv + 1, compare_help_page, out, err, options);
        return go_on ? compare_command(options, in, out) : ExitStatus::kOk;
    }
    PlanOptions options;
    if (!parse_plan_options(argc, argv, help_page, out, err, options)) return ExitStatus::kOk;
    if (options.verb == PlanOptions::Verb::kVerify) return verify_command(options, in, out);
    if (options.verb == PlanOptions::Verb::kEvaluate) return evaluate_command(options, in, out);
    return plan_command(options, in, out, err);
}

}  // namespace carbonedge
