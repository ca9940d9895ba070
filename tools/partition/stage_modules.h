#pragma once

#include "lib/partition/partition.h"

#include <string>

namespace carbonedge {

/// Has carbonedge-stage, the program beside this one, write the partition's stages of `model` into `folder` (made where
/// it is missing), and check their chained outputs. The program's own messages go to standard error. Returns its exit
/// status. Throws EnvironmentError where it cannot be started or the folder cannot be made.
int emit_stage_modules(const Partition& partition, const std::string& model, const std::string& folder, bool quiet,
                       bool overwrite);

}  // namespace carbonedge
