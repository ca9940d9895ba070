#pragma once

#include "lib/carbon/mixtures.h"
#include "lib/report/subject.h"

#include <span>
#include <string>
#include <vector>

namespace carbonedge {

/// Every aspect by which --allow-mixed may be told to go on: those of the ledgers (lib/carbon/mixtures.h), then model
/// (another network), inputs (another shape), load (closed loop, rate), limits (enforced on all nodes or not).
std::vector<std::string> comparison_aspects();

/// In what the subjects do not count the same thing, or were not run alike. Predictions are held against predictions
/// and runs against runs. One subject is checked too: its own lines may not add up.
std::vector<Mixture> comparison_mixtures(std::span<const Subject> subjects);

}  // namespace carbonedge
