#include "lib/runtime/accounting.h"

#include "lib/measure/energy_meter.h"

#include <algorithm>

namespace carbonedge {
namespace {

EnergyReading dynamic_energy(const Node& node, Nanoseconds cpu) {
    PowerCurve curve;
    curve.idle_per_core = node.idle_power_per_core;
    curve.busy_per_core = node.busy_power_per_core;
    curve.source = "cluster";
    EnergyReading reading = estimate_energy(to_seconds(cpu), curve);
    reading.joules = reading.joules * node.pue;
    reading.uncertainty = reading.uncertainty * node.pue;
    return reading;
}

}  // namespace

void RunTotals::add(const RequestRecord& request) {
    std::string from(kGateway);
    for (const StageRecord& stage : request.stages) {
        link_bytes[{from, stage.node}] += stage.input_bytes;
        nodes[stage.node].compute_cpu += stage.cpu;
        // The members of a batch were computed at the same time.
        nodes[stage.node].compute_wall += stage.compute / stage.batch;
        from = stage.node;
    }
    if (!request.stages.empty()) link_bytes[{from, std::string(kGateway)}] += request.stages.back().output_bytes;
}

std::vector<NodeRecord> account_nodes(const Cluster& cluster, const RunTotals& totals) {
    std::vector<NodeRecord> records;
    for (const Node& node : cluster.nodes) {
        const auto found = totals.nodes.find(node.name);
        if (found == totals.nodes.end()) continue;
        const RunTotals::NodeTotals& used = found->second;
        NodeRecord record;
        record.node = node.name;
        record.compute_cpu = used.compute_cpu;
        record.total_cpu = used.total_cpu;
        record.throttled = used.throttled;
        record.peak_memory = used.peak_memory;
        record.compute_energy = dynamic_energy(node, used.compute_cpu);
        record.transport_energy = dynamic_energy(node, std::max(used.total_cpu - used.compute_cpu, Nanoseconds(0)));
        const Seconds occupied = std::max(to_seconds(used.compute_wall), to_seconds(used.total_cpu) / node.cpus);
        const Watts idle_power = node.idle_power_per_core * node.cpus * node.pue;
        if (cluster.idle_policy == IdlePolicy::kAttributed) record.idle_energy = idle_power * occupied;
        if (cluster.idle_policy == IdlePolicy::kFull) record.idle_energy = idle_power * to_seconds(totals.wall);
        record.compute_grams = record.compute_energy.joules * node.intensity;
        record.transport_grams = record.transport_energy.joules * node.intensity;
        record.idle_grams = record.idle_energy * node.intensity;
        if (node.lifetime.count() > 0) record.embodied_grams = node.embodied * (occupied / node.lifetime);
        records.push_back(std::move(record));
    }
    return records;
}

LinkTotals account_links(const Cluster& cluster, const RunTotals& totals) {
    LinkTotals sum;
    for (const auto& [ends, bytes] : totals.link_bytes) {
        const Link link = link_between(cluster, ends.first, ends.second);
        const Joules joules = bytes * link.energy_per_byte;
        sum.joules += joules;
        sum.grams += joules * link_intensity(cluster, link, ends.first, ends.second);
    }
    return sum;
}

}  // namespace carbonedge
