#pragma once

#include "lib/measure/sensors/counter_bank.h"
#include "lib/measure/sensors/file_access.h"
#include "lib/measure/sensors/powercap_tree.h"

#include <memory>

namespace carbonedge {

/// The RAPL counters of a powercap tree, duplicates left out: packages and DRAM are summed, core and uncore lie inside,
/// psys is a platform boundary of its own (the total only where there is no package). Keeps one descriptor a counter.
std::shared_ptr<CounterBank> make_powercap_bank(std::shared_ptr<FileAccess> files, const PowercapTree& tree);

}  // namespace carbonedge
