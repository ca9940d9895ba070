#pragma once

#include "lib/model/model.h"

#include <string>
#include <string_view>

namespace carbonedge {

/// carbonedge.stages/1 (docs/formats.md), strict and byte-exact as every file of ours. Reading throws InputError.
StageManifest read_stage_manifest(std::string_view text, const std::string& file);
std::string write_stage_manifest(const StageManifest& manifest);

}  // namespace carbonedge
