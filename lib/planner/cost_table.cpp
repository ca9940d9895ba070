#include "lib/planner/cost_table.h"

#include <algorithm>
#include <bit>
#include <map>
#include <string_view>

namespace carbonedge {
namespace {

constexpr double kNanosecond = 1e-9;

double seconds(Nanoseconds time) { return static_cast<double>(time.count()) * kNanosecond; }
double number(Bytes bytes) { return static_cast<double>(bytes.value()); }

std::vector<std::vector<double>> range_maxima(const std::vector<LayerProfile>& layers) {
    std::vector<std::vector<double>> maxima(1);
    for (const LayerProfile& layer : layers) maxima[0].push_back(number(layer.peak_bytes));
    for (std::size_t span = 2; span <= layers.size(); span *= 2) {
        const std::vector<double>& half = maxima.back();
        std::vector<double> row(layers.size() - span + 1);
        for (std::size_t i = 0; i < row.size(); ++i) row[i] = std::max(half[i], half[i + span / 2]);
        maxima.push_back(std::move(row));
    }
    return maxima;
}

/// A position is open where every profile in use can be cut there.
std::vector<std::size_t> open_positions(const PlanningProblem& problem, const std::vector<Cut>& reference) {
    std::vector<bool> legal(reference.size(), true);
    for (const Profile& profile : problem.profiles) {
        const std::vector<Cut> cuts = &profile == &problem.profiles.front() ? reference : find_cuts(profile);
        for (std::size_t p = 0; p < legal.size(); ++p) legal[p] = legal[p] && cuts[p].legal;
    }
    std::vector<std::size_t> positions{0};
    if (problem.given_cuts) {
        positions.insert(positions.end(), problem.given_cuts->begin(), problem.given_cuts->end());
    } else {
        for (std::size_t p = 1; p + 1 < legal.size(); ++p) {
            if (legal[p]) positions.push_back(p);
        }
    }
    positions.push_back(reference.size() - 1);
    return positions;
}

}  // namespace

CostTable::CostTable(const PlanningProblem& problem)
    : transport_(problem.cluster.transport),
      buffers_(problem.cluster.buffers),
      idle_policy_(problem.cluster.idle_policy) {
    const std::vector<Cut> cuts = find_cuts(problem.profiles.front());
    for (const Cut& cut : cuts) cut_bytes_.push_back(number(cut.bytes));
    positions_ = open_positions(problem, cuts);

    const Cluster& cluster = problem.cluster;
    for (std::size_t v = 0; v < cluster.nodes.size(); ++v) {
        const auto index = static_cast<std::size_t>(problem.node_profile[v]);
        const Profile& profile = problem.profiles[index];
        NodeTable table;
        table.node = cluster.nodes[v];
        table.scale = index == 0 ? 1.0 / table.node.speed_factor : 1.0;
        table.runtime_base = number(profile.runtime_base_bytes);
        table.boundary = profile.boundary;
        table.wall.push_back(0);
        table.cpu.push_back(0);
        table.weights.push_back(0);
        double highest = 0;
        for (const LayerProfile& layer : profile.layers) {
            table.wall.push_back(table.wall.back() + seconds(layer.latency_median) * table.scale);
            table.cpu.push_back(table.cpu.back() + seconds(layer.cpu_mean) * table.scale);
            table.weights.push_back(table.weights.back() + number(layer.weight_bytes));
            highest = std::max(highest, number(layer.peak_bytes));
        }
        const double loaded = number(profile.load_peak_bytes) - table.runtime_base - highest;
        if (table.weights.back() > 0) table.load_factor = std::max(1.0, loaded / table.weights.back());
        table.peaks = range_maxima(profile.layers);
        nodes_.push_back(std::move(table));
    }

    set_links(cluster);
}

void CostTable::set_links(const Cluster& cluster) {
    const std::size_t ends = nodes_.size() + 1;
    std::map<std::string_view, std::size_t> number_of{{kGateway, gateway()}};
    for (std::size_t v = 0; v < nodes_.size(); ++v) number_of[nodes_[v].node.name] = v;
    // The first link that names a pair counts, as in link_between(), which would look through all of them every time.
    std::vector<const Link*> own(ends * ends, nullptr);
    for (auto link = cluster.links.rbegin(); link != cluster.links.rend(); ++link) {
        const auto from = number_of.find(link->from);
        const auto to = number_of.find(link->to);
        if (from == number_of.end() || to == number_of.end()) continue;
        own[from->second * ends + to->second] = own[to->second * ends + from->second] = &*link;
    }
    const auto name_of = [&](std::size_t end) {
        return end < nodes_.size() ? std::string_view(nodes_[end].node.name) : kGateway;
    };
    links_.assign(ends * ends, LinkCost{});
    for (std::size_t from = 0; from < ends; ++from) {
        for (std::size_t to = 0; to < ends; ++to) {
            if (from == to) continue;
            const Link* named = own[from * ends + to];
            const Link& link = named != nullptr ? *named : cluster.default_link;
            LinkCost& cost = links_[from * ends + to];
            cost.latency = seconds(link.latency);
            cost.per_byte = link.bandwidth.value() > 0 ? 1.0 / link.bandwidth.value() : 0.0;
            cost.joules_per_byte = link.energy_per_byte.value();
            cost.intensity = link_intensity(cluster, link, name_of(from), name_of(to));
        }
    }
}

void CostTable::set_intensities(const Cluster& cluster) {
    for (std::size_t v = 0; v < nodes_.size(); ++v) nodes_[v].node.intensity = cluster.nodes[v].intensity;
    set_links(cluster);
}

Bytes CostTable::cut_bytes(std::size_t position) const {
    return Bytes(static_cast<std::int64_t>(cut_bytes_[position]));
}

double CostTable::peak(const NodeTable& table, LayerRange range) const {
    const auto level = static_cast<std::size_t>(std::bit_width(range.size()) - 1);
    const std::vector<double>& row = table.peaks[level];
    return std::max(row[range.first], row[range.end - (std::size_t{1} << level)]);
}

StageCost CostTable::stage(std::size_t node, LayerRange range) const {
    const NodeTable& table = nodes_[node];
    const double in = cut_bytes_[range.first];
    const double out = cut_bytes_[range.end];
    double border = 0;
    if (range.first > 0) border += table.boundary.fixed_ns + table.boundary.per_byte_ns * in;
    if (range.end < layers()) border += table.boundary.fixed_ns + table.boundary.per_byte_ns * out;
    border *= kNanosecond * table.scale;
    StageCost cost;
    cost.busy = table.wall[range.end] - table.wall[range.first] + border;
    cost.compute_cpu = table.cpu[range.end] - table.cpu[range.first] + border;
    cost.transport_cpu = kNanosecond * (transport_.receive_cpu_fixed_ns + transport_.receive_cpu_per_byte_ns * in +
                                        transport_.send_cpu_fixed_ns + transport_.send_cpu_per_byte_ns * out);
    cost.memory_bytes =
        table.runtime_base + table.load_factor * (table.weights[range.end] - table.weights[range.first]) +
        peak(table, range) + (range.first > 0 ? buffers_.receive : buffers_.input) * in + buffers_.send * out;
    return cost;
}

double CostTable::refill(std::size_t node, const StageCost& cost) const {
    return throttled(node) ? cost.cpu() / nodes_[node].node.cpus : 0.0;
}

double CostTable::occupancy(std::size_t node, const StageCost& cost) const {
    return std::max(cost.busy, refill(node, cost));
}

CarbonParts CostTable::stage_parts(std::size_t node, const StageCost& cost, double mean_latency) const {
    const Node& at = nodes_[node].node;
    const Watts dynamic = (at.busy_power_per_core - at.idle_power_per_core) * at.pue;
    CarbonParts parts;
    parts.compute_joules = dynamic * Seconds(cost.compute_cpu);
    parts.transport_cpu_joules = dynamic * Seconds(cost.transport_cpu);
    const Watts idle = at.idle_power_per_core * at.cpus * at.pue;
    if (idle_policy_ == IdlePolicy::kAttributed) parts.idle_joules = idle * Seconds(occupancy(node, cost));
    if (idle_policy_ == IdlePolicy::kFull) parts.idle_joules = idle * Seconds(mean_latency);
    parts.compute_grams = parts.compute_joules * at.intensity;
    parts.transport_cpu_grams = parts.transport_cpu_joules * at.intensity;
    parts.idle_grams = parts.idle_joules * at.intensity;
    if (at.lifetime.count() > 0) {
        parts.embodied_grams = at.embodied * (occupancy(node, cost) / at.lifetime.count());
    }
    return parts;
}

double CostTable::full_idle_watts(std::size_t node) const {
    const Node& at = nodes_[node].node;
    return idle_policy_ == IdlePolicy::kFull ? at.idle_power_per_core.value() * at.cpus * at.pue : 0.0;
}

double CostTable::full_idle_grams_per_second(std::size_t node) const {
    return (Joules(full_idle_watts(node)) * nodes_[node].node.intensity).value();
}

double CostTable::row_wall(std::size_t node, std::size_t layer) const {
    return nodes_[node].wall[layer + 1] - nodes_[node].wall[layer];
}

double CostTable::row_cpu(std::size_t node, std::size_t layer) const {
    return nodes_[node].cpu[layer + 1] - nodes_[node].cpu[layer];
}

double CostTable::leg_time(std::size_t from, std::size_t to, std::size_t position) const {
    const LinkCost& link = links_[from * (nodes_.size() + 1) + to];
    const double bytes = cut_bytes_[position];
    return link.latency + bytes * link.per_byte + kNanosecond * (transport_.fixed_ns + transport_.per_byte_ns * bytes);
}

bool CostTable::same_link(std::size_t from, std::size_t to, std::size_t other_from, std::size_t other_to) const {
    const std::size_t ends = nodes_.size() + 1;
    return links_[from * ends + to] == links_[other_from * ends + other_to];
}

bool CostTable::same_leg_times(std::size_t from, std::size_t to, std::size_t other_from, std::size_t other_to) const {
    const LinkCost& link = links_[from * (nodes_.size() + 1) + to];
    const LinkCost& other = links_[other_from * (nodes_.size() + 1) + other_to];
    return link.latency == other.latency && link.per_byte == other.per_byte;
}

CarbonParts CostTable::leg_parts(std::size_t from, std::size_t to, std::size_t position) const {
    const LinkCost& link = links_[from * (nodes_.size() + 1) + to];
    CarbonParts parts;
    parts.link_joules = Joules(cut_bytes_[position] * link.joules_per_byte);
    parts.link_grams = parts.link_joules * link.intensity;
    return parts;
}

}  // namespace carbonedge
