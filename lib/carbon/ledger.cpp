#include "lib/carbon/ledger.h"

#include <algorithm>
#include <cmath>

namespace carbonedge {

std::string_view ledger_kind_name(LedgerKind kind) {
    switch (kind) {
        case LedgerKind::kCompute:
            return "compute";
        case LedgerKind::kTransport:
            return "transport";
        case LedgerKind::kLink:
            return "link";
        case LedgerKind::kIdle:
            return "idle";
        case LedgerKind::kEmbodied:
            return "embodied";
    }
    return "";
}

LedgerEntry operational_entry(LedgerKind kind, const std::string& place, const std::string& zone,
                              const EnergyReading& energy, CarbonIntensity intensity) {
    LedgerEntry entry;
    entry.kind = kind;
    entry.place = place;
    entry.zone = zone;
    entry.energy = energy;
    entry.intensity = intensity;
    entry.grams = energy.joules * intensity;
    return entry;
}

Joules total_joules(const Ledger& ledger, std::optional<LedgerKind> kind) {
    Joules sum;
    for (const LedgerEntry& entry : ledger.entries) {
        if (!kind || entry.kind == *kind) sum += entry.energy.joules;
    }
    return sum;
}

GramsCo2e total_grams(const Ledger& ledger, std::optional<LedgerKind> kind) {
    GramsCo2e sum;
    for (const LedgerEntry& entry : ledger.entries) {
        if (!kind || entry.kind == *kind) sum += entry.grams;
    }
    return sum;
}

Joules total_uncertainty(const Ledger& ledger) {
    Joules sum;
    for (const LedgerEntry& entry : ledger.entries) sum += entry.energy.uncertainty;
    return sum;
}

GramsCo2e embodied_share(GramsCo2e embodied, Seconds lifetime, Seconds busy) {
    if (lifetime.count() <= 0) return GramsCo2e(0);
    return embodied * (busy / lifetime);
}

double ledger_inconsistency(const Ledger& ledger) {
    double worst = 0;
    for (const LedgerEntry& entry : ledger.entries) {
        if (entry.kind == LedgerKind::kEmbodied) continue;
        worst = std::max(worst, std::abs((entry.grams - entry.energy.joules * entry.intensity).value()));
    }
    const double total = std::abs(total_grams(ledger).value());
    return worst == 0 ? 0 : total == 0 ? 1 : worst / total;
}

}  // namespace carbonedge
