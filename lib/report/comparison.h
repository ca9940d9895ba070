#pragma once

#include "lib/carbon/causes.h"
#include "lib/report/document.h"
#include "lib/report/subject.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace carbonedge {

struct ComparisonOptions {
    std::optional<std::string> baseline;  ///< a subject's name; absent: the first whose name starts with "monolithic",
                                          ///< else the first
    std::uint64_t seed = 0;               ///< of the bootstrap
};

/// Index of the baseline. Throws UsageError naming the valid ones.
std::size_t find_baseline(std::span<const Subject> subjects, const std::optional<std::string>& baseline);

/// Grams of one inference against the baseline's, like with like: both as run where both have a run, else both as
/// predicted.
struct Difference {
    CauseSplit causes;
    GramsCo2e baseline;
    std::string basis;  ///< "run" | "prediction"
};
Difference difference_to(const Subject& baseline, const Subject& subject);

/// Tables "policies" (one row a subject), "stages", "ledger", "sci", "nodes".
Document compare(std::span<const Subject> subjects, const ComparisonOptions& options);

}  // namespace carbonedge
