#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/planner/policies.h"

#include <fmt/format.h>
#include <algorithm>

namespace carbonedge {
namespace {

constexpr std::string_view kMonolithic = "monolithic";

}  // namespace

const std::vector<std::string>& policy_names() {
    static const std::vector<std::string> names{
        "monolithic=NODE", "best-node", "round-robin", "node-selection", "equal", "equal-layers", "capability", "ram",
        "block",           "pipedream", "one-cut",     "min-cut",        "random"};
    return names;
}

Policy parse_policy(const std::string& text, const std::string& mode, const std::string& variant, std::uint64_t seed) {
    if (text.starts_with(kMonolithic)) {
        if (text.size() <= kMonolithic.size() + 1 || text[kMonolithic.size()] != '=') {
            throw UsageError(fmt::format("--policy: '{}' names no node, expected monolithic=NODE", text));
        }
        return {Policy::Kind::kMonolithic, text.substr(kMonolithic.size() + 1), "", "", seed};
    }
    const std::vector<std::string>& names = policy_names();
    const auto found = std::find(names.begin(), names.end(), text);
    if (found == names.end()) {
        std::vector<std::string> valid{"exact"};
        valid.insert(valid.end(), names.begin(), names.end());
        throw UsageError("--policy: " + unknown_name_message("policy", text, valid));
    }
    const auto kind = static_cast<Policy::Kind>(found - names.begin());
    const bool scored = kind == Policy::Kind::kNodeSelection;
    return {kind, "", scored ? mode : "", scored ? variant : "", seed};
}

std::string policy_plan_name(const Policy& policy) {
    switch (policy.kind) {
        case Policy::Kind::kMonolithic:
            return "monolithic-" + policy.node;
        case Policy::Kind::kNodeSelection:
            return policy.mode + "-" + policy.variant;
        case Policy::Kind::kEqual:
        case Policy::Kind::kCapability:
            return policy_names()[static_cast<std::size_t>(policy.kind)] + "-split";
        default:
            return policy_names()[static_cast<std::size_t>(policy.kind)];
    }
}

std::vector<Policy> all_policies(const std::string& mode, std::uint64_t seed) {
    std::vector<Policy> policies;
    for (const std::string& name : policy_names()) {
        if (name.starts_with(kMonolithic)) continue;
        if (name == "node-selection") {
            for (const char* variant : {"paper", "si", "minmax"}) {
                policies.push_back(parse_policy(name, mode, variant, seed));
            }
        } else {
            policies.push_back(parse_policy(name, mode, "", seed));
        }
    }
    return policies;
}

bool routes_requests(const Policy& policy) {
    return policy.kind == Policy::Kind::kRoundRobin || policy.kind == Policy::Kind::kNodeSelection;
}

}  // namespace carbonedge
