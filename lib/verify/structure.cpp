#include "lib/verify/structure.h"

#include <fmt/format.h>
#include <algorithm>
#include <set>

namespace carbonedge {
namespace {

using Breaches = std::vector<std::string>;

void check_cluster(const Plan& plan, Breaches& breaches) {
    std::set<std::string> names;
    for (const Node& node : plan.cluster.nodes) {
        if (!names.insert(node.name).second) breaches.push_back(fmt::format("node {} is there twice", node.name));
        if (!(node.cpus > 0) || !(node.speed_factor > 0) || node.quota_period.count() <= 0) {
            breaches.push_back(fmt::format("node {} has no cpus, speed or quota period", node.name));
        }
    }
}

void check_profiles(const Plan& plan, Breaches& breaches) {
    if (plan.profiles.empty() || plan.profiles.front().layers.empty()) {
        breaches.emplace_back("there is no profile with rows");
        return;
    }
    if (plan.node_profile.size() != plan.cluster.nodes.size()) {
        breaches.emplace_back("node_profile does not have one entry a node");
    }
    for (const int index : plan.node_profile) {
        if (index < 0 || static_cast<std::size_t>(index) >= plan.profiles.size()) {
            breaches.push_back(fmt::format("node_profile names profile {} of {}", index, plan.profiles.size()));
        }
    }
    const Profile& reference = plan.profiles.front();
    for (const Profile& profile : plan.profiles) {
        const bool same =
            profile.model_sha256 == reference.model_sha256 &&
            std::equal(profile.layers.begin(), profile.layers.end(), reference.layers.begin(), reference.layers.end(),
                       [](const auto& left, const auto& right) { return left.name == right.name; });
        if (!same) breaches.emplace_back("the profiles are not of one model");
    }
}

void check_pipeline(const Plan& plan, std::size_t number, const std::vector<std::vector<Cut>>& cuts,
                    Breaches& breaches) {
    const Pipeline& pipeline = plan.pipelines[number];
    const auto breach = [&](const std::string& text) {
        breaches.push_back(fmt::format("pipeline {}: {}", number, text));
    };
    const std::size_t layers = plan.profiles.front().layers.size();
    if (pipeline.stages.empty()) return breach("has no stage");
    if (pipeline.transfers.size() != pipeline.stages.size() + 1)
        return breach("does not have one transfer more than stages");
    std::set<std::string> used;
    std::size_t expected = 0;
    std::string from(kGateway);
    for (std::size_t s = 0; s < pipeline.stages.size(); ++s) {
        const PlannedStage& stage = pipeline.stages[s];
        if (!find_node(plan.cluster, stage.node)) return breach("node " + stage.node + " is not in the cluster");
        if (!used.insert(stage.node).second) breach("node " + stage.node + " has two stages");
        if (stage.layers.first != expected || stage.layers.end <= stage.layers.first || stage.layers.end > layers) {
            return breach(fmt::format("stage {} covers layers {} to {}; the next is {} and the last {}", s,
                                      stage.layers.first, static_cast<std::int64_t>(stage.layers.end) - 1, expected,
                                      layers - 1));
        }
        for (const std::vector<Cut>& own : cuts) {
            if (stage.layers.end < layers && !own[stage.layers.end].legal) {
                breach(fmt::format("cut {} is not legal: {}", stage.layers.end, own[stage.layers.end].reason));
            }
        }
        if (pipeline.transfers[s].from != from || pipeline.transfers[s].to != stage.node) {
            breach(fmt::format("transfer {} does not lead from {} to {}", s, from, stage.node));
        }
        from = stage.node;
        expected = stage.layers.end;
    }
    if (expected != layers) breach(fmt::format("ends after layer {} of {}", expected, layers));
    if (pipeline.transfers.back().from != from || pipeline.transfers.back().to != kGateway) {
        breach("the last transfer does not lead to the gateway");
    }
}

void check_routing(const Plan& plan, Breaches& breaches) {
    const Routing& routing = plan.routing;
    const auto one_of = [](const std::string& name, std::initializer_list<std::string_view> names) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    if (!one_of(routing.policy, {"single", "round-robin", "node-selection"})) {
        breaches.push_back(fmt::format("unknown routing policy '{}'", routing.policy));
    }
    if (routing.policy == "single" && plan.pipelines.size() > 1) {
        breaches.emplace_back("routing is single but there are several pipelines");
    }
    if (routing.policy != "node-selection") {
        if (!routing.mode.empty() || !routing.variant.empty()) {
            breaches.emplace_back("mode and variant belong to node selection");
        }
        return;
    }
    if (!one_of(routing.mode, {"performance", "balanced", "green"}) ||
        !one_of(routing.variant, {"paper", "si", "minmax"})) {
        breaches.push_back(fmt::format("unknown mode '{}' or variant '{}'", routing.mode, routing.variant));
    }
    for (const Pipeline& pipeline : plan.pipelines) {
        if (pipeline.stages.size() != 1)
            breaches.emplace_back("node selection routes among pipelines of one stage each");
    }
}

}  // namespace

std::vector<std::string> structure_breaches(const Plan& plan) {
    Breaches breaches;
    check_cluster(plan, breaches);
    check_profiles(plan, breaches);
    if (plan.pipelines.empty()) breaches.emplace_back("there is no pipeline");
    if (!breaches.empty()) return breaches;
    std::vector<std::vector<Cut>> cuts;
    for (const Profile& profile : plan.profiles) cuts.push_back(find_cuts(profile));
    for (std::size_t p = 0; p < plan.pipelines.size(); ++p) check_pipeline(plan, p, cuts, breaches);
    check_routing(plan, breaches);
    return breaches;
}

}  // namespace carbonedge
