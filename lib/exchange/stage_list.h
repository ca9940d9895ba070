#pragma once

#include "lib/exchange/pipeedge_schedule.h"
#include "lib/profile/profile.h"

#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// Reads a plan as anybody can write it: a CSV with a row a stage, in the order of the pipeline. Columns `node`, and
/// `first` and `last` (numbers of layers from 0, both included) or `first_layer` and `last_layer` (their names in the
/// profile; where a name occurs twice, the first counts). Throws InputError with file and line, also where a stage does
/// not begin after the end of the one before it or there is none.
std::vector<ForeignStage> read_stage_list(std::string_view text, const std::string& file, const Profile& profile);

}  // namespace carbonedge
