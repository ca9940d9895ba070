#include "lib/tradeoff/pareto_front.h"

#include "lib/base/errors.h"
#include "lib/planner/exact_planner.h"
#include "lib/planner/limit_analysis.h"
#include "lib/planner/planner_state.h"

#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

void check_axis(const PlanningProblem& problem) {
    if (problem.objective == Objective::kCarbon || problem.objective == Objective::kEnergy) return;
    throw UsageError("a front trades latency against carbon or energy, so --minimize must be one of them");
}

double cost_of_axis(const PlanningProblem& problem, const PlacementCost& cost) {
    return problem.objective == Objective::kEnergy ? cost.parts.joules().value() : cost.parts.grams().value();
}

FrontPoint point_of(const PlanningProblem& problem, const CostTable& table, Placement placement) {
    const PlacementCost cost = cost_of(table, placement);
    FrontPoint point;
    point.placement = std::move(placement);
    point.latency_seconds = cost.mean_latency();
    point.cost = cost_of_axis(problem, cost);
    point.occupancy_seconds = cost.occupancy;
    point.cost_bound = point.cost;
    return point;
}

/// Twice the area of a triangle; negative where `middle` lies below the line, seen from fast to slow.
double turn(const FrontPoint& fast, const FrontPoint& middle, const FrontPoint& slow) {
    return (middle.cost - fast.cost) * (slow.latency_seconds - fast.latency_seconds) -
           (slow.cost - fast.cost) * (middle.latency_seconds - fast.latency_seconds);
}

void mark_hull(std::vector<FrontPoint>& points) {
    std::vector<std::size_t> hull;
    for (std::size_t i = 0; i < points.size(); ++i) {
        while (hull.size() > 1 && turn(points[hull[hull.size() - 2]], points[hull.back()], points[i]) >= 0) {
            hull.pop_back();
        }
        hull.push_back(i);
    }
    for (const std::size_t i : hull) points[i].on_hull = true;
}

void mark_knee(std::vector<FrontPoint>& points) {
    if (points.size() < 3) return;
    const FrontPoint& fast = points.front();
    const FrontPoint& slow = points.back();
    const double time = slow.latency_seconds - fast.latency_seconds;
    const double cost = fast.cost - slow.cost;
    double furthest = 0;
    FrontPoint* knee = nullptr;
    for (FrontPoint& point : points) {
        const double below =
            1 - (point.latency_seconds - fast.latency_seconds) / time - (point.cost - slow.cost) / cost;
        if (below > furthest + 1e-12) {
            furthest = below;
            knee = &point;
        }
    }
    if (knee != nullptr) knee->knee = true;
}

}  // namespace

void complete_points(std::vector<FrontPoint>& points) {
    for (std::size_t i = 0; i + 1 < points.size(); ++i) {
        points[i].to_next =
            Exchange{points[i + 1].latency_seconds - points[i].latency_seconds, points[i].cost - points[i + 1].cost};
    }
    mark_hull(points);
    mark_knee(points);
}

Plan plan_of_point(const PlanningProblem& problem, const ParetoFront& front, const FrontPoint& point,
                   const std::string& name) {
    Plan plan = plan_frame(problem, name, {});
    plan.limits.latency_mean = Nanoseconds(static_cast<std::int64_t>(std::ceil(point.latency_seconds * 1e9)));
    if (front.throughput) plan.limits.throughput_per_second = 1 / point.occupancy_seconds;
    plan.pipelines.push_back(describe_pipeline(problem, CostTable(problem), point.placement));
    plan.predicted = plan.pipelines.front().predicted;
    Certificate& certificate = plan.certificate;
    certificate.method = front.method + (problem.given_cuts ? "-given-cuts" : "");
    certificate.proven_optimal = point.gap() <= 1e-12;
    certificate.value = point.cost;
    certificate.lower_bound = certificate.proven_optimal ? point.cost : point.cost_bound;
    certificate.gap = certificate.proven_optimal ? 0 : point.gap();
    plan.notes.emplace_back("a point of a front: the latency limit is the plan's own latency");
    return plan;
}

FrontOrInfeasibility pareto_front(const PlanningProblem& problem, const FrontRequest& request) {
    check_axis(problem);
    check_problem(problem);
    if (problem.limits.latency_p95) {
        if (request.throughput) throw UsageError("a front with throughput cannot be held to a p95 limit");
        return front_by_latency_limits(problem, request.caps.out_of_time);
    }
    const CostTable table(problem);
    const TradeGraph graph = build_trade_graph(problem, table);
    const SearchedFront found = search_front(graph, request.throughput, request.caps);
    if (found.paths.empty()) {
        if (found.proven) return explain_infeasibility(problem, request.caps.out_of_time);
        return Infeasibility{{}, "no plan was found before the search for a front reached its limit of labels", false};
    }
    ParetoFront front;
    front.cost_axis = problem.objective;
    front.throughput = request.throughput;
    front.method = "label-front";
    front.proven = found.proven;
    front.latency_bound = found.latency_bound;
    front.counters = found.counters;
    for (const FoundPath& path : found.paths) {
        FrontPoint point = point_of(problem, table, placement_of(table, path.path));
        if (!found.proven) point.cost_bound = std::min(point.cost, path.cost_bound);
        front.points.push_back(std::move(point));
    }
    if (!front.throughput) complete_points(front.points);
    return front;
}

FrontOrInfeasibility front_by_latency_limits(const PlanningProblem& problem, const std::function<bool()>& out_of_time) {
    check_axis(problem);
    PlannerState state(problem);
    ExactPlannerOptions options;
    options.out_of_time = out_of_time;
    const CostTable table(problem);
    ParetoFront front;
    front.cost_axis = problem.objective;
    front.method = "latency-limits";
    std::size_t solved = 0;
    for (;;) {
        const Solution solution = state.solve(options);
        ++solved;
        if (solution.placement.empty()) {
            if (solution.status != SearchStatus::kInfeasible) front.proven = false;
            break;
        }
        FrontPoint point = point_of(problem, table, solution.placement);
        if (solution.status != SearchStatus::kOptimal) {
            front.proven = false;
            point.cost_bound = std::min(point.cost, solution.search.lower_bound);
        }
        // Of two plans of one cost the faster came second.
        if (!front.points.empty() && !(point.cost > front.points.back().cost * (1 + 1e-12))) front.points.pop_back();
        front.points.push_back(std::move(point));
        const auto taken = static_cast<std::int64_t>(std::llround(front.points.back().latency_seconds * 1e9));
        if (taken <= 1) break;
        state.change_latency_limit(Nanoseconds(taken - 1));
    }
    if (front.points.empty()) {
        if (front.proven) return explain_infeasibility(problem, out_of_time);
        return Infeasibility{{}, "no plan was found before the search reached its limit", false};
    }
    std::reverse(front.points.begin(), front.points.end());
    front.latency_bound = front.proven ? front.points.front().latency_seconds : 0.0;
    front.counters["problems solved"] = static_cast<double>(solved);
    complete_points(front.points);
    return front;
}

}  // namespace carbonedge
