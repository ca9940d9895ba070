#pragma once

#include "lib/planner/planning_problem.h"
#include "tools/plan/problem_options.h"

#include <iosfwd>

namespace carbonedge {

/// A cluster whose named intensities ("series:", "country:") are looked up; their files are looked for beside it.
/// Throws InputError where one has no value then or nodes' signals or scopes differ, UsageError where a time is
/// missing.
Cluster read_cluster_with_intensities(const std::string& path, const NamedIntensityOptions& options, std::istream& in);

/// Opens every input that the options name. A node's profile in the cluster file is looked for beside that file;
/// --node-profile wins over it. Without --minimize the objective is carbon. Throws InputError and UsageError.
PlanningProblem read_planning_problem(const ProblemOptions& options, std::istream& in);

/// A plan whose structure holds (lib/verify/structure.h): stages on its nodes that cover its rows at legal cuts. What
/// it claims is not checked. Throws InputError.
Plan read_sound_plan(const std::string& path, std::istream& in);

}  // namespace carbonedge
