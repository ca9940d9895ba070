#pragma once

#include "lib/carbon/ledger.h"
#include "lib/units/quantity.h"

namespace carbonedge {

/// One inference's carbon as a formula of what causes it (docs/ledger.md):
/// grams = intensity * (power * cpu_time + overhead) + embodied.
struct CarbonFactors {
    CarbonIntensity intensity;  ///< mean over all operational joules, weighted by them
    Seconds cpu_time{0};        ///< CPU seconds of the forward passes, all nodes
    Watts power;                ///< compute joules per CPU second, PUE included
    Joules overhead;            ///< transport CPU, links and idle, PUE included
    GramsCo2e embodied;

    [[nodiscard]] GramsCo2e grams() const { return intensity * (power * cpu_time + overhead) + embodied; }
    bool operator==(const CarbonFactors&) const = default;
};

/// The factors of a ledger of one inference; factors.grams() equals total_grams(ledger) to rounding.
CarbonFactors carbon_factors(const Ledger& ledger);

/// The difference of two accounts by cause. The parts are the whole: total() is their sum.
struct CauseSplit {
    GramsCo2e electricity;  ///< cleaner or dirtier electricity
    GramsCo2e time;         ///< fewer or more CPU seconds
    GramsCo2e power;        ///< fewer or more joules per CPU second
    GramsCo2e overhead;     ///< transport CPU, links and idle
    GramsCo2e embodied;

    [[nodiscard]] GramsCo2e total() const { return electricity + time + power + overhead + embodied; }
    bool operator==(const CauseSplit&) const = default;
};

/// after - before, split by Shapley value. Neither the order of the causes nor a direction is preferred: swapping the
/// arguments changes every sign and nothing else. Where one side has no joules (or no CPU time) its intensity (or
/// power) is undefined and taken from the other, so that nothing is put down to it.
CauseSplit split_difference(const CarbonFactors& before, const CarbonFactors& after);

}  // namespace carbonedge
