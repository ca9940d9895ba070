#include "lib/report/ledgers.h"

#include "lib/cluster/intensity_notes.h"

#include <fmt/format.h>
#include <algorithm>
#include <map>

namespace carbonedge {
namespace {

constexpr const char* kLinkSource = "link:joules-per-byte";

/// Adds a line, or to the line of the same kind and place.
void add_line(Ledger& ledger, const LedgerEntry& line) {
    if (line.energy.joules == Joules(0) && line.grams == GramsCo2e(0)) return;
    for (LedgerEntry& entry : ledger.entries) {
        if (entry.kind != line.kind || entry.place != line.place) continue;
        entry.energy.joules += line.energy.joules;
        entry.energy.uncertainty += line.energy.uncertainty;
        entry.cpu_time += line.cpu_time;
        entry.grams += line.grams;
        return;
    }
    ledger.entries.push_back(line);
}

CarbonIntensity implied_intensity(Joules joules, GramsCo2e grams) {
    if (joules.value() == 0) return CarbonIntensity(0);
    return CarbonIntensity(grams.value() / (joules.value() / kJoulesPerKilowattHour));
}

LedgerEntry node_line(const Cluster& cluster, LedgerKind kind, const std::string& node, const EnergyReading& energy,
                      GramsCo2e grams) {
    LedgerEntry line;
    line.kind = kind;
    line.place = node;
    line.energy = energy;
    line.grams = grams;
    if (const auto index = find_node(cluster, node)) {
        const Node& found = cluster.nodes[index->value()];
        line.zone = found.zone;
        line.intensity = found.intensity;
        line.signal = found.intensity_signal;
        line.scope = found.intensity_scope;
        if (found.intensity_origin) {
            line.intensity_origin =
                fmt::format("{}, {}", found.intensity_origin->reference, moment_text(*found.intensity_origin));
        }
    } else {
        line.intensity = implied_intensity(energy.joules, grams);
    }
    return line;
}

LedgerEntry link_line(const std::string& place, const EnergyReading& energy, GramsCo2e grams) {
    LedgerEntry line;
    line.kind = LedgerKind::kLink;
    line.place = place;
    line.energy = energy;
    line.energy.source = kLinkSource;
    line.energy.boundary = "link";
    line.intensity = implied_intensity(energy.joules, grams);
    line.grams = grams;
    return line;
}

/// Predicted joules with the plan's provenance and their share of its uncertainty.
class PredictedEnergy {
public:
    explicit PredictedEnergy(const Plan& plan) : plan_(plan) {
        const double joules = plan.predicted.parts.joules().value();
        relative_ = joules > 0 ? plan.predicted.uncertainty.value() / joules : 0;
        source_ = plan.profiles.empty() ? "" : plan.profiles.front().meter;
    }
    [[nodiscard]] EnergyReading reading(Joules joules) const {
        return {joules, joules * relative_, plan_.predicted.provenance, source_, "prediction"};
    }

private:
    const Plan& plan_;
    double relative_ = 0;
    std::string source_;
};

void add_stage(Ledger& ledger, const Plan& plan, const PredictedEnergy& energy, const PlannedStage& stage,
               double share) {
    const CarbonParts& parts = stage.parts;
    const auto line = [&](LedgerKind kind, Joules joules, GramsCo2e grams) {
        return node_line(plan.cluster, kind, stage.node, energy.reading(joules * share), grams * share);
    };
    // One core draws the same for both, so joules divide the CPU time.
    const double cpu_joules = (parts.compute_joules + parts.transport_cpu_joules).value();
    const double compute_part = cpu_joules > 0 ? parts.compute_joules.value() / cpu_joules : 1;
    const Seconds cpu = to_seconds(stage.cpu) * share;
    LedgerEntry compute = line(LedgerKind::kCompute, parts.compute_joules, parts.compute_grams);
    compute.cpu_time = cpu * compute_part;
    add_line(ledger, compute);
    LedgerEntry transport = line(LedgerKind::kTransport, parts.transport_cpu_joules, parts.transport_cpu_grams);
    transport.cpu_time = cpu * (1 - compute_part);
    add_line(ledger, transport);
    add_line(ledger, line(LedgerKind::kIdle, parts.idle_joules, parts.idle_grams));
    add_line(ledger, line(LedgerKind::kEmbodied, Joules(0), parts.embodied_grams));
}

EnergyReading per_request(EnergyReading reading, double requests) {
    reading.joules = reading.joules / requests;
    reading.uncertainty = reading.uncertainty / requests;
    return reading;
}

}  // namespace

Ledger predicted_ledger(const Plan& plan, const std::string& name) {
    Ledger ledger{name, plan.cluster.idle_policy, {}};
    const PredictedEnergy energy(plan);
    const std::vector<double> shares = predicted_shares(plan);
    for (std::size_t i = 0; i < plan.pipelines.size(); ++i) {
        for (const PlannedStage& stage : plan.pipelines[i].stages) add_stage(ledger, plan, energy, stage, shares[i]);
        for (const PlannedTransfer& transfer : plan.pipelines[i].transfers) {
            add_line(ledger, link_line(fmt::format("{}>{}", transfer.from, transfer.to),
                                       energy.reading(transfer.parts.link_joules * shares[i]),
                                       transfer.parts.link_grams * shares[i]));
        }
    }
    return ledger;
}

std::optional<Ledger> recorded_ledger(const RunLog& run, const Plan& plan, const std::string& name) {
    const auto requests = static_cast<double>(answered_requests(run));
    if (run.nodes.empty() || requests == 0) return std::nullopt;
    Ledger ledger{name, plan.cluster.idle_policy, {}};
    for (const NodeRecord& node : run.nodes) {
        const auto line = [&](LedgerKind kind, const EnergyReading& energy, GramsCo2e grams) {
            return node_line(plan.cluster, kind, node.node, per_request(energy, requests), grams / requests);
        };
        LedgerEntry compute = line(LedgerKind::kCompute, node.compute_energy, node.compute_grams);
        compute.cpu_time = to_seconds(node.compute_cpu) / requests;
        add_line(ledger, compute);
        LedgerEntry transport = line(LedgerKind::kTransport, node.transport_energy, node.transport_grams);
        transport.cpu_time = to_seconds(node.total_cpu - node.compute_cpu) / requests;
        add_line(ledger, transport);
        EnergyReading idle = node.compute_energy;  // idle power comes from the same curve or meter
        idle.joules = node.idle_energy;
        idle.uncertainty = Joules(0);
        add_line(ledger, line(LedgerKind::kIdle, idle, node.idle_grams));
        add_line(ledger, line(LedgerKind::kEmbodied, {}, node.embodied_grams));
    }
    if (run.end) {
        EnergyReading link;
        link.joules = run.end->link_energy / requests;
        add_line(ledger, link_line("links", link, run.end->link_grams / requests));
    }
    for (LedgerEntry& entry : ledger.entries) entry.time_utc = run.header.date_utc;
    return ledger;
}

std::optional<EnergySpread> energy_spread(const RunLog& run, const Ledger& recorded, std::uint64_t seed) {
    struct Rate {
        double joules = 0;  // per CPU second
        double grams = 0;
    };
    std::map<std::string, Rate> rates;
    double even_joules = total_joules(recorded).value();
    double even_grams = total_grams(recorded).value();
    for (const LedgerEntry& entry : recorded.entries) {
        if (entry.kind != LedgerKind::kCompute || entry.cpu_time.count() <= 0) continue;
        even_joules -= entry.energy.joules.value();
        even_grams -= entry.grams.value();
        rates[entry.place] = {entry.energy.joules.value() / entry.cpu_time.count(),
                              entry.grams.value() / entry.cpu_time.count()};
    }
    std::vector<double> joules;
    std::vector<double> grams;
    for (const RequestRecord& request : run.requests) {
        if (!request.ok) continue;
        joules.push_back(even_joules);
        grams.push_back(even_grams);
        for (const StageRecord& stage : request.stages) {
            const Rate& rate = rates[stage.node];
            joules.back() += to_seconds(stage.cpu).count() * rate.joules;
            grams.back() += to_seconds(stage.cpu).count() * rate.grams;
        }
    }
    const auto joules_interval = mean_interval(joules, seed);
    const auto grams_interval = mean_interval(grams, seed);
    if (!joules_interval || !grams_interval) return std::nullopt;
    return EnergySpread{*joules_interval, *grams_interval};
}

}  // namespace carbonedge
