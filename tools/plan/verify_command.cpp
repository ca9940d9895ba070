#include "tools/plan/verify_command.h"

#include "lib/base/atomic_file.h"
#include "lib/partition/plan_file.h"
#include "lib/units/text.h"
#include "lib/verify/verify.h"

#include <fmt/format.h>

namespace carbonedge {

ExitStatus verify_command(const PlanOptions& options, std::istream& in, std::ostream& out) {
    const Plan plan = read_plan(read_input(options.input, in), options.input == "-" ? "standard input" : options.input);
    const Verification verification = verify_plan(plan);
    std::string text;
    for (const std::string& breach : verification.breaches) text += "breach: " + breach + "\n";
    if (verification.passed()) {
        text = fmt::format("plan {} holds: {} {}\n", plan.name, objective_name(plan.objective),
                           number_text(verification.value));
    }
    write_output(options.standard.output, options.standard.overwrite, text, out);
    return verification.passed() ? ExitStatus::kOk : ExitStatus::kNegativeVerdict;
}

}  // namespace carbonedge
