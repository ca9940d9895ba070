#pragma once

#include "lib/carbon/intensity_series.h"
#include "lib/report/pictures/picture.h"

#include <chrono>
#include <string>
#include <vector>

namespace carbonedge {

/// Something that was decided at a moment, such as the start of a run.
struct IntensityDecision {
    UtcSeconds time;
    std::string what;
};

/// A series over time, its cleanest window of that length, and the decisions that fall into it. A long series is drawn
/// as the mean, lowest and highest of at most 400 stretches, so that no peak is lost; gaps stay open.
Picture intensity_picture(const IntensitySeries& series, std::chrono::seconds window, const SeriesPolicy& policy,
                          const std::vector<IntensityDecision>& decisions);

}  // namespace carbonedge
