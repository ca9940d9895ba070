#pragma once

#include "lib/runtime/batch_former.h"
#include "lib/runtime/stage_runner.h"

#include <cstdint>
#include <string>

namespace carbonedge {

/// Why this stage cannot take `largest` requests in one pass, or "". Runs it over single requests with seeded contents
/// and over two of them together and compares the outputs, and once over `largest`; what the passes took goes to
/// `times`. Call it in the model thread.
std::string batch_refusal(StageRunner& runner, std::int64_t largest, PassTimes& times);

}  // namespace carbonedge
