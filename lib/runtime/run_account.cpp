#include "lib/runtime/run_account.h"

#include <algorithm>

namespace carbonedge {
namespace {

/// Estimates of one model err alike, so their bands add.
void add_energy(EnergyReading& sum, const EnergyReading& more) {
    sum.joules += more.joules;
    sum.uncertainty += more.uncertainty;
}

void add_node(std::vector<NodeRecord>& nodes, const NodeRecord& more) {
    const auto found =
        std::find_if(nodes.begin(), nodes.end(), [&more](const NodeRecord& known) { return known.node == more.node; });
    if (found == nodes.end()) {
        nodes.push_back(more);
        return;
    }
    found->compute_cpu += more.compute_cpu;
    found->total_cpu += more.total_cpu;
    found->throttled += more.throttled;
    found->peak_memory = std::max(found->peak_memory, more.peak_memory);
    add_energy(found->compute_energy, more.compute_energy);
    add_energy(found->transport_energy, more.transport_energy);
    found->idle_energy += more.idle_energy;
    found->compute_grams += more.compute_grams;
    found->transport_grams += more.transport_grams;
    found->idle_grams += more.idle_grams;
    found->embodied_grams += more.embodied_grams;
}

}  // namespace

RunAccount::RunAccount(Cluster cluster, Usage at_start, Nanoseconds now)
    : cluster_(std::move(cluster)), at_start_(std::move(at_start)), started_(now) {}

void RunAccount::add(const RequestRecord& request) {
    const std::lock_guard lock(mutex_);
    totals_.add(request);
}

void RunAccount::end_stretch(const Usage& used, Nanoseconds now) {
    totals_.wall = now - started_;
    for (const auto& [node, usage] : used) {
        // A node that was started meanwhile has used nothing before.
        const auto known = at_start_.find(node);
        const NodeUsage before = known == at_start_.end() ? NodeUsage{} : known->second;
        RunTotals::NodeTotals& total = totals_.nodes[node];
        // A node that has ended has no clock any more; what its stages reported is all there is.
        total.total_cpu = std::max(usage.cpu - before.cpu, total.compute_cpu);
        total.throttled = usage.throttled - before.throttled;
        total.peak_memory = usage.peak_memory;
    }
    for (const NodeRecord& record : account_nodes(cluster_, totals_)) add_node(sum_.nodes, record);
    const LinkTotals links = account_links(cluster_, totals_);
    sum_.links.joules += links.joules;
    sum_.links.grams += links.grams;
    totals_ = {};
    at_start_ = used;
    started_ = now;
}

void RunAccount::change(Cluster cluster, const Usage& used, Nanoseconds now) {
    const std::lock_guard lock(mutex_);
    end_stretch(used, now);
    cluster_ = std::move(cluster);
}

RunAccount::Sum RunAccount::finish(const Usage& used, Nanoseconds now) {
    const std::lock_guard lock(mutex_);
    end_stretch(used, now);
    std::vector<NodeRecord> ordered;
    for (const Node& node : cluster_.nodes) {
        for (NodeRecord& record : sum_.nodes) {
            if (record.node == node.name) ordered.push_back(std::move(record));
        }
    }
    sum_.nodes = std::move(ordered);
    return std::move(sum_);
}

RunAccount::Sum RunAccount::so_far(const Usage& used, Nanoseconds now) const {
    std::unique_lock lock(mutex_);
    RunAccount copy(cluster_, at_start_, started_);
    copy.totals_ = totals_;
    copy.sum_ = sum_;
    lock.unlock();
    return copy.finish(used, now);
}

}  // namespace carbonedge
