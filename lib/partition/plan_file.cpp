#include "lib/partition/plan_file.h"

#include "lib/base/spelling.h"
#include "lib/cluster/cluster_json_file.h"
#include "lib/formats/json.h"
#include "lib/formats/schema.h"
#include "lib/partition/prediction_file.h"
#include "lib/partition/stages_file.h"
#include "lib/profile/embedded_profile_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;
using LayerOnNode = std::pair<std::string, std::string>;

Objective objective_from_json(const JsonCursor& cursor) {
    const std::string name = cursor.text();
    std::vector<std::string> names;
    for (const Objective objective : {Objective::kCarbon, Objective::kEnergy, Objective::kLatency,
                                      Objective::kBottleneck, Objective::kScore, Objective::kNone}) {
        if (objective_name(objective) == name) return objective;
        names.emplace_back(objective_name(objective));
    }
    cursor.refuse(unknown_name_message("objective", name, names));
}

std::string node_from_json(const JsonCursor& cursor, const Cluster& cluster, bool may_be_gateway) {
    const std::string name = cursor.text();
    if (find_node(cluster, name) || (may_be_gateway && name == kGateway)) return name;
    std::vector<std::string> names;
    for (const Node& node : cluster.nodes) names.push_back(node.name);
    cursor.refuse(unknown_name_message("node", name, names));
}

std::vector<std::string> texts(const JsonCursor& cursor) {
    std::vector<std::string> all;
    for (const JsonCursor& element : cursor.elements()) all.push_back(element.text());
    return all;
}

std::vector<LayerOnNode> layers_on_nodes(const JsonCursor& cursor) {
    std::vector<LayerOnNode> all;
    for (const JsonCursor& pair : cursor.elements()) {
        pair.expect_only({"layer", "node"});
        all.emplace_back(pair.at("layer").text(), pair.at("node").text());
    }
    return all;
}

Json to_json(const std::vector<LayerOnNode>& pairs) {
    Json json = Json::array();
    for (const auto& [layer, node] : pairs) json.push_back({{"layer", layer}, {"node", node}});
    return json;
}

/// 0 is no limit that a plan can keep; none is left out.
template <class Number>
Number above_zero(const JsonCursor& cursor, Number number) {
    if (number > 0) return number;
    cursor.refuse("the limit is 0, expected more; leave it out where there is none");
}

Limits read_limits(const JsonCursor& cursor) {
    cursor.expect_only(
        {"latency_mean_ns", "latency_p95_ns", "throughput_per_second", "max_nodes", "pinned", "forbidden"});
    Limits limits;
    const auto count = [](const JsonCursor& limit) { return above_zero(limit, count_from_json(limit)); };
    if (const auto limit = cursor.find("latency_mean_ns")) limits.latency_mean = Nanoseconds(count(*limit));
    if (const auto limit = cursor.find("latency_p95_ns")) limits.latency_p95 = Nanoseconds(count(*limit));
    if (const auto limit = cursor.find("throughput_per_second")) {
        limits.throughput_per_second = above_zero(*limit, limit->number(0));
    }
    if (const auto limit = cursor.find("max_nodes")) limits.max_nodes = static_cast<std::size_t>(count(*limit));
    limits.pinned = layers_on_nodes(cursor.at("pinned"));
    limits.forbidden = layers_on_nodes(cursor.at("forbidden"));
    return limits;
}

Json to_json(const Limits& limits) {
    Json json = Json::object();
    if (limits.latency_mean) json["latency_mean_ns"] = limits.latency_mean->count();
    if (limits.latency_p95) json["latency_p95_ns"] = limits.latency_p95->count();
    if (limits.throughput_per_second) json["throughput_per_second"] = *limits.throughput_per_second;
    if (limits.max_nodes) json["max_nodes"] = *limits.max_nodes;
    json["pinned"] = to_json(limits.pinned);
    json["forbidden"] = to_json(limits.forbidden);
    return json;
}

PlannedStage read_stage(const JsonCursor& cursor, const Cluster& cluster) {
    cursor.expect_only({"first", "end", "node", "busy_ns", "cpu_ns", "memory_bytes", "input_bytes", "parts"});
    PlannedStage stage;
    stage.layers = layer_range(cursor.at("first"), cursor.at("end"));
    stage.node = node_from_json(cursor.at("node"), cluster, /*may_be_gateway=*/false);
    stage.busy = Nanoseconds(count_from_json(cursor.at("busy_ns")));
    stage.cpu = Nanoseconds(count_from_json(cursor.at("cpu_ns")));
    stage.memory = Bytes(count_from_json(cursor.at("memory_bytes")));
    stage.input_bytes = Bytes(count_from_json(cursor.at("input_bytes")));
    stage.parts = parts_from_json(cursor.at("parts"));
    return stage;
}

Json to_json(const PlannedStage& stage) {
    return {{"first", stage.layers.first},
            {"end", stage.layers.end},
            {"node", stage.node},
            {"busy_ns", stage.busy.count()},
            {"cpu_ns", stage.cpu.count()},
            {"memory_bytes", stage.memory.value()},
            {"input_bytes", stage.input_bytes.value()},
            {"parts", parts_to_json(stage.parts)}};
}

PlannedTransfer read_transfer(const JsonCursor& cursor, const Cluster& cluster) {
    cursor.expect_only({"from", "to", "bytes", "time_ns", "parts"});
    PlannedTransfer transfer;
    transfer.from = node_from_json(cursor.at("from"), cluster, /*may_be_gateway=*/true);
    transfer.to = node_from_json(cursor.at("to"), cluster, /*may_be_gateway=*/true);
    transfer.bytes = Bytes(count_from_json(cursor.at("bytes")));
    transfer.time = Nanoseconds(count_from_json(cursor.at("time_ns")));
    transfer.parts = parts_from_json(cursor.at("parts"));
    return transfer;
}

Json to_json(const PlannedTransfer& transfer) {
    return {{"from", transfer.from},
            {"to", transfer.to},
            {"bytes", transfer.bytes.value()},
            {"time_ns", transfer.time.count()},
            {"parts", parts_to_json(transfer.parts)}};
}

Pipeline read_pipeline(const JsonCursor& cursor, const Cluster& cluster, std::size_t layers) {
    cursor.expect_only({"share", "stages", "transfers", "predicted"});
    Pipeline pipeline;
    pipeline.share = cursor.at("share").number(0, 1);
    const JsonCursor stages = cursor.at("stages");
    std::vector<LayerRange> ranges;
    for (const JsonCursor& stage : stages.elements()) {
        pipeline.stages.push_back(read_stage(stage, cluster));
        ranges.push_back(pipeline.stages.back().layers);
    }
    expect_cover(stages, ranges, layers);
    const JsonCursor transfers = cursor.at("transfers");
    for (const JsonCursor& transfer : transfers.elements()) {
        pipeline.transfers.push_back(read_transfer(transfer, cluster));
    }
    if (pipeline.transfers.size() != pipeline.stages.size() + 1) {
        transfers.refuse(
            fmt::format("'transfers' has {} legs, expected {}: one into each stage and one back to the gateway",
                        pipeline.transfers.size(), pipeline.stages.size() + 1));
    }
    pipeline.predicted = prediction_from_json(cursor.at("predicted"));
    return pipeline;
}

Json to_json(const Pipeline& pipeline) {
    Json stages = Json::array();
    for (const PlannedStage& stage : pipeline.stages) stages.push_back(to_json(stage));
    Json transfers = Json::array();
    for (const PlannedTransfer& transfer : pipeline.transfers) transfers.push_back(to_json(transfer));
    return {{"share", pipeline.share},
            {"stages", std::move(stages)},
            {"transfers", std::move(transfers)},
            {"predicted", prediction_to_json(pipeline.predicted)}};
}

Routing read_routing(const JsonCursor& cursor) {
    cursor.expect_only({"policy", "mode", "variant"});
    Routing routing;
    routing.policy = cursor.at("policy").text();
    if (const auto mode = cursor.find("mode")) routing.mode = mode->text();
    if (const auto variant = cursor.find("variant")) routing.variant = variant->text();
    return routing;
}

Json to_json(const Routing& routing) {
    Json json = Json::object();
    json["policy"] = routing.policy;
    if (!routing.mode.empty()) json["mode"] = routing.mode;
    if (!routing.variant.empty()) json["variant"] = routing.variant;
    return json;
}

/// The profiles, and for each node which of them is its.
void read_profiles(const JsonCursor& root, Plan& plan) {
    const JsonCursor profiles = root.at("profiles");
    for (const JsonCursor& lines : profiles.elements()) {
        plan.profiles.push_back(profile_from_json(lines));
        const std::size_t expected = plan.profiles.front().layers.size();
        if (plan.profiles.back().layers.size() != expected) {
            lines.refuse(fmt::format("the profile has {} layers, expected {} as in the first",
                                     plan.profiles.back().layers.size(), expected));
        }
    }
    if (plan.profiles.empty()) profiles.refuse("'profiles' is empty, expected the reference profile");
    const JsonCursor node_profile = root.at("node_profile");
    for (const JsonCursor& index : node_profile.elements()) {
        plan.node_profile.push_back(
            static_cast<int>(index.integer(0, static_cast<std::int64_t>(plan.profiles.size()) - 1)));
    }
    if (plan.node_profile.size() != plan.cluster.nodes.size()) {
        node_profile.refuse(fmt::format("'node_profile' has {} numbers, expected one for each of the {} nodes",
                                        plan.node_profile.size(), plan.cluster.nodes.size()));
    }
}

}  // namespace

Plan read_plan(std::string_view text, const std::string& file) {
    const JsonDocument document = read_json(text, file);
    const JsonCursor root = document.root();
    const JsonCursor schema = root.at("schema");
    const int version = expect_schema(schema.text(), "plan", 2, file, schema.line());
    root.expect_only({"schema", "name", "objective", "carbon_weight", "carbon_reference_gco2e",
                      "latency_reference_seconds", "limits", "predicted", "certificate", "binding", "notes", "routing",
                      "pipelines", "cluster", "node_profile", "profiles"});
    Plan plan;
    plan.cluster = cluster_from_json(root.at("cluster"));
    plan.name = root.at("name").text();
    plan.objective = objective_from_json(root.at("objective"));
    plan.carbon_weight = root.at("carbon_weight").number(0, 1);
    plan.carbon_reference_grams = root.at("carbon_reference_gco2e").number(0);
    plan.latency_reference_seconds = root.at("latency_reference_seconds").number(0);
    plan.limits = read_limits(root.at("limits"));
    plan.predicted = prediction_from_json(root.at("predicted"));
    plan.certificate = certificate_from_json(root.at("certificate"), plan.cluster, version >= 2);
    plan.binding = texts(root.at("binding"));
    plan.notes = texts(root.at("notes"));
    plan.routing = read_routing(root.at("routing"));
    read_profiles(root, plan);
    const JsonCursor pipelines = root.at("pipelines");
    for (const JsonCursor& pipeline : pipelines.elements()) {
        plan.pipelines.push_back(read_pipeline(pipeline, plan.cluster, plan.profiles.front().layers.size()));
    }
    if (plan.pipelines.empty()) pipelines.refuse("'pipelines' is empty, expected at least one");
    return plan;
}

std::string write_plan(const Plan& plan) {
    Json pipelines = Json::array();
    for (const Pipeline& pipeline : plan.pipelines) pipelines.push_back(to_json(pipeline));
    Json profiles = Json::array();
    for (const Profile& profile : plan.profiles) profiles.push_back(profile_to_json(profile));
    Json json = Json::object();
    json["schema"] = schema_text("plan", 2);
    json["name"] = plan.name;
    json["objective"] = objective_name(plan.objective);
    json["carbon_weight"] = plan.carbon_weight;
    json["carbon_reference_gco2e"] = plan.carbon_reference_grams;
    json["latency_reference_seconds"] = plan.latency_reference_seconds;
    json["limits"] = to_json(plan.limits);
    json["predicted"] = prediction_to_json(plan.predicted);
    json["certificate"] = certificate_to_json(plan.certificate);
    json["binding"] = plan.binding;
    json["notes"] = plan.notes;
    json["routing"] = to_json(plan.routing);
    json["pipelines"] = std::move(pipelines);
    json["cluster"] = cluster_to_json(plan.cluster);
    json["node_profile"] = plan.node_profile;
    json["profiles"] = std::move(profiles);
    return write_json(json);
}

}  // namespace carbonedge
