#pragma once

#include "lib/report/pictures/picture.h"
#include "lib/report/subject.h"

#include <span>

namespace carbonedge {

/// Waterfall of one inference's ledger: its lines add up to the total. As recorded where there is a run.
Picture ledger_picture(const Subject& subject);

/// Waterfall from the baseline's grams to those of the policy that emits least (of another one where that is the
/// baseline itself), by cause. At least two subjects.
Picture waterfall_picture(std::span<const Subject> subjects, std::size_t baseline);

/// Every policy's difference to the baseline, stacked by cause.
Picture causes_picture(std::span<const Subject> subjects, std::size_t baseline);

}  // namespace carbonedge
