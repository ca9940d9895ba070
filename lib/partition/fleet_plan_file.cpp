#include "lib/partition/fleet_plan_file.h"

#include "lib/formats/json.h"
#include "lib/formats/schema.h"
#include "lib/partition/plan_file.h"
#include "lib/partition/prediction_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;

FleetCertificate read_certificate(const JsonCursor& cursor) {
    cursor.expect_only(
        {"method", "proven_optimal", "value_gco2e_per_second", "lower_bound_gco2e_per_second", "gap", "counters"});
    FleetCertificate certificate;
    certificate.method = cursor.at("method").text();
    certificate.proven_optimal = cursor.at("proven_optimal").boolean();
    certificate.value = cursor.at("value_gco2e_per_second").number(0);
    certificate.lower_bound = cursor.at("lower_bound_gco2e_per_second").number();
    certificate.gap = cursor.at("gap").number(0);
    for (const auto& [name, counter] : cursor.at("counters").members()) certificate.counters[name] = counter.number();
    return certificate;
}

Json to_json(const FleetCertificate& certificate) {
    Json counters = Json::object();
    for (const auto& [name, counter] : certificate.counters) counters[name] = counter;
    return {{"method", certificate.method},
            {"proven_optimal", certificate.proven_optimal},
            {"value_gco2e_per_second", certificate.value},
            {"lower_bound_gco2e_per_second", certificate.lower_bound},
            {"gap", certificate.gap},
            {"counters", std::move(counters)}};
}

FleetNodeUse read_use(const JsonCursor& cursor) {
    cursor.expect_only(
        {"node", "memory_bytes", "cores", "memory_price_gco2e_per_second", "cores_price_gco2e_per_second"});
    FleetNodeUse use;
    use.node = cursor.at("node").text();
    use.memory = Bytes(count_from_json(cursor.at("memory_bytes")));
    use.cores = cursor.at("cores").number(0);
    use.memory_price = cursor.at("memory_price_gco2e_per_second").number(0);
    use.cores_price = cursor.at("cores_price_gco2e_per_second").number(0);
    return use;
}

Json to_json(const FleetNodeUse& use) {
    return {{"node", use.node},
            {"memory_bytes", use.memory.value()},
            {"cores", use.cores},
            {"memory_price_gco2e_per_second", use.memory_price},
            {"cores_price_gco2e_per_second", use.cores_price}};
}

}  // namespace

FleetPlan read_fleet_plan(std::string_view text, const std::string& file) {
    const JsonDocument document = read_json(text, file);
    const JsonCursor root = document.root();
    const JsonCursor schema = root.at("schema");
    expect_schema(schema.text(), "fleet-plan", 1, file, schema.line());
    root.expect_only({"schema", "max_load", "certificate", "nodes", "models"});
    FleetPlan fleet;
    fleet.max_load = root.at("max_load").number(0, 1);
    fleet.certificate = read_certificate(root.at("certificate"));
    for (const JsonCursor& use : root.at("nodes").elements()) fleet.nodes.push_back(read_use(use));
    const JsonCursor models = root.at("models");
    std::set<std::string> names;
    for (const JsonCursor& model : models.elements()) {
        model.expect_only({"name", "rate_per_second", "plan"});
        FleetMember member;
        member.name = model.at("name").text();
        if (!names.insert(member.name).second) {
            model.at("name").refuse(fmt::format("a second model has the name '{}'", member.name));
        }
        member.rate_per_second = model.at("rate_per_second").number(0);
        member.plan =
            read_plan(write_json(model.at("plan").value()), fmt::format("{} (plan of {})", file, member.name));
        fleet.members.push_back(std::move(member));
    }
    if (fleet.members.empty()) models.refuse("'models' is empty, expected at least one");
    return fleet;
}

std::string write_fleet_plan(const FleetPlan& fleet) {
    Json nodes = Json::array();
    for (const FleetNodeUse& use : fleet.nodes) nodes.push_back(to_json(use));
    Json models = Json::array();
    for (const FleetMember& member : fleet.members) {
        models.push_back({{"name", member.name},
                          {"rate_per_second", member.rate_per_second},
                          {"plan", Json::parse(write_plan(member.plan))}});
    }
    Json json = Json::object();
    json["schema"] = schema_text("fleet-plan", 1);
    json["max_load"] = fleet.max_load;
    json["certificate"] = to_json(fleet.certificate);
    json["nodes"] = std::move(nodes);
    json["models"] = std::move(models);
    return write_json(json);
}

}  // namespace carbonedge
