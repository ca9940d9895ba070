#include "lib/partition/prediction_file.h"

#include "lib/base/spelling.h"
#include "lib/partition/stages_file.h"

#include <array>
#include <nlohmann/json.hpp>

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;

Provenance provenance_from_json(const JsonCursor& cursor) {
    const std::string name = cursor.text();
    for (const Provenance provenance : {Provenance::kMeasured, Provenance::kEstimated}) {
        if (provenance_name(provenance) == name) return provenance;
    }
    cursor.refuse(unknown_name_message("provenance", name, std::array<std::string, 2>{"measured", "estimated"}));
}

double at_least_zero(const JsonCursor& cursor) { return cursor.number(0); }

std::string node_name(const JsonCursor& cursor, const Cluster& cluster) {
    const std::string name = cursor.text();
    if (find_node(cluster, name)) return name;
    std::vector<std::string> names;
    for (const Node& node : cluster.nodes) names.push_back(node.name);
    cursor.refuse(unknown_name_message("node", name, names));
}

BoundProof proof_from_json(const JsonCursor& cursor, const Cluster& cluster) {
    cursor.expect_only({"bound", "time_price_per_second", "stage_price", "nodes", "relaxed_path"});
    BoundProof proof;
    proof.bound = cursor.at("bound").number();
    proof.time_price = cursor.at("time_price_per_second").number(0);
    proof.stage_price = cursor.at("stage_price").number(0);
    const JsonCursor nodes = cursor.at("nodes");
    for (const JsonCursor& priced : nodes.elements()) {
        priced.expect_only({"node", "price", "refill_price_per_second"});
        proof.nodes.push_back({node_name(priced.at("node"), cluster), priced.at("price").number(0),
                               priced.at("refill_price_per_second").number(0)});
    }
    const JsonCursor path = cursor.at("relaxed_path");
    for (const JsonCursor& stage : path.elements()) {
        stage.expect_only({"first", "end", "node"});
        proof.relaxed_path.push_back(
            {layer_range(stage.at("first"), stage.at("end")), node_name(stage.at("node"), cluster)});
    }
    return proof;
}

Json proof_to_json(const BoundProof& proof) {
    Json nodes = Json::array();
    for (const BoundProof::NodePrice& priced : proof.nodes) {
        nodes.push_back(
            {{"node", priced.node}, {"price", priced.price}, {"refill_price_per_second", priced.refill_price}});
    }
    Json path = Json::array();
    for (const BoundProof::RelaxedStage& stage : proof.relaxed_path) {
        path.push_back({{"first", stage.layers.first}, {"end", stage.layers.end}, {"node", stage.node}});
    }
    return {{"bound", proof.bound},
            {"time_price_per_second", proof.time_price},
            {"stage_price", proof.stage_price},
            {"nodes", std::move(nodes)},
            {"relaxed_path", std::move(path)}};
}

}  // namespace

std::int64_t count_from_json(const JsonCursor& cursor) { return cursor.integer(0, std::int64_t{1} << 53U); }

CarbonParts parts_from_json(const JsonCursor& cursor) {
    cursor.expect_only({"compute_joules", "transport_cpu_joules", "link_joules", "idle_joules", "compute_gco2e",
                        "transport_cpu_gco2e", "link_gco2e", "idle_gco2e", "embodied_gco2e"});
    CarbonParts parts;
    parts.compute_joules = Joules(at_least_zero(cursor.at("compute_joules")));
    parts.transport_cpu_joules = Joules(at_least_zero(cursor.at("transport_cpu_joules")));
    parts.link_joules = Joules(at_least_zero(cursor.at("link_joules")));
    parts.idle_joules = Joules(at_least_zero(cursor.at("idle_joules")));
    parts.compute_grams = GramsCo2e(at_least_zero(cursor.at("compute_gco2e")));
    parts.transport_cpu_grams = GramsCo2e(at_least_zero(cursor.at("transport_cpu_gco2e")));
    parts.link_grams = GramsCo2e(at_least_zero(cursor.at("link_gco2e")));
    parts.idle_grams = GramsCo2e(at_least_zero(cursor.at("idle_gco2e")));
    parts.embodied_grams = GramsCo2e(at_least_zero(cursor.at("embodied_gco2e")));
    return parts;
}

Json parts_to_json(const CarbonParts& parts) {
    return {
        {"compute_joules", parts.compute_joules.value()}, {"transport_cpu_joules", parts.transport_cpu_joules.value()},
        {"link_joules", parts.link_joules.value()},       {"idle_joules", parts.idle_joules.value()},
        {"compute_gco2e", parts.compute_grams.value()},   {"transport_cpu_gco2e", parts.transport_cpu_grams.value()},
        {"link_gco2e", parts.link_grams.value()},         {"idle_gco2e", parts.idle_grams.value()},
        {"embodied_gco2e", parts.embodied_grams.value()}};
}

Prediction prediction_from_json(const JsonCursor& cursor) {
    cursor.expect_only({"latency_mean_ns", "latency_p50_ns", "latency_p95_ns", "throughput_per_second",
                        "pipeline_throughput_per_second", "parts", "uncertainty_joules", "provenance"});
    Prediction prediction;
    prediction.latency_mean = Nanoseconds(count_from_json(cursor.at("latency_mean_ns")));
    prediction.latency_p50 = Nanoseconds(count_from_json(cursor.at("latency_p50_ns")));
    prediction.latency_p95 = Nanoseconds(count_from_json(cursor.at("latency_p95_ns")));
    prediction.throughput_per_second = at_least_zero(cursor.at("throughput_per_second"));
    prediction.pipeline_throughput_per_second = at_least_zero(cursor.at("pipeline_throughput_per_second"));
    prediction.parts = parts_from_json(cursor.at("parts"));
    prediction.uncertainty = Joules(at_least_zero(cursor.at("uncertainty_joules")));
    prediction.provenance = provenance_from_json(cursor.at("provenance"));
    return prediction;
}

Json prediction_to_json(const Prediction& prediction) {
    return {{"latency_mean_ns", prediction.latency_mean.count()},
            {"latency_p50_ns", prediction.latency_p50.count()},
            {"latency_p95_ns", prediction.latency_p95.count()},
            {"throughput_per_second", prediction.throughput_per_second},
            {"pipeline_throughput_per_second", prediction.pipeline_throughput_per_second},
            {"parts", parts_to_json(prediction.parts)},
            {"uncertainty_joules", prediction.uncertainty.value()},
            {"provenance", provenance_name(prediction.provenance)}};
}

Certificate certificate_from_json(const JsonCursor& cursor, const Cluster& cluster, bool with_proof) {
    if (with_proof) {
        cursor.expect_only({"method", "proven_optimal", "value", "lower_bound", "gap", "counters", "proof"});
    } else {
        cursor.expect_only({"method", "proven_optimal", "value", "lower_bound", "gap", "counters"});
    }
    Certificate certificate;
    certificate.method = cursor.at("method").text();
    certificate.proven_optimal = cursor.at("proven_optimal").boolean();
    certificate.value = cursor.at("value").number();
    if (const auto bound = cursor.find("lower_bound")) certificate.lower_bound = bound->number();
    if (const auto gap = cursor.find("gap")) certificate.gap = gap->number();
    for (const auto& [name, counter] : cursor.at("counters").members()) certificate.counters[name] = counter.number();
    if (const auto proof = cursor.find("proof")) certificate.proof = proof_from_json(*proof, cluster);
    return certificate;
}

Json certificate_to_json(const Certificate& certificate) {
    Json json{
        {"method", certificate.method}, {"proven_optimal", certificate.proven_optimal}, {"value", certificate.value}};
    if (certificate.lower_bound) json["lower_bound"] = *certificate.lower_bound;
    if (certificate.gap) json["gap"] = *certificate.gap;
    json["counters"] = certificate.counters.empty() ? Json::object() : Json(certificate.counters);
    if (certificate.proof) json["proof"] = proof_to_json(*certificate.proof);
    return json;
}

}  // namespace carbonedge
