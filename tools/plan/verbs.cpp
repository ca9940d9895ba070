#include "tools/plan/verbs.h"

#include "tools/plan/compare_command.h"
#include "tools/plan/dag_command.h"
#include "tools/plan/evaluate_command.h"
#include "tools/plan/explain_command.h"
#include "tools/plan/export_command.h"
#include "tools/plan/fleet_command.h"
#include "tools/plan/import_command.h"
#include "tools/plan/pareto_command.h"
#include "tools/plan/plan_command.h"
#include "tools/plan/sweep_command.h"
#include "tools/plan/update_command.h"
#include "tools/plan/verify_command.h"

#include <array>
#include <string_view>
#include <type_traits>

namespace carbonedge {

extern const std::string_view help_page;
extern const std::string_view compare_help_page;
extern const std::string_view dag_help_page;
extern const std::string_view evaluate_help_page;
extern const std::string_view explain_help_page;
extern const std::string_view export_help_page;
extern const std::string_view fleet_help_page;
extern const std::string_view import_help_page;
extern const std::string_view pareto_help_page;
extern const std::string_view sweep_help_page;
extern const std::string_view update_help_page;

namespace {

using Run = ExitStatus (*)(int argc, const char* const* argv, std::string_view page, std::istream& in,
                           std::ostream& out, std::ostream& err);

/// Parses the words from the verb on, and goes on where neither help nor version was asked for.
template <class Options, auto kParse, auto kCommand>
ExitStatus run(int argc, const char* const* argv, std::string_view page, std::istream& in, std::ostream& out,
               std::ostream& err) {
    Options options;
    if (!kParse(argc, argv, page, out, err, options)) return ExitStatus::kOk;
    if constexpr (std::is_invocable_v<decltype(kCommand), const Options&, std::istream&, std::ostream&,
                                      std::ostream&>) {
        return kCommand(options, in, out, err);
    } else {
        return kCommand(options, in, out);
    }
}

struct Verb {
    std::string_view name;
    const std::string_view& page;
    Run run;
};

/// Verbs with a page of their own.
const std::array kVerbs{
    Verb{"compare", compare_help_page, &run<CompareOptions, &parse_compare_options, &compare_command>},
    Verb{"dag", dag_help_page, &run<DagOptions, &parse_dag_options, &dag_command>},
    Verb{"evaluate", evaluate_help_page, &run<EvaluateOptions, &parse_evaluate_options, &evaluate_command>},
    Verb{"explain", explain_help_page, &run<ExplainOptions, &parse_explain_options, &explain_command>},
    Verb{"export", export_help_page, &run<ExportOptions, &parse_export_options, &export_command>},
    Verb{"fleet", fleet_help_page, &run<FleetOptions, &parse_fleet_options, &fleet_command>},
    Verb{"import", import_help_page, &run<ImportOptions, &parse_import_options, &import_command>},
    Verb{"pareto", pareto_help_page, &run<ParetoOptions, &parse_pareto_options, &pareto_command>},
    Verb{"sweep", sweep_help_page, &run<SweepOptions, &parse_sweep_options, &sweep_command>},
    Verb{"update", update_help_page, &run<UpdateOptions, &parse_update_options, &update_command>},
};

}  // namespace

ExitStatus plan_or_verb(int argc, const char* const* argv, std::istream& in, std::ostream& out, std::ostream& err) {
    for (const Verb& verb : kVerbs) {
        if (argc > 1 && verb.name == argv[1]) return verb.run(argc - 1, argv + 1, verb.page, in, out, err);
    }
    PlanOptions options;
    if (!parse_plan_options(argc, argv, help_page, out, err, options)) return ExitStatus::kOk;
    if (options.verb == PlanOptions::Verb::kVerify) return verify_command(options, in, out);
    return plan_command(options, in, out, err);
}

}  // namespace carbonedge
