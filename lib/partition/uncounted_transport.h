#pragma once

#include "lib/partition/plan.h"

#include <optional>
#include <string>

namespace carbonedge {

/// Published figures for what moving a byte through networks takes, two orders of magnitude apart, so that none is ever
/// taken silently: 0.001 kWh/GB (Cloud Carbon Footprint, within and between data centres) to 0.12 kWh/GB (mobile
/// access). See docs/carbon.md.
inline constexpr double kLeastPublishedKilowattHoursPerGigabyte = 0.001;
inline constexpr double kMostPublishedKilowattHoursPerGigabyte = 0.12;

/// What a plan moves over links that state no energy per byte, for one request.
struct UncountedTransport {
    Bytes bytes;
    bool all = false;  ///< no link that the plan uses states it
    GramsCo2e low;     ///< what it would add by the least and the most published figure,
    GramsCo2e high;    ///< at the links' intensities
};

/// Nothing where every link in use states its energy.
std::optional<UncountedTransport> uncounted_transport(const Plan& plan);

/// "the energy of 98.3 kB a request over links is not counted (...)".
std::string uncounted_transport_note(const UncountedTransport& uncounted);

}  // namespace carbonedge
