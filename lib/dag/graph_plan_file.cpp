#include "lib/dag/graph_plan_file.h"

#include "lib/formats/json.h"
#include "lib/formats/schema.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unordered_map>

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;
using Positions = std::unordered_map<std::int64_t, std::size_t>;

constexpr std::int64_t kMostDevices = 1'000'000;
constexpr std::int64_t kMostBytes = std::int64_t{1} << 53;
constexpr double kMostSeconds = 1e15;

Seconds seconds(const JsonCursor& cursor) { return Seconds(cursor.number(0, kMostSeconds)); }
Bytes bytes(const JsonCursor& cursor) { return Bytes(cursor.integer(0, kMostBytes)); }
std::size_t device_count(const JsonCursor& cursor) { return static_cast<std::size_t>(cursor.integer(0, kMostDevices)); }

std::size_t position(const JsonCursor& id, const Positions& positions) {
    const auto entry = positions.find(id.integer());
    if (entry == positions.end()) id.refuse(fmt::format("no operation has the id {}", id.integer()));
    return entry->second;
}

Operation read_operation(const JsonCursor& cursor) {
    cursor.expect_only({"id", "name", "accelerator_can_run", "accelerator_seconds", "cpu_seconds", "transfer_seconds",
                        "memory_bytes", "colour", "consumers"});
    Operation operation;
    operation.id = cursor.at("id").integer();
    operation.name = cursor.at("name").text();
    operation.accelerator_can_run = cursor.at("accelerator_can_run").boolean();
    operation.accelerator_time = seconds(cursor.at("accelerator_seconds"));
    operation.cpu_time = seconds(cursor.at("cpu_seconds"));
    operation.transfer_time = seconds(cursor.at("transfer_seconds"));
    operation.memory = bytes(cursor.at("memory_bytes"));
    operation.colour = cursor.at("colour").integer();
    return operation;
}

Json to_json(const Operation& operation, const OperationGraph& graph) {
    std::vector<std::int64_t> consumers;
    for (const std::size_t consumer : operation.consumers) consumers.push_back(graph.operations[consumer].id);
    return {{"id", operation.id},
            {"name", operation.name},
            {"accelerator_can_run", operation.accelerator_can_run},
            {"accelerator_seconds", operation.accelerator_time.count()},
            {"cpu_seconds", operation.cpu_time.count()},
            {"transfer_seconds", operation.transfer_time.count()},
            {"memory_bytes", operation.memory.value()},
            {"colour", operation.colour},
            {"consumers", consumers}};
}

OperationGraph read_graph(const JsonCursor& cursor, Positions& positions) {
    cursor.expect_only({"name", "accelerators", "cpus", "accelerator_memory_bytes", "operations"});
    OperationGraph graph;
    graph.name = cursor.at("name").text();
    graph.accelerators = device_count(cursor.at("accelerators"));
    graph.cpus = device_count(cursor.at("cpus"));
    graph.accelerator_memory = bytes(cursor.at("accelerator_memory_bytes"));
    const JsonCursor operations = cursor.at("operations");
    for (const JsonCursor& element : operations.elements()) {
        graph.operations.push_back(read_operation(element));
        if (!positions.emplace(graph.operations.back().id, graph.operations.size() - 1).second) {
            element.at("id").refuse(fmt::format("a second operation has the id {}", graph.operations.back().id));
        }
    }
    std::size_t next = 0;
    for (const JsonCursor& element : operations.elements()) {
        std::vector<std::size_t>& consumers = graph.operations[next++].consumers;
        for (const JsonCursor& id : element.at("consumers").elements()) {
            consumers.push_back(position(id, positions));
            if (consumers.size() > 1 && consumers.back() <= consumers[consumers.size() - 2]) {
                id.refuse("'consumers' are not in the order of the operations, or one is there twice");
            }
        }
    }
    if (execution_order(graph).size() != graph.operations.size()) {
        operations.refuse("the consumers form a circle, expected none");
    }
    return graph;
}

Json to_json(const OperationGraph& graph) {
    Json operations = Json::array();
    for (const Operation& operation : graph.operations) operations.push_back(to_json(operation, graph));
    return {{"name", graph.name},
            {"accelerators", graph.accelerators},
            {"cpus", graph.cpus},
            {"accelerator_memory_bytes", graph.accelerator_memory.value()},
            {"operations", std::move(operations)}};
}

GraphCertificate read_certificate(const JsonCursor& cursor) {
    cursor.expect_only({"method", "proven_optimal", "value_seconds", "lower_bound_seconds", "gap", "counters"});
    GraphCertificate certificate;
    certificate.method = cursor.at("method").text();
    certificate.proven_optimal = cursor.at("proven_optimal").boolean();
    certificate.value = seconds(cursor.at("value_seconds"));
    certificate.lower_bound = seconds(cursor.at("lower_bound_seconds"));
    certificate.gap = cursor.at("gap").number(0, 1);
    for (const auto& [name, counter] : cursor.at("counters").members()) certificate.counters[name] = counter.number(0);
    return certificate;
}

Json to_json(const GraphCertificate& certificate) {
    Json counters = Json::object();
    for (const auto& [name, counter] : certificate.counters) counters[name] = counter;
    return {{"method", certificate.method},
            {"proven_optimal", certificate.proven_optimal},
            {"value_seconds", certificate.value.count()},
            {"lower_bound_seconds", certificate.lower_bound.count()},
            {"gap", certificate.gap},
            {"counters", std::move(counters)}};
}

GraphDevice read_device(const JsonCursor& cursor, const Positions& positions, std::vector<bool>& placed) {
    cursor.expect_only({"kind", "load_seconds", "memory_bytes", "operations"});
    GraphDevice device;
    const JsonCursor kind = cursor.at("kind");
    const std::string name = kind.text();
    if (name != "accelerator" && name != "cpu") {
        kind.refuse(fmt::format("unknown kind of device '{}', expected accelerator or cpu", name));
    }
    device.accelerator = name == "accelerator";
    device.load = seconds(cursor.at("load_seconds"));
    device.memory = bytes(cursor.at("memory_bytes"));
    for (const JsonCursor& id : cursor.at("operations").elements()) {
        const std::size_t operation = position(id, positions);
        if (placed[operation]) id.refuse(fmt::format("operation {} is placed twice", id.integer()));
        placed[operation] = true;
        if (!device.operations.empty() && operation < device.operations.back()) {
            id.refuse("'operations' are not in the order of the graph");
        }
        device.operations.push_back(operation);
    }
    return device;
}

Json to_json(const GraphDevice& device, const OperationGraph& graph) {
    std::vector<std::int64_t> ids;
    for (const std::size_t operation : device.operations) ids.push_back(graph.operations[operation].id);
    return {{"kind", device.accelerator ? "accelerator" : "cpu"},
            {"load_seconds", device.load.count()},
            {"memory_bytes", device.memory.value()},
            {"operations", ids}};
}

}  // namespace

GraphPlan read_graph_plan(std::string_view text, const std::string& file) {
    const JsonDocument document = read_json(text, file);
    const JsonCursor root = document.root();
    const JsonCursor schema = root.at("schema");
    expect_schema(schema.text(), "graph-plan", 1, file, schema.line());
    root.expect_only({"schema", "certificate", "devices", "graph"});
    GraphPlan plan;
    Positions positions;
    plan.certificate = read_certificate(root.at("certificate"));
    plan.graph = read_graph(root.at("graph"), positions);
    std::vector<bool> placed(plan.graph.operations.size(), false);
    for (const JsonCursor& device : root.at("devices").elements()) {
        plan.devices.push_back(read_device(device, positions, placed));
    }
    return plan;
}

std::string write_graph_plan(const GraphPlan& plan) {
    Json devices = Json::array();
    for (const GraphDevice& device : plan.devices) devices.push_back(to_json(device, plan.graph));
    Json json = Json::object();
    json["schema"] = schema_text("graph-plan", 1);
    json["certificate"] = to_json(plan.certificate);
    json["devices"] = std::move(devices);
    json["graph"] = to_json(plan.graph);
    return write_json(json);
}

}  // namespace carbonedge
