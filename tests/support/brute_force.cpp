#include "tests/support/brute_force.h"

#include <algorithm>
#include <set>

namespace carbonedge {
namespace {

double bytes_across(const Profile& profile, std::size_t cut) {
    std::set<std::int64_t> made;
    std::set<std::int64_t> needed;
    for (const ValueRef& value : profile.input_values) made.insert(value.id);
    for (std::size_t l = 0; l < profile.layers.size(); ++l) {
        for (const ValueRef& value : profile.layers[l].outputs) {
            if (l < cut) made.insert(value.id);
        }
        for (const std::int64_t id : profile.layers[l].inputs) {
            if (l >= cut) needed.insert(id);
        }
    }
    for (const std::int64_t id : profile.output_values) needed.insert(id);
    double sum = 0;
    const auto add = [&](const ValueRef& value) {
        if (made.count(value.id) && needed.count(value.id)) sum += static_cast<double>(value.bytes.value());
    };
    for (const ValueRef& value : profile.input_values) add(value);
    for (const LayerProfile& layer : profile.layers) {
        for (const ValueRef& value : layer.outputs) add(value);
    }
    return sum;
}

std::string name_of(const Plan& problem, std::size_t end) {
    return end < problem.cluster.nodes.size() ? problem.cluster.nodes[end].name : "gateway";
}

Link link_of(const Plan& problem, const std::string& from, const std::string& to) {
    for (const Link& link : problem.cluster.links) {
        if ((link.from == from && link.to == to) || (link.from == to && link.to == from)) return link;
    }
    return problem.cluster.default_link;
}

double link_grams_per_kwh(const Plan& problem, const Link& link, std::size_t from, std::size_t to) {
    if (link.intensity) return link.intensity->value();
    const std::size_t gateway = problem.cluster.nodes.size();
    const auto intensity = [&](std::size_t end, std::size_t other) {
        if (end < gateway) return problem.cluster.nodes[end].intensity.value();
        if (problem.cluster.gateway_intensity) return problem.cluster.gateway_intensity->value();
        return problem.cluster.nodes[other].intensity.value();
    };
    return (intensity(from, to) + intensity(to, from)) / 2;
}

}  // namespace

BruteCost brute_cost(const Plan& problem, const std::vector<BruteStage>& pipeline) {
    const Cluster& cluster = problem.cluster;
    const TransportCost& transport = cluster.transport;
    const std::size_t layers = problem.profiles[0].layers.size();
    BruteCost cost;
    std::vector<double> occupancies;
    for (std::size_t leg = 0; leg <= pipeline.size(); ++leg) {
        const std::size_t from = leg == 0 ? cluster.nodes.size() : pipeline[leg - 1].node;
        const std::size_t to = leg == pipeline.size() ? cluster.nodes.size() : pipeline[leg].node;
        const double bytes = bytes_across(problem.profiles[0], leg == pipeline.size() ? layers : pipeline[leg].first);
        const Link link = link_of(problem, name_of(problem, from), name_of(problem, to));
        double tau = static_cast<double>(link.latency.count()) / 1e9;
        if (link.bandwidth.value() > 0) tau += bytes / link.bandwidth.value();
        tau += (transport.fixed_ns + transport.per_byte_ns * bytes) / 1e9;
        cost.a += tau;
        cost.bottleneck = std::max(cost.bottleneck, tau);
        const double joules = bytes * link.energy_per_byte.value();
        cost.joules += joules;
        cost.grams += joules / 3.6e6 * link_grams_per_kwh(problem, link, from, to);
    }
    for (const BruteStage& stage : pipeline) {
        const Node& node = cluster.nodes[stage.node];
        const int index = problem.node_profile[stage.node];
        const Profile& profile = problem.profiles[static_cast<std::size_t>(index)];
        const double slowdown = index == 0 ? 1 / node.speed_factor : 1;
        const double in = bytes_across(problem.profiles[0], stage.first);
        const double out = bytes_across(problem.profiles[0], stage.end);
        double wall = 0;
        double cpu = 0;
        double weights = 0;
        double peak = 0;
        for (std::size_t l = stage.first; l < stage.end; ++l) {
            wall += static_cast<double>(profile.layers[l].latency_median.count());
            cpu += static_cast<double>(profile.layers[l].cpu_mean.count());
            weights += static_cast<double>(profile.layers[l].weight_bytes.value());
            peak = std::max(peak, static_cast<double>(profile.layers[l].peak_bytes.value()));
        }
        double border = 0;
        if (stage.first != 0) border += profile.boundary.fixed_ns + profile.boundary.per_byte_ns * in;
        if (stage.end != layers) border += profile.boundary.fixed_ns + profile.boundary.per_byte_ns * out;
        const double busy = (wall + border) * slowdown / 1e9;
        const double compute = (cpu + border) * slowdown / 1e9;
        const double shipping = (transport.receive_cpu_fixed_ns + transport.receive_cpu_per_byte_ns * in +
                                 transport.send_cpu_fixed_ns + transport.send_cpu_per_byte_ns * out) /
                                1e9;
        const double refill = node.threads > node.cpus ? (compute + shipping) / node.cpus : 0;
        occupancies.push_back(std::max(busy, refill));
        cost.a += busy;
        cost.b = std::max(cost.b, refill);
        cost.bottleneck = std::max(cost.bottleneck, occupancies.back());
        const double watts = (node.busy_power_per_core.value() - node.idle_power_per_core.value()) * node.pue;
        cost.joules += (compute + shipping) * watts;
        cost.grams += (compute + shipping) * watts / 3.6e6 * node.intensity.value();
        if (node.lifetime.count() > 0) {
            cost.grams += occupancies.back() / node.lifetime.count() * node.embodied.value();
        }
        double all_weights = 0;
        double all_peak = 0;
        for (const LayerProfile& layer : profile.layers) {
            all_weights += static_cast<double>(layer.weight_bytes.value());
            all_peak = std::max(all_peak, static_cast<double>(layer.peak_bytes.value()));
        }
        const double base = static_cast<double>(profile.runtime_base_bytes.value());
        const double factor =
            std::max(1.0, (static_cast<double>(profile.load_peak_bytes.value()) - base - all_peak) / all_weights);
        const double need = base + factor * weights + peak +
                            in * (stage.first == 0 ? cluster.buffers.input : cluster.buffers.receive) +
                            out * cluster.buffers.send;
        cost.worst_memory_excess =
            std::max(cost.worst_memory_excess, need / static_cast<double>(node.memory.value()) - 1);
    }
    for (std::size_t s = 0; s < pipeline.size(); ++s) {
        const Node& node = cluster.nodes[pipeline[s].node];
        double seconds = 0;
        if (cluster.idle_policy == IdlePolicy::kAttributed) seconds = occupancies[s];
        if (cluster.idle_policy == IdlePolicy::kFull) seconds = cost.latency();
        const double joules = node.idle_power_per_core.value() * node.cpus * seconds * node.pue;
        cost.joules += joules;
        cost.grams += joules / 3.6e6 * node.intensity.value();
    }
    return cost;
}

void for_every_pipeline(const Plan& problem, const std::function<void(const std::vector<BruteStage>&)>& visit) {
    const std::size_t layers = problem.profiles[0].layers.size();
    std::vector<BruteStage> pipeline;
    const std::function<void(std::size_t)> grow = [&](std::size_t first) {
        if (first == layers) {
            visit(pipeline);
            return;
        }
        for (std::size_t node = 0; node < problem.cluster.nodes.size(); ++node) {
            const bool taken = std::any_of(pipeline.begin(), pipeline.end(),
                                           [&](const BruteStage& stage) { return stage.node == node; });
            if (taken) continue;
            for (std::size_t end = first + 1; end <= layers; ++end) {
                if (end < layers && !problem.profiles[0].layers[end - 1].cut_after) continue;
                pipeline.push_back({node, first, end});
                grow(end);
                pipeline.pop_back();
            }
        }
    };
    grow(0);
}

double brute_value(const Plan& problem, const BruteCost& cost) {
    switch (problem.objective) {
        case Objective::kCarbon:
            return cost.grams;
        case Objective::kEnergy:
            return cost.joules;
        case Objective::kLatency:
            return cost.latency();
        case Objective::kBottleneck:
            return cost.bottleneck;
        case Objective::kNone:
            return 0;
        case Objective::kScore:
            break;
    }
    double grams = 1e300;
    double seconds = 1e300;
    for (std::size_t v = 0; v < problem.cluster.nodes.size(); ++v) {
        const std::vector<BruteStage> alone{{v, 0, problem.profiles[0].layers.size()}};
        const BruteCost single = brute_cost(problem, alone);
        Plan unlimited = problem;
        unlimited.limits = {};
        unlimited.limits.pinned = problem.limits.pinned;
        unlimited.limits.forbidden = problem.limits.forbidden;
        if (!brute_allowed(unlimited, alone, single)) continue;
        grams = std::min(grams, single.grams);
        seconds = std::min(seconds, single.latency());
    }
    if (grams == 1e300) {
        for (std::size_t v = 0; v < problem.cluster.nodes.size(); ++v) {
            const BruteCost single = brute_cost(problem, {{v, 0, problem.profiles[0].layers.size()}});
            grams = std::min(grams, single.grams);
            seconds = std::min(seconds, single.latency());
        }
    }
    return problem.carbon_weight * cost.grams / grams + (1 - problem.carbon_weight) * cost.latency() / seconds;
}

bool brute_allowed(const Plan& problem, const std::vector<BruteStage>& pipeline, const BruteCost& cost) {
    const Limits& limits = problem.limits;
    if (cost.worst_memory_excess > 0) return false;
    if (limits.latency_mean && cost.latency() > static_cast<double>(limits.latency_mean->count()) / 1e9) return false;
    if (limits.throughput_per_second && cost.bottleneck > 1 / *limits.throughput_per_second) return false;
    if (limits.max_nodes && pipeline.size() > *limits.max_nodes) return false;
    for (const BruteStage& stage : pipeline) {
        const std::string& node = problem.cluster.nodes[stage.node].name;
        for (std::size_t l = stage.first; l < stage.end; ++l) {
            const std::string& layer = problem.profiles[0].layers[l].name;
            for (const auto& [wanted, at] : limits.pinned) {
                if (wanted == layer && at != node) return false;
            }
            for (const auto& [banned, at] : limits.forbidden) {
                if ((banned == "*" || banned == layer) && at == node) return false;
            }
        }
    }
    return true;
}

}  // namespace carbonedge
