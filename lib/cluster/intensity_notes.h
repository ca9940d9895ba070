#pragma once

#include "lib/cluster/cluster.h"

#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// "at 2023-07-01T12:00:00Z", "mean of 2023-07-01T12:00:00Z to 2023-07-01T16:00:00Z", "mean of the year 2023".
std::string moment_text(const IntensityOrigin& origin);

/// One line for each intensity that was looked up: its value, of when, of what, from where. Country means say that they
/// are of a year and not of the time of the plan. Empty where the cluster file states every number itself.
std::vector<std::string> intensity_notes(const Cluster& cluster);

/// What the grams of several plans over one cluster rest on: intensity_notes() and link_energy_note().
std::vector<std::string> carbon_notes(const Cluster& cluster);

/// Why the nodes' intensities cannot be weighed against each other (one counts what others do not), or nothing.
std::optional<std::string> mixed_intensities(const Cluster& cluster);

}  // namespace carbonedge
