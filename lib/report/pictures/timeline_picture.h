#pragma once

#include "lib/report/pictures/picture.h"
#include "lib/report/subject.h"

namespace carbonedge {

/// The requests of a run: latency over the whole run, and some consecutive ones through their stages. Both are bounded
/// whatever the run's length: stretches of time with their lowest, median and highest latency, so that no outlier is
/// lost; and the requests around the slowest one. The caption says so. `subject.run` is set.
Picture timeline_picture(const Subject& subject);

}  // namespace carbonedge
