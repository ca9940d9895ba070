#pragma once

#include "tools/cli/option_values.h"
#include "tools/plan/problem_options.h"

#include <iosfwd>
#include <string>
#include <string_view>

namespace carbonedge {

/// The command line of `carbonedge-plan evaluate`: a plan of ours, a pipeline typed out under its problem, or another
/// planner's plan under a profile and a cluster.
struct EvaluateOptions : ProblemOptions {
    StandardOptions standard;
    std::string subject;   ///< path of our plan, or of the foreign one
    std::string pipeline;  ///< "high:0-12,green:13-52"; "": the plan's own
    std::string from;      ///< name of the foreign format; "": ours
};

/// False: help or version was printed. Throws UsageError.
bool parse_evaluate_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                            std::ostream& err, EvaluateOptions& options);

}  // namespace carbonedge
