#include "lib/dag/dnn_partitioning_file.h"

#include "lib/formats/json.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <map>

namespace carbonedge {
namespace {

constexpr std::int64_t kMostOperations = 1'000'000;
constexpr double kMostMilliseconds = 1e12;
constexpr double kMostBytes = 9007199254740992.0;  // 2^53, as in our own files

Seconds milliseconds(const JsonCursor& cursor) { return Seconds(cursor.number(0, kMostMilliseconds) / 1000.0); }

Bytes bytes_up(const JsonCursor& cursor) {
    return Bytes(static_cast<Bytes::representation>(std::ceil(cursor.number(0, kMostBytes))));
}

bool zero_or_one(const JsonCursor& cursor) { return cursor.integer(0, 1) == 1; }

Operation read_operation(const JsonCursor& cursor) {
    cursor.expect_only(
        {"id", "name", "supportedOnFpga", "cpuLatency", "fpgaLatency", "isBackwardNode", "colorClass", "size"});
    Operation operation;
    operation.id = cursor.at("id").integer();
    if (const auto name = cursor.find("name")) operation.name = name->text();
    operation.accelerator_can_run = zero_or_one(cursor.at("supportedOnFpga"));
    operation.cpu_time = milliseconds(cursor.at("cpuLatency"));
    operation.accelerator_time = milliseconds(cursor.at("fpgaLatency"));
    const JsonCursor backward = cursor.at("isBackwardNode");
    if (zero_or_one(backward)) {
        backward.refuse(fmt::format("operation {} is of a backward pass, expected an inference graph", operation.id));
    }
    operation.memory = bytes_up(cursor.at("size"));
    return operation;
}

/// Reads operations, and gives those without a colour one of their own: a colour that no other has.
std::map<std::int64_t, std::size_t> read_operations(const JsonCursor& nodes, OperationGraph& graph) {
    std::map<std::int64_t, std::size_t> position_of;
    std::map<std::int64_t, std::int64_t> colour_of;
    std::vector<std::size_t> plain;
    for (const JsonCursor& node : nodes.elements()) {
        const Operation operation = read_operation(node);
        const std::size_t position = graph.operations.size();
        if (!position_of.emplace(operation.id, position).second) {
            node.at("id").refuse(fmt::format("a second operation has the id {}", operation.id));
        }
        graph.operations.push_back(operation);
        if (const auto colour = node.find("colorClass")) {
            const auto [entry, added] =
                colour_of.emplace(colour->integer(), static_cast<std::int64_t>(colour_of.size()));
            graph.operations.back().colour = entry->second;
        } else {
            plain.push_back(position);
        }
    }
    auto next = static_cast<std::int64_t>(colour_of.size());
    for (const std::size_t position : plain) graph.operations[position].colour = next++;
    if (graph.operations.empty()) nodes.refuse("'nodes' is empty, expected at least one operation");
    if (graph.operations.size() > static_cast<std::size_t>(kMostOperations)) {
        nodes.refuse(
            fmt::format("'nodes' has {} operations, at most {} are read", graph.operations.size(), kMostOperations));
    }
    return position_of;
}

std::size_t end_of(const JsonCursor& cursor, const std::map<std::int64_t, std::size_t>& position_of) {
    const std::int64_t id = cursor.integer();
    const auto entry = position_of.find(id);
    if (entry == position_of.end()) cursor.refuse(fmt::format("no operation has the id {}", id));
    return entry->second;
}

void read_edges(const JsonCursor& edges, const std::map<std::int64_t, std::size_t>& position_of,
                OperationGraph& graph) {
    std::vector<bool> has_cost(graph.operations.size(), false);
    for (const JsonCursor& edge : edges.elements()) {
        edge.expect_only({"sourceId", "destId", "cost", "size"});
        const std::size_t from = end_of(edge.at("sourceId"), position_of);
        const std::size_t to = end_of(edge.at("destId"), position_of);
        Operation& source = graph.operations[from];
        if (from == to) edge.refuse(fmt::format("operation {} consumes its own output", source.id));
        if (const auto size = edge.find("size")) (void)size->number(0, kMostBytes);
        const JsonCursor cost = edge.at("cost");
        const Seconds time = milliseconds(cost);
        if (has_cost[from] && time != source.transfer_time) {
            cost.refuse(
                fmt::format("the edges out of operation {} cost {} and {}, expected one cost: an output is sent once",
                            source.id, source.transfer_time.count() * 1000, time.count() * 1000));
        }
        has_cost[from] = true;
        source.transfer_time = time;
        source.consumers.push_back(to);
    }
    for (Operation& operation : graph.operations) {
        std::sort(operation.consumers.begin(), operation.consumers.end());
        operation.consumers.erase(std::unique(operation.consumers.begin(), operation.consumers.end()),
                                  operation.consumers.end());
    }
}

void refuse_circle(const JsonCursor& edges, const OperationGraph& graph) {
    const std::vector<std::size_t> order = execution_order(graph);
    if (order.size() == graph.operations.size()) return;
    std::vector<bool> placed(graph.operations.size(), false);
    for (const std::size_t position : order) placed[position] = true;
    const auto stuck = static_cast<std::size_t>(std::find(placed.begin(), placed.end(), false) - placed.begin());
    edges.refuse(
        fmt::format("the edges form a circle that operation {} waits for, expected none", graph.operations[stuck].id));
}

}  // namespace

OperationGraph read_dnn_partitioning(std::string_view text, const std::string& file) {
    const JsonDocument document = read_json(text, file);
    const JsonCursor root = document.root();
    root.expect_only({"maxSizePerFPGA", "maxFPGAs", "maxCPUs", "nodes", "edges"});
    OperationGraph graph;
    graph.name = file.substr(file.find_last_of('/') + 1);
    constexpr std::int64_t kMostDevices = 1'000'000;
    graph.accelerators = static_cast<std::size_t>(root.at("maxFPGAs").integer(0, kMostDevices));
    graph.cpus = static_cast<std::size_t>(root.at("maxCPUs").integer(0, kMostDevices));
    if (graph.accelerators + graph.cpus == 0) {
        root.at("maxFPGAs").refuse("'maxFPGAs' and 'maxCPUs' are 0, expected at least one device");
    }
    const JsonCursor memory = root.at("maxSizePerFPGA");
    graph.accelerator_memory = Bytes(static_cast<Bytes::representation>(std::floor(memory.number(0, kMostBytes))));
    const std::map<std::int64_t, std::size_t> position_of = read_operations(root.at("nodes"), graph);
    const JsonCursor edges = root.at("edges");
    read_edges(edges, position_of, graph);
    refuse_circle(edges, graph);
    return graph;
}

}  // namespace carbonedge
