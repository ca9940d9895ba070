#include "lib/carbon/mixtures.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <map>
#include <set>

namespace carbonedge {
namespace {

/// value -> names of the ledgers that have it.
using Holders = std::map<std::string, std::set<std::string>>;

void note(Holders& holders, std::string_view value, const std::string& ledger) {
    if (!value.empty()) holders[std::string(value)].insert(ledger);
}

Mixture to_mixture(std::string_view aspect, const Holders& holders) {
    Mixture mixture{std::string(aspect), {}};
    for (const auto& [value, ledgers] : holders) {
        mixture.values.push_back(fmt::format("{} ({})", value, fmt::join(ledgers, ", ")));
    }
    return mixture;
}

/// Places with joules, and whether each also has embodied carbon. Links have no device of their own.
void note_embodied(Holders& holders, const Ledger& ledger) {
    std::map<std::string, bool> counted;
    for (const LedgerEntry& entry : ledger.entries) {
        if (entry.kind == LedgerKind::kLink) continue;
        bool& has = counted[entry.place];
        if (entry.kind == LedgerKind::kEmbodied && entry.grams.value() > 0) has = true;
    }
    for (const auto& [place, has] : counted) note(holders, has ? "counted" : "not counted", ledger.name);
}

}  // namespace

std::vector<Mixture> find_mixtures(std::span<const Ledger> ledgers) {
    std::map<std::string_view, Holders> found;
    for (const Ledger& ledger : ledgers) {
        for (const LedgerEntry& entry : ledger.entries) {
            if (entry.kind == LedgerKind::kEmbodied || entry.energy.joules == Joules(0)) continue;
            // A link's joules come from a cost per byte in every plan and run; only meters can be mixed up.
            if (entry.kind != LedgerKind::kLink) {
                note(found["provenance"], provenance_name(entry.energy.provenance), ledger.name);
                note(found["source"], entry.energy.source, ledger.name);
                note(found["boundary"], entry.energy.boundary, ledger.name);
            }
            note(found["signal"], entry.signal, ledger.name);
            note(found["scope"], entry.scope, ledger.name);
        }
        note(found["idle"], idle_policy_name(ledger.idle_policy), ledger.name);
        note_embodied(found["embodied"], ledger);
    }
    std::vector<Mixture> mixtures;
    for (const std::string_view aspect : kMixtureAspects) {
        const Holders& holders = found[aspect];
        if (holders.size() > 1) mixtures.push_back(to_mixture(aspect, holders));
    }
    return mixtures;
}

std::string mixture_text(const Mixture& mixture) {
    return fmt::format("{}: {}", mixture.aspect, fmt::join(mixture.values, " and "));
}

}  // namespace carbonedge
