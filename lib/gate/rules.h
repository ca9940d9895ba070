#pragma once

#include "lib/gate/gated_quantity.h"
#include "lib/units/quantity.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// From where on a change counts.
struct GateLimit {
    double relative = 0.05;  ///< 0.05: 5 % more than the baseline
    double floor = 0;        ///< and at least this much more, in the metric's unit

    bool operator==(const GateLimit&) const = default;
};

/// A limit and what it is for: every total, stage or layer of a metric, or the one that is named.
struct GateLimitRow {
    QuantityKey key;  ///< name "": all of the scope
    GateLimit limit;

    bool operator==(const GateLimitRow&) const = default;
};

/// What a gate file says (docs/gate.md), schema carbonedge.gate/1, INI.
struct GateRules {
    double confidence = 0.99;       ///< of the interval whose bound must pass noise before a change is claimed
    double pass_confidence = 0.95;  ///< of "it did not get worse by the limit"
    /// How far apart two single separate runs of one thing may be, relative: the part of a difference that their own
    /// samples cannot show. Default: docs/gate.md, "The study".
    double noise_of_runs = 0.25;
    /// The same for the middles of several runs taken at one time and several taken at another.
    double noise_of_sessions = 0.10;
    std::optional<CarbonIntensity> intensity;  ///< of the grams of profiles
    std::vector<GateLimitRow> limits;          ///< at least one

    /// The limit of its name, else that of its scope; absent where the file has none.
    [[nodiscard]] std::optional<GateLimit> limit_of(const QuantityKey& key) const;
    /// Whether a limit is for this very stage or layer, or for a total.
    [[nodiscard]] bool is_named(const QuantityKey& key) const;

    bool operator==(const GateRules&) const = default;
};

/// Reads a gate file. Unknown sections and keys, bare numbers and a file without any limit are refused with file and
/// line. Throws InputError.
GateRules read_gate_rules(std::string_view text, const std::string& file);
std::string write_gate_rules(const GateRules& rules);

}  // namespace carbonedge
