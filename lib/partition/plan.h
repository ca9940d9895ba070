#pragma once

#include "lib/cluster/cluster.h"
#include "lib/partition/partition.h"
#include "lib/profile/profile.h"
#include "lib/units/quantity.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// What a plan minimises (docs/cost_model.md).
enum class Objective { kCarbon, kEnergy, kLatency, kBottleneck, kScore, kNone };

std::string_view objective_name(Objective objective);

/// Hard limits. Absent: no limit.
struct Limits {
    std::optional<Nanoseconds> latency_mean;
    std::optional<Nanoseconds> latency_p95;
    std::optional<double> throughput_per_second;
    std::optional<std::size_t> max_nodes;
    std::vector<std::pair<std::string, std::string>> pinned;     ///< layer name -> node name
    std::vector<std::pair<std::string, std::string>> forbidden;  ///< layer name (or "*") -> node name

    bool operator==(const Limits&) const = default;
};

/// Carbon of one request, split by what causes it. Grams and joules sum to the totals.
struct CarbonParts {
    Joules compute_joules;
    Joules transport_cpu_joules;
    Joules link_joules;
    Joules idle_joules;
    GramsCo2e compute_grams;
    GramsCo2e transport_cpu_grams;
    GramsCo2e link_grams;
    GramsCo2e idle_grams;
    GramsCo2e embodied_grams;

    [[nodiscard]] Joules joules() const { return compute_joules + transport_cpu_joules + link_joules + idle_joules; }
    [[nodiscard]] GramsCo2e grams() const {
        return compute_grams + transport_cpu_grams + link_grams + idle_grams + embodied_grams;
    }
    CarbonParts& operator+=(const CarbonParts& other);
    bool operator==(const CarbonParts&) const = default;
};

struct PlannedStage {
    LayerRange layers;
    std::string node;
    Nanoseconds busy{0};  ///< wall time of one pass when not throttled (rows + boundary cost)
    Nanoseconds cpu{0};   ///< CPU time of one pass, transport included
    Bytes memory;         ///< needed on the node
    Bytes input_bytes;    ///< arriving at its entry cut
    CarbonParts parts;    ///< of its node only
    bool operator==(const PlannedStage&) const = default;
};

/// A leg from one end to the next; the first starts and the last ends at the gateway.
struct PlannedTransfer {
    std::string from;
    std::string to;
    Bytes bytes;
    Nanoseconds time{0};  ///< link latency + bytes / bandwidth + transport cost
    CarbonParts parts;
    bool operator==(const PlannedTransfer&) const = default;
};

/// Prediction for the stated load (closed loop with one request in flight unless the plan says otherwise).
struct Prediction {
    Nanoseconds latency_mean{0};  ///< replayed through each node's CPU quota
    Nanoseconds latency_p50{0};
    Nanoseconds latency_p95{0};
    double throughput_per_second = 0;           ///< 1 / latency_mean in a closed loop of one
    double pipeline_throughput_per_second = 0;  ///< 1 / slowest stage or transfer: many requests in flight
    CarbonParts parts;                          ///< per request
    Joules uncertainty;                         ///< of parts.joules()
    Provenance provenance = Provenance::kEstimated;
    bool operator==(const Prediction&) const = default;
};

struct Pipeline {
    std::vector<PlannedStage> stages;
    std::vector<PlannedTransfer> transfers;  ///< stages.size() + 1
    double share = 1;  ///< of the requests that the prediction's routing sends here; they sum to 1
    Prediction predicted;
    bool operator==(const Pipeline&) const = default;
};

/// How requests choose among several pipelines. "single": there is one. "round-robin". "node-selection": the published
/// score with `mode` performance | balanced | green and `variant` paper | si | minmax.
struct Routing {
    std::string policy = "single";
    std::string mode;
    std::string variant;
    bool operator==(const Routing&) const = default;
};

/// Multipliers that prove a lower bound without any search, and the pipeline that attains it when nodes may be used
/// again: what it takes to recompute the bound (docs/planners.md, "Certificate"). Prices are in the objective's unit
/// and not negative.
struct BoundProof {
    struct NodePrice {
        std::string node;
        double price = 0;         ///< of using the node
        double refill_price = 0;  ///< of a second of its refill
        bool operator==(const NodePrice&) const = default;
    };
    struct RelaxedStage {
        LayerRange layers;
        std::string node;
        bool operator==(const RelaxedStage&) const = default;
    };

    double bound = 0;
    double time_price = 0;         ///< of a second of A
    double stage_price = 0;        ///< of a stage, where the number of nodes is limited
    std::vector<NodePrice> nodes;  ///< those with a price, in the cluster's order
    std::vector<RelaxedStage> relaxed_path;
    bool operator==(const BoundProof&) const = default;
};

/// How good the plan provably is. `value` and `lower_bound` are in the objective's unit (g, J, s or score).
struct Certificate {
    std::string method;  ///< "exact-label-setting", "policy" (no claim), ...
    bool proven_optimal = false;
    double value = 0;
    std::optional<double> lower_bound;
    std::optional<double> gap;               ///< (value - lower_bound) / value
    std::map<std::string, double> counters;  ///< labels created, pruned, ...
    std::optional<BoundProof> proof;         ///< what part of the bound can be recomputed without the search
    bool operator==(const Certificate&) const = default;
};

/// Where each stage runs. Schema carbonedge.plan/2. Self-contained: carries its cluster and profiles, so that run,
/// report and verify need nothing else but the model file.
struct Plan {
    std::string name;  ///< policy name shown in tables: "min-carbon", "green-minmax", "monolithic"
    Cluster cluster;
    std::vector<Profile> profiles;  ///< [0] is the reference; then the nodes' own, in node order
    std::vector<int> node_profile;  ///< per cluster node: index into `profiles`
    Objective objective = Objective::kCarbon;
    double carbon_weight = 0;  ///< with Objective::kScore
    double carbon_reference_grams = 0;
    double latency_reference_seconds = 0;
    Limits limits;
    std::vector<Pipeline> pipelines;
    Routing routing;
    Prediction predicted;  ///< of the whole plan under its routing
    Certificate certificate;
    std::vector<std::string> binding;  ///< limits that hold with equality or whose relaxation would change the plan
    std::vector<std::string> notes;
    bool operator==(const Plan&) const = default;
};

/// Which limits cannot be met together; an answer, not an error.
struct Infeasibility {
    std::vector<std::string> conflicting_limits;  ///< none of them can be left out of the conflict
    std::string explanation;
    bool proven = true;  ///< false: a search limit was reached before a plan was found
};

}  // namespace carbonedge
