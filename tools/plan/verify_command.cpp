#include "tools/plan/verify_command.h"

#include "lib/base/atomic_file.h"
#include "lib/formats/schema.h"
#include "lib/partition/plan_file.h"
#include "lib/units/text.h"
#include "lib/verify/verify.h"
#include "tools/plan/dag_command.h"
#include "tools/plan/fleet_command.h"

#include <fmt/format.h>

namespace carbonedge {

ExitStatus verify_command(const PlanOptions& options, std::istream& in, std::ostream& out) {
    const std::string file = options.input == "-" ? "standard input" : options.input;
    const std::string content = read_input(options.input, in);
    std::string text;
    const std::string schema = schema_of(content);
    if (schema.starts_with("carbonedge.graph-plan/") || schema.starts_with("carbonedge.fleet-plan/")) {
        const ExitStatus status = schema.starts_with("carbonedge.graph-plan/")
                                      ? verify_graph_command(content, file, text)
                                      : verify_fleet_command(content, file, text);
        write_output(options.standard.output, options.standard.overwrite, text, out);
        return status;
    }
    const Plan plan = read_plan(content, file);
    const Verification verification = verify_plan(plan);
    for (const std::string& breach : verification.breaches) text += "breach: " + breach + "\n";
    if (verification.passed()) {
        text = fmt::format("plan {} holds: {} {}\n", plan.name, objective_name(plan.objective),
                           number_text(verification.value));
    }
    write_output(options.standard.output, options.standard.overwrite, text, out);
    return verification.passed() ? ExitStatus::kOk : ExitStatus::kNegativeVerdict;
}

}  // namespace carbonedge
