#pragma once

#include "lib/cluster/cluster.h"
#include "lib/profile/profile.h"
#include "lib/units/quantity.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// What a line of the ledger was spent on (docs/ledger.md).
enum class LedgerKind { kCompute, kTransport, kLink, kIdle, kEmbodied };

/// "compute", "transport", "link", "idle", "embodied".
std::string_view ledger_kind_name(LedgerKind kind);

/// One traced amount of carbon: where, when, how many joules known how well, at which intensity. `energy` includes the
/// node's PUE, so grams are joules times intensity and nothing else.
struct LedgerEntry {
    LedgerKind kind = LedgerKind::kCompute;
    std::string place;     ///< node name, or "from>to" of a link
    std::string zone;      ///< "" where the cluster names none
    std::string time_utc;  ///< start of the window, ISO 8601; "" for a prediction
    EnergyReading energy;  ///< zero joules for embodied carbon
    Seconds cpu_time{0};   ///< CPU time that used the joules; zero for link, idle and embodied
    CarbonIntensity intensity;
    std::string signal;            ///< "average" | "marginal"
    std::string scope;             ///< "direct" | "lifecycle"
    GramsCo2e grams;               ///< joules x intensity; for embodied carbon the share of the device's
    std::string intensity_origin;  ///< when and from where the intensity was looked up; "" the cluster file states it

    bool operator==(const LedgerEntry&) const = default;
};

/// The carbon of one inference of one plan or run, line by line.
struct Ledger {
    std::string name;  ///< of the plan or run it belongs to
    IdlePolicy idle_policy = IdlePolicy::kNone;
    std::vector<LedgerEntry> entries;

    bool operator==(const Ledger&) const = default;
};

/// An operational entry whose grams follow from its joules and intensity.
LedgerEntry operational_entry(LedgerKind kind, const std::string& place, const std::string& zone,
                              const EnergyReading& energy, CarbonIntensity intensity);

/// Sums over the entries of `kind`, or over all where it is absent.
Joules total_joules(const Ledger& ledger, std::optional<LedgerKind> kind = {});
GramsCo2e total_grams(const Ledger& ledger, std::optional<LedgerKind> kind = {});
/// Uncertainties added up: the errors of one power curve are fully correlated, so their squares may not be added.
Joules total_uncertainty(const Ledger& ledger);

/// The share of a device's embodied carbon that `busy` time of its lifetime takes; zero where either is not given.
/// SCI: M = TE * TiR / EL with the whole device reserved for that time.
GramsCo2e embodied_share(GramsCo2e embodied, Seconds lifetime, Seconds busy);

/// Largest |grams - joules * intensity| over the operational entries, relative to the ledger's total: how far a file's
/// grams are from its own joules. 0 for an empty ledger.
double ledger_inconsistency(const Ledger& ledger);

}  // namespace carbonedge
