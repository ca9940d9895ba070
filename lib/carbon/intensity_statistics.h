#pragma once

#include "lib/carbon/intensity_series.h"

#include <array>
#include <optional>

namespace carbonedge {

/// What a series amounts to.
struct IntensityStatistics {
    double coverage = 1;  ///< share of the time from begin to end that samples cover, 0 to 1
    std::chrono::seconds longest_gap{0};
    double estimated_share = 0;  ///< share of samples that the publisher marked as estimated
    CarbonIntensity mean;        ///< over samples: what publishers state as a year's mean
    CarbonIntensity lowest;
    CarbonIntensity highest;
    /// Standard deviation / mean within a UTC day, mean over the days that have at least two samples and a mean above
    /// 0.
    std::optional<double> daily_variation;
    std::array<std::optional<CarbonIntensity>, 24> by_hour;  ///< mean over samples that start in that UTC hour
};

IntensityStatistics intensity_statistics(const IntensitySeries& series);

struct CleanestWindow {
    UtcSeconds start;
    CarbonIntensity mean;
};

/// The window of that length with the least mean among those that start where a sample starts or end where one ends: an
/// optimum of a piecewise constant intensity is among them. Windows without an answer under `policy` do not count;
/// nothing where none has one.
std::optional<CleanestWindow> cleanest_window(const IntensitySeries& series, std::chrono::seconds length,
                                              const SeriesPolicy& policy);

}  // namespace carbonedge
