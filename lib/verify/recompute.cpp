#include "lib/verify/recompute.h"

#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

std::size_t index_of(const Plan& plan, const std::string& node) { return find_node(plan.cluster, node)->value(); }

const Profile& profile_of(const Plan& plan, std::size_t node) {
    return plan.profiles[static_cast<std::size_t>(plan.node_profile[node])];
}

Seconds from_ns(double nanoseconds) { return Seconds(nanoseconds / 1e9); }

/// What a stage's rows add up to, before the node's speed.
struct RowTotals {
    Nanoseconds wall{0};
    Nanoseconds cpu{0};
    Bytes weights;
    Bytes peak;
};

double memory_need(const Profile& profile, const RowTotals& whole, const RowTotals& stage, Bytes messages) {
    double factor = 1;
    if (whole.weights.value() > 0) {
        factor = std::max(1.0, (profile.load_peak_bytes - profile.runtime_base_bytes - whole.peak) / whole.weights);
    }
    const Bytes fixed = profile.runtime_base_bytes + stage.peak + messages;
    return static_cast<double>(fixed.value()) + factor * static_cast<double>(stage.weights.value());
}

void add_row(RowTotals& totals, const LayerProfile& row) {
    totals.wall += row.latency_median;
    totals.cpu += row.cpu_mean;
    totals.weights += row.weight_bytes;
    totals.peak = std::max(totals.peak, row.peak_bytes);
}

RowTotals total_of(const Profile& profile, LayerRange range) {
    RowTotals totals;
    for (std::size_t l = range.first; l < range.end; ++l) add_row(totals, profile.layers[l]);
    return totals;
}

/// A stage on node `v` from the totals of its rows and of the whole network's.
RecomputedStage stage_of(const Plan& plan, const std::vector<Cut>& cuts, std::size_t v, LayerRange layers,
                         const RowTotals& totals, const RowTotals& whole) {
    const Node& node = plan.cluster.nodes[v];
    const Profile& profile = profile_of(plan, v);
    const double speed = plan.node_profile[v] == 0 ? node.speed_factor : 1.0;
    const Bytes in = cuts[layers.first].bytes;
    const Bytes out = cuts[layers.end].bytes;
    double border_ns = 0;
    const auto cross = [&](std::size_t position) {
        if (position == 0 || position == profile.layers.size()) return;
        border_ns += profile.boundary.fixed_ns +
                     profile.boundary.per_byte_ns * static_cast<double>(cuts[position].bytes.value());
    };
    cross(layers.first);
    cross(layers.end);

    const TransportCost& t = plan.cluster.transport;
    const Seconds transport = from_ns(t.receive_cpu_fixed_ns + t.send_cpu_fixed_ns +
                                      t.receive_cpu_per_byte_ns * static_cast<double>(in.value()) +
                                      t.send_cpu_per_byte_ns * static_cast<double>(out.value()));
    const Seconds compute = (to_seconds(totals.cpu) + from_ns(border_ns)) / speed;
    RecomputedStage result;
    result.busy = (to_seconds(totals.wall) + from_ns(border_ns)) / speed;
    result.cpu = compute + transport;
    if (can_be_throttled(node)) result.refill = result.cpu / node.cpus;
    result.occupancy = std::max(result.busy, result.refill);
    const MessageBuffers& copies = plan.cluster.buffers;
    const Bytes entering = in * (layers.first == 0 ? copies.input : copies.receive);
    result.memory_bytes = memory_need(profile, whole, totals, entering + out * copies.send);
    const Watts above_idle = node.busy_power_per_core - node.idle_power_per_core;
    result.parts.compute_joules = above_idle * compute * node.pue;
    result.parts.transport_cpu_joules = above_idle * transport * node.pue;
    result.parts.compute_grams = result.parts.compute_joules * node.intensity;
    result.parts.transport_cpu_grams = result.parts.transport_cpu_joules * node.intensity;
    if (node.lifetime.count() > 0) result.parts.embodied_grams = node.embodied * (result.occupancy / node.lifetime);
    return result;
}

RecomputedStage recompute_stage(const Plan& plan, const std::vector<Cut>& cuts, const NamedStage& stage) {
    const std::size_t v = index_of(plan, stage.node);
    const Profile& profile = profile_of(plan, v);
    return stage_of(plan, cuts, v, stage.layers, total_of(profile, stage.layers),
                    total_of(profile, {0, profile.layers.size()}));
}

RecomputedTransfer recompute_transfer(const Plan& plan, const Cut& cut, const std::string& from,
                                      const std::string& to) {
    const Link link = link_between(plan.cluster, from, to);
    RecomputedTransfer leg{from, to, cut.bytes, transfer_time(plan, link, cut.bytes), {}};
    leg.parts.link_joules = cut.bytes * link.energy_per_byte;
    leg.parts.link_grams = leg.parts.link_joules * link_intensity(plan.cluster, link, from, to);
    return leg;
}

void charge_idle(const Plan& plan, const std::vector<NamedStage>& stages, RecomputedPipeline& pipeline) {
    if (plan.cluster.idle_policy == IdlePolicy::kNone) return;
    const bool full = plan.cluster.idle_policy == IdlePolicy::kFull;
    for (std::size_t s = 0; s < stages.size(); ++s) {
        const Node& node = plan.cluster.nodes[index_of(plan, stages[s].node)];
        const Seconds kept = full ? pipeline.mean() : pipeline.stages[s].occupancy;
        CarbonParts& parts = pipeline.stages[s].parts;
        parts.idle_joules = node.idle_power_per_core * kept * (node.cpus * node.pue);
        parts.idle_grams = parts.idle_joules * node.intensity;
    }
}

Joules band_of(const Plan& plan, const NamedStage& stage, const RecomputedStage& recomputed) {
    Joules readings;
    Joules bands;
    for (const LayerProfile& row : profile_of(plan, index_of(plan, stage.node)).layers) {
        if (row.energy) {
            readings += row.energy->joules;
            bands += row.energy->uncertainty;
        }
    }
    return readings > Joules(0) ? recomputed.parts.compute_joules * (bands / readings) : Joules(0);
}

bool may_run_whole(const Plan& plan, const Node& node) {
    for (const auto& [layer, at] : plan.limits.pinned) {
        if (at != node.name) return false;
    }
    return std::none_of(plan.limits.forbidden.begin(), plan.limits.forbidden.end(),
                        [&](const auto& ban) { return ban.second == node.name; });
}

}  // namespace

bool cuts_are_given(const Plan& plan) { return plan.certificate.method.ends_with("-given-cuts"); }

std::vector<std::size_t> legal_positions(const Plan& plan) {
    const std::size_t layers = plan.profiles.front().layers.size();
    std::vector<bool> legal(layers + 1, true);
    for (const Profile& profile : plan.profiles) {
        const std::vector<Cut> cuts = find_cuts(profile);
        for (std::size_t p = 1; p < layers; ++p) legal[p] = legal[p] && cuts[p].legal;
    }
    std::vector<std::size_t> positions;
    for (std::size_t p = 0; p <= layers; ++p) {
        if (legal[p]) positions.push_back(p);
    }
    return positions;
}

Seconds transfer_time(const Plan& plan, const Link& link, Bytes bytes) {
    const TransportCost& t = plan.cluster.transport;
    Seconds time = to_seconds(link.latency);
    if (link.bandwidth > BytesPerSecond(0)) time += bytes / link.bandwidth;
    return time + from_ns(t.fixed_ns + t.per_byte_ns * static_cast<double>(bytes.value()));
}

Recomputer::Recomputer(const Plan& plan) : plan_(plan), cuts_(find_cuts(plan.profiles.front())) {
    if (plan.objective == Objective::kScore) references_ = best_single_nodes();
}

Recomputer::Recomputer(const Plan& plan, const RecomputedReferences& references)
    : plan_(plan), cuts_(find_cuts(plan.profiles.front())), references_(references) {}

void Recomputer::stages_from(std::size_t node, std::size_t first,
                             const std::function<bool(std::size_t, const RecomputedStage&)>& visit) const {
    const Profile& profile = profile_of(plan_, node);
    const RowTotals whole = total_of(profile, {0, profile.layers.size()});
    RowTotals totals;
    for (std::size_t end = first + 1; end <= profile.layers.size(); ++end) {
        add_row(totals, profile.layers[end - 1]);
        if (!visit(end, stage_of(plan_, cuts_, node, {first, end}, totals, whole))) return;
    }
}

RecomputedPipeline Recomputer::pipeline(const std::vector<NamedStage>& stages) const {
    RecomputedPipeline pipeline;
    std::string from(kGateway);
    for (const NamedStage& stage : stages) {
        pipeline.transfers.push_back(recompute_transfer(plan_, cuts_[stage.layers.first], from, stage.node));
        pipeline.stages.push_back(recompute_stage(plan_, cuts_, stage));
        from = stage.node;
    }
    pipeline.transfers.push_back(recompute_transfer(plan_, cuts_.back(), from, std::string(kGateway)));
    for (const RecomputedStage& stage : pipeline.stages) {
        pipeline.unthrottled += stage.busy;
        pipeline.refill = std::max(pipeline.refill, stage.refill);
        pipeline.slowest = std::max(pipeline.slowest, stage.occupancy);
    }
    for (const RecomputedTransfer& leg : pipeline.transfers) {
        pipeline.unthrottled += leg.time;
        pipeline.slowest = std::max(pipeline.slowest, leg.time);
    }
    charge_idle(plan_, stages, pipeline);
    for (std::size_t s = 0; s < stages.size(); ++s) {
        pipeline.parts += pipeline.stages[s].parts;
        pipeline.uncertainty += band_of(plan_, stages[s], pipeline.stages[s]);
    }
    for (const RecomputedTransfer& leg : pipeline.transfers) pipeline.parts += leg.parts;
    return pipeline;
}

RecomputedReferences Recomputer::best_single_nodes() const {
    const LayerRange whole{0, plan_.profiles.front().layers.size()};
    RecomputedReferences best;
    const auto consider = [&](bool any_node) {
        bool found = false;
        for (const Node& node : plan_.cluster.nodes) {
            const RecomputedPipeline single = pipeline({{whole, node.name}});
            const bool fits = single.stages.front().memory_bytes <= static_cast<double>(node.memory.value());
            if (!any_node && !(fits && may_run_whole(plan_, node))) continue;
            const double grams = single.parts.grams().value();
            const double seconds = single.mean().count();
            best.carbon_grams = found ? std::min(best.carbon_grams, grams) : grams;
            best.latency_seconds = found ? std::min(best.latency_seconds, seconds) : seconds;
            found = true;
        }
        return found;
    };
    if (!consider(false)) consider(true);
    return best;
}

double Recomputer::value(const RecomputedPipeline& pipeline) const {
    switch (plan_.objective) {
        case Objective::kCarbon:
            return pipeline.parts.grams().value();
        case Objective::kEnergy:
            return pipeline.parts.joules().value();
        case Objective::kLatency:
            return pipeline.mean().count();
        case Objective::kBottleneck:
            return pipeline.slowest.count();
        case Objective::kScore:
            return plan_.carbon_weight * (pipeline.parts.grams().value() / references_.carbon_grams) +
                   (1 - plan_.carbon_weight) * (pipeline.mean().count() / references_.latency_seconds);
        case Objective::kNone:
            return 0;
    }
    return 0;
}

}  // namespace carbonedge
