#pragma once

#include "lib/base/random.h"
#include "lib/runlog/run_log.h"

namespace carbonedge {

/// A log that read_run_log() accepts, with or without its end; `plan_json` is a small JSON value in the written form.
RunLog random_run_log(SeededRandom& random, std::size_t requests);

}  // namespace carbonedge
