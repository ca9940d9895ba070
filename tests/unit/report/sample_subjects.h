#pragma once

#include "lib/report/subject.h"

#include <string>
#include <vector>

namespace carbonedge {

/// Inputs of the report tests, with round numbers. Three nodes: high (1 CPU, 620 g/kWh), medium (0.6, 530) and green
/// (0.4, 380), each drawing 10 W per busy core above idle, PUE 1. A network of three rows, 100 ms each.
Cluster sample_cluster();
Profile sample_profile();

/// All rows on one node: 300 ms of CPU time predicted, 3 J.
Plan single_node_plan(const std::string& name, const std::string& node);

/// Row 0 on high, rows 1 and 2 on green, with 20 ms of transport CPU on each and 1 J of link energy a request.
Plan two_stage_plan(const std::string& name);

/// Answers `requests` requests; request i takes (300 + i) ms of CPU time on the plan's first node, all of it in its
/// first stage, and its latency is 10 ms more. Energy at 10 J a CPU second; 10 ms of transport CPU a request.
/// The header does not carry the plan.
RunLog sample_run(const Plan& plan, std::size_t requests);

Subject run_of(const Plan& plan, std::size_t requests);
Subject only_planned(const Plan& plan);

}  // namespace carbonedge
