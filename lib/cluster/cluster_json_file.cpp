#include "lib/cluster/cluster_json_file.h"

#include "lib/base/spelling.h"
#include "lib/cluster/cluster_checks.h"

#include <fmt/format.h>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;

IntensityOrigin read_origin(const JsonCursor& cursor) {
    cursor.expect_only({"reference", "source", "licence", "kind", "from_utc", "to_utc", "remark"});
    IntensityOrigin origin;
    origin.reference = cursor.at("reference").text();
    origin.source = cursor.at("source").text();
    origin.kind = cursor.at("kind").text();
    if (origin.kind.empty()) cursor.at("kind").refuse("an intensity of a plan was looked up; its kind is empty");
    if (const auto licence = cursor.find("licence")) origin.licence = licence->text();
    if (const auto from = cursor.find("from_utc")) origin.from_utc = from->text();
    if (const auto to = cursor.find("to_utc")) origin.to_utc = to->text();
    if (const auto remark = cursor.find("remark")) origin.remark = remark->text();
    return origin;
}

Json to_json(const IntensityOrigin& origin) {
    if (!origin.is_resolved()) throw std::logic_error("the intensity " + origin.reference + " was not looked up");
    Json json{{"reference", origin.reference}, {"source", origin.source}};
    if (!origin.licence.empty()) json["licence"] = origin.licence;
    json["kind"] = origin.kind;
    if (!origin.from_utc.empty()) json["from_utc"] = origin.from_utc;
    if (!origin.to_utc.empty()) json["to_utc"] = origin.to_utc;
    if (!origin.remark.empty()) json["remark"] = origin.remark;
    return json;
}

Node read_node(const JsonCursor& cursor) {
    cursor.expect_only({"name", "cpus", "quota_period_ns", "memory_bytes", "threads", "zone", "intensity_gco2e_per_kwh",
                        "intensity_signal", "intensity_scope", "profile", "speed_factor", "idle_power_per_core_watts",
                        "busy_power_per_core_watts", "pue", "embodied_gco2e", "lifetime_seconds", "device",
                        "intensity_origin"});
    Node node;
    node.name = cursor.at("name").text();
    node.cpus = cursor.at("cpus").number();
    node.quota_period = Nanoseconds(cursor.at("quota_period_ns").integer());
    node.memory = Bytes(cursor.at("memory_bytes").integer());
    node.threads = static_cast<int>(cursor.at("threads").integer(1, 1 << 16));
    node.zone = cursor.at("zone").text();
    node.intensity = CarbonIntensity(cursor.at("intensity_gco2e_per_kwh").number());
    node.intensity_signal = cursor.at("intensity_signal").text();
    node.intensity_scope = cursor.at("intensity_scope").text();
    if (const auto profile = cursor.find("profile")) node.profile = profile->text();
    node.speed_factor = cursor.at("speed_factor").number();
    node.idle_power_per_core = Watts(cursor.at("idle_power_per_core_watts").number());
    node.busy_power_per_core = Watts(cursor.at("busy_power_per_core_watts").number());
    node.pue = cursor.at("pue").number();
    if (const auto embodied = cursor.find("embodied_gco2e")) node.embodied = GramsCo2e(embodied->number());
    if (const auto lifetime = cursor.find("lifetime_seconds")) node.lifetime = Seconds(lifetime->number());
    node.device = cursor.at("device").text();
    if (const auto origin = cursor.find("intensity_origin")) node.intensity_origin = read_origin(*origin);
    return node;
}

Json to_json(const Node& node) {
    Json json{{"name", node.name},
              {"cpus", node.cpus},
              {"quota_period_ns", node.quota_period.count()},
              {"memory_bytes", node.memory.value()},
              {"threads", node.threads},
              {"zone", node.zone},
              {"intensity_gco2e_per_kwh", node.intensity.value()},
              {"intensity_signal", node.intensity_signal},
              {"intensity_scope", node.intensity_scope}};
    if (!node.profile.empty()) json["profile"] = node.profile;
    json["speed_factor"] = node.speed_factor;
    json["idle_power_per_core_watts"] = node.idle_power_per_core.value();
    json["busy_power_per_core_watts"] = node.busy_power_per_core.value();
    json["pue"] = node.pue;
    if (node.embodied.value() > 0) json["embodied_gco2e"] = node.embodied.value();
    if (node.lifetime.count() > 0) json["lifetime_seconds"] = node.lifetime.count();
    json["device"] = node.device;
    if (node.intensity_origin) json["intensity_origin"] = to_json(*node.intensity_origin);
    return json;
}

Link read_link(const JsonCursor& cursor, bool with_ends) {
    Link link;
    if (with_ends) {
        cursor.expect_only({"from", "to", "latency_ns", "bandwidth_bytes_per_second", "energy_joules_per_byte",
                            "energy_stated", "zone", "intensity_gco2e_per_kwh", "intensity_origin"});
        link.from = cursor.at("from").text();
        link.to = cursor.at("to").text();
    } else {
        cursor.expect_only({"latency_ns", "bandwidth_bytes_per_second", "energy_joules_per_byte", "energy_stated",
                            "zone", "intensity_gco2e_per_kwh", "intensity_origin"});
    }
    link.latency = Nanoseconds(cursor.at("latency_ns").integer());
    if (const auto bandwidth = cursor.find("bandwidth_bytes_per_second")) {
        link.bandwidth = BytesPerSecond(bandwidth->number(0));
        if (link.bandwidth.value() == 0) {
            bandwidth->refuse(
                "'bandwidth_bytes_per_second' is 0, which carries nothing; leave it out where a link is not limited");
        }
    }
    link.energy_per_byte = JoulesPerByte(cursor.at("energy_joules_per_byte").number());
    if (const auto stated = cursor.find("energy_stated")) {
        link.states_no_energy = stated->boolean() && link.energy_per_byte == JoulesPerByte(0);
    }
    if (const auto zone = cursor.find("zone")) link.zone = zone->text();
    if (const auto intensity = cursor.find("intensity_gco2e_per_kwh")) {
        link.intensity = CarbonIntensity(intensity->number());
    }
    if (const auto origin = cursor.find("intensity_origin")) link.intensity_origin = read_origin(*origin);
    return link;
}

Json to_json(const Link& link, bool with_ends) {
    Json json = Json::object();
    if (with_ends) {
        json["from"] = link.from;
        json["to"] = link.to;
    }
    json["latency_ns"] = link.latency.count();
    if (link.bandwidth.value() > 0) json["bandwidth_bytes_per_second"] = link.bandwidth.value();
    json["energy_joules_per_byte"] = link.energy_per_byte.value();
    if (link.states_no_energy) json["energy_stated"] = true;
    if (!link.zone.empty()) json["zone"] = link.zone;
    if (link.intensity) json["intensity_gco2e_per_kwh"] = link.intensity->value();
    if (link.intensity_origin) json["intensity_origin"] = to_json(*link.intensity_origin);
    return json;
}

TransportCost read_transport(const JsonCursor& cursor) {
    cursor.expect_only({"fixed_ns", "per_byte_ns", "send_cpu_fixed_ns", "send_cpu_per_byte_ns", "receive_cpu_fixed_ns",
                        "receive_cpu_per_byte_ns", "source"});
    TransportCost cost;
    cost.fixed_ns = cursor.at("fixed_ns").number();
    cost.per_byte_ns = cursor.at("per_byte_ns").number();
    cost.send_cpu_fixed_ns = cursor.at("send_cpu_fixed_ns").number();
    cost.send_cpu_per_byte_ns = cursor.at("send_cpu_per_byte_ns").number();
    cost.receive_cpu_fixed_ns = cursor.at("receive_cpu_fixed_ns").number();
    cost.receive_cpu_per_byte_ns = cursor.at("receive_cpu_per_byte_ns").number();
    cost.source = cursor.at("source").text();
    return cost;
}

MessageBuffers read_buffers(const JsonCursor& cursor) {
    cursor.expect_only({"receive", "send", "input"});
    constexpr std::int64_t kMost = std::numeric_limits<int>::max();
    return {static_cast<int>(cursor.at("receive").integer(0, kMost)),
            static_cast<int>(cursor.at("send").integer(0, kMost)),
            static_cast<int>(cursor.at("input").integer(0, kMost))};
}

Json to_json(const TransportCost& cost) {
    return {{"fixed_ns", cost.fixed_ns},
            {"per_byte_ns", cost.per_byte_ns},
            {"send_cpu_fixed_ns", cost.send_cpu_fixed_ns},
            {"send_cpu_per_byte_ns", cost.send_cpu_per_byte_ns},
            {"receive_cpu_fixed_ns", cost.receive_cpu_fixed_ns},
            {"receive_cpu_per_byte_ns", cost.receive_cpu_per_byte_ns},
            {"source", cost.source}};
}

/// The value that a problem is about, so that its line can be told.
JsonCursor place_of(const JsonCursor& cluster, const ClusterProblem& problem) {
    for (const JsonCursor& node : cluster.at("nodes").elements()) {
        if ("node." + node.at("name").text() == problem.section) return node;
    }
    for (const JsonCursor& link : cluster.at("links").elements()) {
        if (fmt::format("link.{}.{}", link.at("from").text(), link.at("to").text()) == problem.section) return link;
    }
    if (problem.section == "link.default") return cluster.at("default_link");
    return cluster.find(problem.section).value_or(cluster);
}

}  // namespace

IdlePolicy idle_policy_from_json(const JsonCursor& cursor) {
    const std::string name = cursor.text();
    std::vector<std::string> names;
    for (const IdlePolicy policy : {IdlePolicy::kNone, IdlePolicy::kAttributed, IdlePolicy::kFull}) {
        if (idle_policy_name(policy) == name) return policy;
        names.emplace_back(idle_policy_name(policy));
    }
    cursor.refuse(unknown_name_message("idle_policy", name, names));
}

Cluster cluster_from_json(const JsonCursor& cursor) {
    cursor.expect_only({"name", "idle_policy", "nodes", "default_link", "links", "gateway", "transport", "buffers"});
    Cluster cluster;
    cluster.name = cursor.at("name").text();
    cluster.idle_policy = idle_policy_from_json(cursor.at("idle_policy"));
    for (const JsonCursor& node : cursor.at("nodes").elements()) cluster.nodes.push_back(read_node(node));
    cluster.default_link = read_link(cursor.at("default_link"), /*with_ends=*/false);
    for (const JsonCursor& link : cursor.at("links").elements()) {
        cluster.links.push_back(read_link(link, /*with_ends=*/true));
    }
    const JsonCursor gateway = cursor.at("gateway");
    gateway.expect_only({"zone", "intensity_gco2e_per_kwh", "intensity_origin"});
    cluster.gateway_zone = gateway.at("zone").text();
    if (const auto intensity = gateway.find("intensity_gco2e_per_kwh")) {
        cluster.gateway_intensity = CarbonIntensity(intensity->number());
    }
    if (const auto origin = gateway.find("intensity_origin")) cluster.gateway_intensity_origin = read_origin(*origin);
    cluster.transport = read_transport(cursor.at("transport"));
    if (const auto buffers = cursor.find("buffers")) cluster.buffers = read_buffers(*buffers);
    if (const auto problem = find_problem(cluster)) {
        place_of(cursor, *problem).refuse(fmt::format("{}: {}", problem->section, problem->problem));
    }
    return cluster;
}

Json cluster_to_json(const Cluster& cluster) {
    Json nodes = Json::array();
    for (const Node& node : cluster.nodes) nodes.push_back(to_json(node));
    Json links = Json::array();
    for (const Link& link : cluster.links) links.push_back(to_json(link, /*with_ends=*/true));
    Json gateway{{"zone", cluster.gateway_zone}};
    if (cluster.gateway_intensity) gateway["intensity_gco2e_per_kwh"] = cluster.gateway_intensity->value();
    if (cluster.gateway_intensity_origin) gateway["intensity_origin"] = to_json(*cluster.gateway_intensity_origin);
    Json json{{"name", cluster.name},
              {"idle_policy", idle_policy_name(cluster.idle_policy)},
              {"nodes", std::move(nodes)},
              {"default_link", to_json(cluster.default_link, /*with_ends=*/false)},
              {"links", std::move(links)},
              {"gateway", std::move(gateway)},
              {"transport", to_json(cluster.transport)}};
    if (cluster.buffers != MessageBuffers{}) {
        json["buffers"] = {
            {"receive", cluster.buffers.receive}, {"send", cluster.buffers.send}, {"input", cluster.buffers.input}};
    }
    return json;
}

}  // namespace carbonedge
