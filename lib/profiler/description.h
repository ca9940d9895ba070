#pragma once

#include "lib/measure/energy_meter.h"
#include "lib/model/model.h"
#include "lib/profile/profile.h"
#include "lib/profiler/profiler.h"

#include <string>
#include <vector>

namespace carbonedge {

/// Fills what a profile says of its model: name, hash, inputs, execution, and the rows without their measurements.
void describe_model(Profile& profile, const Model& model, const std::string& path);

/// Fills what a profile says of where and how it was taken: machine, date, threads, limits, meter, seed.
void describe_conditions(Profile& profile, const ProfilerOptions& options, const std::vector<int>& pinned);

}  // namespace carbonedge
