#include "lib/carbon/sci.h"

#include "lib/carbon/causes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

namespace carbonedge {

SciScore sci_score(const Ledger& ledger) {
    const CarbonFactors factors = carbon_factors(ledger);
    SciScore sci;
    sci.energy = total_joules(ledger);
    sci.intensity = factors.intensity;
    sci.embodied = factors.embodied;
    std::set<LedgerKind> kinds;
    for (const LedgerEntry& entry : ledger.entries) {
        if (entry.energy.joules != Joules(0)) kinds.insert(entry.kind);
    }
    std::string names;
    for (const LedgerKind kind : kinds) names += fmt::format("{}{}", names.empty() ? "" : ", ", ledger_kind_name(kind));
    sci.boundary = names.empty() ? "nothing used energy" : names;
    if (factors.embodied.value() == 0) sci.boundary += "; no embodied carbon given";
    return sci;
}

}  // namespace carbonedge
