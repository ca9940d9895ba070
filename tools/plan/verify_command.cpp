#include "tools/plan/verify_command.h"

#include "lib/base/atomic_file.h"
#include "lib/formats/schema.h"
#include "lib/partition/plan_file.h"
#include "lib/units/text.h"
#include "lib/verify/verify.h"
#include "tools/plan/dag_command.h"
#include "tools/plan/fleet_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>

namespace carbonedge {
namespace {

/// What is proven without trusting the planner, and what is not.
std::string bound_text(const Plan& plan, const Verification& verification) {
    const Certificate& certificate = plan.certificate;
    if (!certificate.lower_bound) return "bound: none is claimed\n";
    std::string text;
    if (verification.proven_bound) {
        const double gap = verification.value > 0 ? 1 - *verification.proven_bound / verification.value : 0;
        text += fmt::format("bound: its prices prove at least {} (gap {:.3f} %)\n",
                            number_text(*verification.proven_bound), 100 * std::max(0.0, gap));
    }
    if (verification.bound_enumerated && plan.objective == Objective::kBottleneck) {
        return text +
               fmt::format("bound: {} proven once more, every pipeline tried\n", number_text(*certificate.lower_bound));
    }
    if (verification.bound_enumerated) {
        return text + fmt::format("bound: {} proven once more, {} stages tried\n",
                                  number_text(*certificate.lower_bound), verification.stages_tried);
    }
    return text + fmt::format("bound: {} rests on the planner's search ({})\n", number_text(*certificate.lower_bound),
                              certificate.method);
}

}  // namespace

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
    const Verification verification = verify_plan(plan, kPatientEnumeration);
    for (const std::string& breach : verification.breaches) text += "breach: " + breach + "\n";
    if (verification.passed()) {
        text = fmt::format("plan {} holds: {} {}\n", plan.name, objective_name(plan.objective),
                           number_text(verification.value));
        text += bound_text(plan, verification);
        if (!verification.binding_undecided.empty()) {
            text += fmt::format("binding: whether these bind rests on the planner's search: {}\n",
                                fmt::join(verification.binding_undecided, ", "));
        }
    }
    write_output(options.standard.output, options.standard.overwrite, text, out);
    return verification.passed() ? ExitStatus::kOk : ExitStatus::kNegativeVerdict;
}

}  // namespace carbonedge
