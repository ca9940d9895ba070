#pragma once

#include "tools/cli/option_values.h"
#include "tools/plan/problem_options.h"

#include <iosfwd>
#include <string>
#include <string_view>

namespace carbonedge {

/// The command line of carbonedge-plan. Defaults are those of the page. With a verb, `input` is a plan.
struct PlanOptions : ProblemOptions {
    enum class Verb { kPlan, kVerify };

    StandardOptions standard;
    Verb verb = Verb::kPlan;
    std::string policy = "exact";
    std::string mode = "green";
    std::string variant = "minmax";
    std::string name;  ///< "" : from the policy
};

/// False: help or version was printed. Throws UsageError.
bool parse_plan_options(int argc, const char* const* argv, std::string_view page, std::ostream& out, std::ostream& err,
                        PlanOptions& options);

}  // namespace carbonedge
