#pragma once

#include "lib/report/objective_cell.h"
#include "lib/units/quantity.h"

#include <string>

namespace carbonedge {

/// "5.29 mg CO2e", "1.2 J", "12.4 ms", "0.93".
std::string value_text(Objective objective, double value);

/// The cluster's name, or "4 nodes" where it has none.
std::string cluster_text(const Cluster& cluster);

/// "8.75 s", "12.5 min", "10 h", "3.2 days": a stretch of time that may be long.
std::string span_text(Seconds time);

/// A portion of grams (joules) of which `seconds_per_unit` costs less than a second: 1, 1e-3, 1e-6, ... of the unit.
double fitting_portion(double seconds_per_unit);
/// An exchange of time for grams (joules): "1 mg CO2e costs 4.4 ms".
std::string exchange_text(Objective objective, double seconds_per_unit, double portion);

}  // namespace carbonedge
