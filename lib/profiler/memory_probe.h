#pragma once

#include "lib/units/quantity.h"

#include <string>
#include <string_view>

namespace carbonedge {

/// What holding a stage costs a process that does nothing else.
struct StageMemory {
    Bytes base;  ///< resident before any stage is loaded
    Bytes peak;  ///< highest resident size while the stage was loaded and run
};

/// Loads the stage file and runs it twice on random inputs. To be called first thing in a process of its own: memory
/// that was used before and kept by the allocator would hide what the stage takes.
StageMemory probe_stage_memory(const std::string& path, bool optimise, int threads);

/// The one line in which a probing process tells its result, and its reader (throws EnvironmentError on anything else).
std::string stage_memory_text(const StageMemory& memory);
StageMemory parse_stage_memory(std::string_view text);

}  // namespace carbonedge
