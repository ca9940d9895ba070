#pragma once

#include "lib/partition/plan.h"

#include <map>
#include <string>
#include <vector>

namespace carbonedge {

/// One of several models that share a cluster.
struct FleetMember {
    std::string name;
    double rate_per_second = 0;  ///< requests that it serves
    Plan plan;                   ///< of this model alone; its latency limit is kept without waiting for other models

    bool operator==(const FleetMember&) const = default;
};

/// What all models together take of a node.
struct FleetNodeUse {
    std::string node;
    Bytes memory;      ///< of all stages on it
    double cores = 0;  ///< CPU seconds a second
    /// Grams a second that a full node of memory, or of cores, is worth to the bound; 0 where there is room.
    double memory_price = 0;
    double cores_price = 0;

    bool operator==(const FleetNodeUse&) const = default;
};

/// How good a fleet plan provably is; grams of CO2e a second.
struct FleetCertificate {
    std::string method;  ///< "exact-columns", "bounded-columns"
    bool proven_optimal = false;
    double value = 0;
    double lower_bound = 0;
    double gap = 0;  ///< (value - lower_bound) / value
    std::map<std::string, double> counters;

    bool operator==(const FleetCertificate&) const = default;
};

/// Several models on one cluster, each with a pipeline of its own. Schema carbonedge.fleet-plan/1.
struct FleetPlan {
    double max_load = 1;  ///< share of a node's cpus that requests may take
    std::vector<FleetMember> members;
    std::vector<FleetNodeUse> nodes;  ///< in the cluster's order
    FleetCertificate certificate;

    bool operator==(const FleetPlan&) const = default;
};

}  // namespace carbonedge
