#pragma once

#include "lib/gate/verdict.h"

#include <string>

namespace carbonedge {

/// The current side's numbers for services that keep them over time: seconds as nanoseconds, joules, grams, bytes.
/// Numbers that could not be compared are left out, since nothing was read for them.

/// What github-action-benchmark reads as `customSmallerIsBetter`: an array of name, unit, value, and as `extra` what
/// the gate says.
std::string gate_as_github_benchmark(const GateVerdict& verdict);

/// Bencher Metric Format: for the whole ("total") and each stage or layer, each metric's value, with the
/// bounds that the gate's interval of the change gives it where there is one.
std::string gate_as_bencher(const GateVerdict& verdict);

}  // namespace carbonedge
