#pragma once

#include "lib/report/document.h"
#include "lib/tradeoff/pareto_front.h"

namespace carbonedge {

/// A front for people and programs: the three sentences a reader in a hurry reads, its ends and knee, the table "front"
/// (one row a plan, with what the next slower one saves) and the table "curve": the corners of the step line to draw.
Document describe_front(const PlanningProblem& problem, const ParetoFront& front);

}  // namespace carbonedge
