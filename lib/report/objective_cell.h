#pragma once

#include "lib/partition/plan.h"
#include "lib/report/document.h"

namespace carbonedge {

/// What an objective is counted in: grams, joules, seconds, or a plain number.
Unit unit_of(Objective objective);
/// A value of it, in SI units, as a table holds it.
Cell cell_of(Objective objective, double value);

}  // namespace carbonedge
