#pragma once

#include "lib/report/subject.h"

#include <string>

namespace carbonedge {

/// The ledger of a plan's prediction, or of what a run recorded, as a manifest of the Green Software Foundation's
/// Impact Framework (YAML): a component a node or link, below it one a kind of carbon, each with its energy in kWh,
/// intensity, embodied grams and their origin. Its own plugins (multiply, sum, divide) come to the same grams, in total
/// and an inference. Throws UsageError where a run recorded no energy.
std::string as_impact_framework(const Subject& subject);

}  // namespace carbonedge
