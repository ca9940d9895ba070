#pragma once

#include "lib/carbon/intensity_series.h"
#include "lib/report/document.h"
#include "lib/report/subject.h"

#include <span>

namespace carbonedge {

/// What runs emitted by the electricity of their time: for each node of a run that lies in the series' zone, the exact
/// mean of the series from the run's start to its end, and the grams of the node's joules at it, beside those of the
/// log, which are at the plan's intensity. Joules are taken as spread evenly over the run. A node whose plan counts
/// another signal or scope, and a time that the series does not have under `policy`, get a note instead. Table "runs".
/// Subjects without a run are left out.
Table runs_in_series(const IntensitySeries& series, std::span<const Subject> subjects, const SeriesPolicy& policy);

}  // namespace carbonedge
