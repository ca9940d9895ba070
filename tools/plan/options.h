#pragma once

#include "lib/partition/plan.h"
#include "tools/cli/option_values.h"

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carbonedge {

/// The command line of carbonedge-plan. Defaults are those of the page.
struct PlanOptions {
    enum class Verb { kPlan, kVerify, kEvaluate };

    StandardOptions standard;
    Verb verb = Verb::kPlan;
    std::string input;    ///< profile or partition; with a verb: a plan
    std::string cluster;  ///< path
    std::optional<Objective> objective;
    double carbon_weight = 0.5;
    Limits limits;
    bool keep_cuts = false;
    std::string policy = "exact";
    std::string mode = "green";
    std::string variant = "minmax";
    std::string name;  ///< "" : from the policy
    std::optional<IdlePolicy> idle;
    std::vector<std::pair<std::string, std::string>> node_profiles;  ///< node, path
    std::string pipeline;                                            ///< evaluate: "high:0-12,green:13-52"
};

/// False: help or version was printed. Throws UsageError.
bool parse_plan_options(int argc, const char* const* argv, std::string_view page, std::ostream& out, std::ostream& err,
                        PlanOptions& options);

}  // namespace carbonedge
