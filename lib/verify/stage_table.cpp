#include "lib/verify/stage_table.h"

#include <algorithm>

namespace carbonedge {
namespace {

/// How much room a limit is given: enough that a stage which a planner takes for exactly within it is not left out.
constexpr double kRoom = 1e-11;

/// For every layer whether the node may not run it.
std::vector<bool> banned_on(const Plan& plan, const std::string& node) {
    const std::vector<LayerProfile>& layers = plan.profiles.front().layers;
    std::vector<bool> banned(layers.size(), false);
    for (std::size_t l = 0; l < layers.size(); ++l) {
        for (const auto& [layer, at] : plan.limits.pinned)
            banned[l] = banned[l] || (layer == layers[l].name && at != node);
        for (const auto& [layer, at] : plan.limits.forbidden) {
            banned[l] = banned[l] || ((layer == "*" || layer == layers[l].name) && at == node);
        }
    }
    return banned;
}

double largest_time(const std::optional<double>& rate) { return rate ? 1 / *rate * (1 + kRoom) : kNever; }

}  // namespace

StageTable::StageTable(const Plan& plan, const Recomputer& recomputer, Keep keep)
    : nodes_(plan.cluster.nodes.size()), positions_(legal_positions(plan)) {
    const bool given = cuts_are_given(plan);
    if (given) {
        positions_.assign(1, 0);
        for (const PlannedStage& stage : plan.pipelines.front().stages) positions_.push_back(stage.layers.end);
    }
    double per_gram = 0;
    double per_joule = 0;
    if (plan.objective == Objective::kCarbon) per_gram = 1;
    if (plan.objective == Objective::kEnergy) per_joule = 1;
    if (plan.objective == Objective::kLatency) latency_weight_ = 1;
    if (plan.objective == Objective::kScore) {
        per_gram = plan.carbon_weight / recomputer.references().carbon_grams;
        latency_weight_ = (1 - plan.carbon_weight) / recomputer.references().latency_seconds;
    }
    const double slowest = largest_time(plan.limits.throughput_per_second);
    const double most_refill =
        plan.limits.latency_mean ? to_seconds(*plan.limits.latency_mean).count() * (1 + kRoom) : kNever;
    time_.assign(nodes_ * cuts() * cuts(), kNever);
    refill_.assign(time_.size(), 0);
    cost_.assign(time_.size(), 0);
    for (std::size_t v = 0; v < nodes_; ++v) {
        const Node& node = plan.cluster.nodes[v];
        const Watts idle = node.idle_power_per_core * (node.cpus * node.pue);
        const bool attributed = plan.cluster.idle_policy == IdlePolicy::kAttributed;
        const double full = plan.cluster.idle_policy == IdlePolicy::kFull ? 1.0 : 0.0;
        const Joules second = idle * Seconds(1);
        node_latency_weight_.push_back(full *
                                       (per_joule * second.value() + per_gram * (second * node.intensity).value()));
        const std::vector<bool> banned = banned_on(plan, node.name);
        for (std::size_t a = 0; a + 1 < cuts(); ++a) {
            const auto take = [&](std::size_t end, const RecomputedStage& stage) {
                if (banned[end - 1]) return false;
                const auto place = std::lower_bound(positions_.begin(), positions_.end(), end);
                if (place == positions_.end() || *place != end) return true;
                const std::size_t index = at(v, a, static_cast<std::size_t>(place - positions_.begin()));
                if (given && index != at(v, a, a + 1)) return false;
                if (stage.memory_bytes > static_cast<double>(node.memory.value()) * (1 + kRoom)) return true;
                if (stage.occupancy.count() > slowest || stage.refill.count() > most_refill) return true;
                CarbonParts parts = stage.parts;
                if (attributed) {
                    parts.idle_joules = idle * stage.occupancy;
                    parts.idle_grams = parts.idle_joules * node.intensity;
                }
                time_[index] = stage.busy.count();
                refill_[index] = stage.refill.count();
                cost_[index] = per_gram * parts.grams().value() + per_joule * parts.joules().value();
                return true;
            };
            recomputer.stages_from(v, positions_[a], take);
        }
    }
    fill_legs(plan, recomputer.cuts(), per_gram, per_joule);
    double limit = kNever;
    for (const auto& latency : {plan.limits.latency_mean, plan.limits.latency_p95}) {
        if (latency) limit = std::min(limit, to_seconds(*latency).count() * (1 + kRoom));
    }
    if (keep == Keep::kWithinLatency && limit < kNever) drop_beyond(limit);
}

void StageTable::drop_beyond(double most_seconds) {
    // Least time to the beginning and the end of a stage, and from there to the gateway.
    const std::size_t last = cuts() - 1;
    std::vector<double> to_start(nodes_ * cuts(), kNever);
    std::vector<double> to_end(nodes_ * cuts(), kNever);
    std::vector<double> from_start(nodes_ * cuts(), kNever);
    std::vector<double> from_end(nodes_ * cuts(), kNever);
    const auto least = [](double& best, double value) { best = std::min(best, value); };
    for (std::size_t c = 0; c < last; ++c) {
        for (std::size_t w = 0; w < nodes_; ++w) {
            double& start = to_start[w * cuts() + c];
            if (c == 0) start = leg_time_[leg(nodes_, w, 0)];
            for (std::size_t v = 0; v < nodes_ && c > 0; ++v) {
                least(start, to_end[v * cuts() + c] + leg_time_[leg(v, w, c)]);
            }
            for (std::size_t to = c + 1; to <= last; ++to) least(to_end[w * cuts() + to], start + time_[at(w, c, to)]);
        }
    }
    for (std::size_t c = last + 1; c-- > 0;) {
        for (std::size_t v = 0; v < nodes_; ++v) {
            double& end = from_end[v * cuts() + c];
            if (c == last) end = leg_time_[leg(v, nodes_, last)];
            for (std::size_t w = 0; w < nodes_ && c > 0 && c < last; ++w) {
                least(end, leg_time_[leg(v, w, c)] + from_start[w * cuts() + c]);
            }
        }
        for (std::size_t v = 0; v < nodes_; ++v) {
            for (std::size_t from = 0; from < c; ++from) {
                least(from_start[v * cuts() + from], time_[at(v, from, c)] + from_end[v * cuts() + c]);
            }
        }
    }
    const auto drop = [&](double before, double& here, double after) {
        if (before + here + after > most_seconds) here = kNever;
    };
    for (std::size_t v = 0; v < nodes_; ++v) {
        for (std::size_t from = 0; from < last; ++from) {
            for (std::size_t to = from + 1; to <= last; ++to) {
                drop(to_start[v * cuts() + from], time_[at(v, from, to)], from_end[v * cuts() + to]);
            }
        }
    }
    for (std::size_t c = 0; c < last; ++c) {
        for (std::size_t w = 0; w < nodes_; ++w) {
            if (c == 0) drop(0, leg_time_[leg(nodes_, w, 0)], from_start[w * cuts()]);
            for (std::size_t v = 0; v < nodes_ && c > 0; ++v) {
                drop(to_end[v * cuts() + c], leg_time_[leg(v, w, c)], from_start[w * cuts() + c]);
            }
        }
    }
}

void StageTable::fill_legs(const Plan& plan, const std::vector<Cut>& all, double per_gram, double per_joule) {
    const double slowest = largest_time(plan.limits.throughput_per_second);
    const auto name = [&](std::size_t end) {
        return end < nodes_ ? plan.cluster.nodes[end].name : std::string(kGateway);
    };
    leg_time_.assign((nodes_ + 1) * (nodes_ + 1) * cuts(), kNever);
    leg_cost_.assign(leg_time_.size(), 0);
    for (std::size_t from = 0; from <= nodes_; ++from) {
        for (std::size_t to = 0; to <= nodes_; ++to) {
            if (from == to) continue;
            const Link link = link_between(plan.cluster, name(from), name(to));
            const CarbonIntensity intensity = link_intensity(plan.cluster, link, name(from), name(to));
            for (std::size_t c = 0; c < cuts(); ++c) {
                const bool enters = from == nodes_;
                const bool leaves = to == nodes_;
                if (enters != (c == 0) || leaves != (c + 1 == cuts())) continue;
                const Bytes bytes = all[positions_[c]].bytes;
                const Seconds time = transfer_time(plan, link, bytes);
                if (time.count() > slowest) continue;
                const Joules joules = bytes * link.energy_per_byte;
                leg_time_[leg(from, to, c)] = time.count();
                leg_cost_[leg(from, to, c)] = per_joule * joules.value() + per_gram * (joules * intensity).value();
            }
        }
    }
}

}  // namespace carbonedge
