#pragma once

#include "lib/planner/placement.h"
#include "lib/planner/planning_problem.h"
#include "lib/tradeoff/front_search.h"

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace carbonedge {

/// What one more or less costs between two neighbouring points of a front.
struct Exchange {
    double seconds = 0;  ///< slower
    double cost = 0;     ///< saved: grams or joules
    [[nodiscard]] double seconds_per_cost() const { return seconds / cost; }
};

/// One plan of a front.
struct FrontPoint {
    Placement placement;
    double latency_seconds = 0;    ///< mean, max(A, B)
    double cost = 0;               ///< grams or joules of a request
    double occupancy_seconds = 0;  ///< of the slowest stage or leg: 1 / pipelined throughput
    double cost_bound = 0;         ///< proven: no plan that is as fast (and, with throughput, as frequent) costs less
    std::optional<Exchange> to_next;  ///< to the next slower and cheaper point; absent at the end, or with throughput
    bool knee = false;                ///< furthest below the line between the ends, both axes scaled to 0..1
    bool on_hull = false;             ///< best for some weight between latency and cost

    [[nodiscard]] double gap() const { return cost > 0 ? (cost - cost_bound) / cost : 0.0; }
};

/// How to look for a front.
struct FrontRequest {
    bool throughput = false;  ///< a third axis
    FrontCaps caps;
};

/// All plans within the limits of which none is beaten in latency and cost (and throughput).
struct ParetoFront {
    Objective cost_axis = Objective::kCarbon;  ///< or kEnergy
    bool throughput = false;
    std::string method;              ///< "label-front", or "latency-limits" where a p95 limit is set
    std::vector<FrontPoint> points;  ///< ascending latency, then occupancy
    bool proven = true;              ///< no point is missing and every point is on the front
    double latency_bound = 0;        ///< proven: no plan is faster
    std::map<std::string, double> counters;
};

using FrontOrInfeasibility = std::variant<ParetoFront, Infeasibility>;

/// `problem.objective` names the cost: kCarbon or kEnergy (others: UsageError). Throws what check_problem throws, and
/// UsageError for a front with throughput under a p95 limit.
FrontOrInfeasibility pareto_front(const PlanningProblem& problem, const FrontRequest& request);

/// The same front by solving the problem again with a tighter latency limit until there is no plan left: slow, but it
/// knows p95 limits, and shares no search with pareto_front. Points closer than 1 ns in latency count as one.
FrontOrInfeasibility front_by_latency_limits(const PlanningProblem& problem,
                                             const std::function<bool()>& out_of_time = {});

/// A point as a plan: least cost within the point's own latency, with what the front proves of it.
Plan plan_of_point(const PlanningProblem& problem, const ParetoFront& front, const FrontPoint& point,
                   const std::string& name);

/// Fills in exchanges, hull and knee of points that ascend in latency and descend in cost.
void complete_points(std::vector<FrontPoint>& points);

}  // namespace carbonedge
