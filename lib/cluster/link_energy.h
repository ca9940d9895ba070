#pragma once

#include "lib/cluster/cluster.h"

#include <string>

namespace carbonedge {

/// Published figures for what moving a byte through networks takes, two orders of magnitude apart, so that none is ever
/// taken silently: 0.001 kWh/GB (Cloud Carbon Footprint, within and between data centres) to 0.12 kWh/GB (mobile
/// access). See docs/carbon.md.
inline constexpr double kLeastPublishedKilowattHoursPerGigabyte = 0.001;
inline constexpr double kMostPublishedKilowattHoursPerGigabyte = 0.12;

double kilowatt_hours_per_gigabyte(JoulesPerByte energy);

/// "0.001 kWh/GB", or "0.001 to 0.06 kWh/GB" where the two differ.
std::string energy_per_byte_text(JoulesPerByte least, JoulesPerByte most);

/// One line on what the links between the nodes and to the gateway are charged with, and the published range: for
/// whatever shows carbon of a cluster without one plan (plans have transport_notes(), which weighs their bytes).
std::string link_energy_note(const Cluster& cluster);

}  // namespace carbonedge
