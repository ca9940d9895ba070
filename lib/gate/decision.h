#pragma once

#include "lib/gate/rules.h"
#include "lib/gate/verdict.h"

#include <cstdint>
#include <span>
#include <vector>

namespace carbonedge {

/// One number on one side, in the metric's SI unit.
struct MeasuredSide {
    std::vector<double> units;    ///< what each independent run or round says; the first where there is one
    std::vector<double> samples;  ///< of a single run, its raw samples in the order they were taken; may be empty
    /// Of a single run without samples: standard error of its value; 0: not known, or computed rather than measured.
    double standard_error = 0;
};

/// A number that both sides have.
struct ComparedQuantity {
    QuantityKey key;
    MeasuredSide baseline;
    MeasuredSide current;
};

/// How the sides came about.
struct SideConditions {
    bool exact = false;        ///< computed: equal inputs give equal numbers
    bool interleaved = false;  ///< units[i] of both sides are of one round
    /// The baseline's runs were taken at different times, as those of a history: their spread holds what differs
    /// between sessions.
    bool baseline_spans_sessions = false;
};

/// The design that so many units allow (docs/gate.md). All quantities of a comparison have one.
GateDesign design_of(const SideConditions& conditions, std::size_t baseline_units, std::size_t current_units,
                     double confidence);

/// Units that a side needs before `design` can claim anything at this confidence: 8 rounds, 5 runs a side at 99 %.
std::size_t least_units(GateDesign design, double confidence);

/// Judges quantities that are looked at together; claims are corrected for all of them (lib/gate/randomisation.h).
/// One without a limit is judged by a limit of 0. Deterministic for a seed.
std::vector<GateFinding> decide(std::span<const ComparedQuantity> family, const GateRules& rules,
                                const SideConditions& conditions, std::uint64_t seed);

/// The worst of them; not comparable for none.
GateOutcome worst_outcome(std::span<const GateFinding> findings);

}  // namespace carbonedge
