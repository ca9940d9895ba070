#pragma once

#include "lib/partition/fleet_plan.h"

#include <string>
#include <string_view>

namespace carbonedge {

/// Schema carbonedge.fleet-plan/1 (docs/formats.md); each model's plan is in it as a plan file has it. Throws
/// InputError; inside such a plan the line counts from its own beginning.
FleetPlan read_fleet_plan(std::string_view text, const std::string& file);
std::string write_fleet_plan(const FleetPlan& fleet);

}  // namespace carbonedge
