#include "lib/planner/planner_state.h"

#include <utility>

namespace carbonedge {

struct PlannerState::Tables {
    PlanningProblem problem;
    std::optional<Prices> prices;
};

PlannerState::PlannerState(PlanningProblem problem) : tables_(std::make_unique<Tables>()) {
    check_problem(problem);
    tables_->problem = std::move(problem);
}

PlannerState::~PlannerState() = default;
PlannerState::PlannerState(PlannerState&&) noexcept = default;
PlannerState& PlannerState::operator=(PlannerState&&) noexcept = default;

Solution PlannerState::solve(ExactPlannerOptions options) {
    if (!options.warm_start) options.warm_start = tables_->prices;
    Solution solution = carbonedge::solve(tables_->problem, options);
    tables_->prices = solution.prices;
    return solution;
}

void PlannerState::change_intensities(const Cluster& cluster) {
    Cluster& own = tables_->problem.cluster;
    own.gateway_intensity = cluster.gateway_intensity;
    own.default_link.intensity = cluster.default_link.intensity;
    for (std::size_t v = 0; v < own.nodes.size(); ++v) own.nodes[v].intensity = cluster.nodes[v].intensity;
    for (std::size_t l = 0; l < own.links.size(); ++l) own.links[l].intensity = cluster.links[l].intensity;
}

void PlannerState::change_latency_limit(std::optional<Nanoseconds> limit) {
    tables_->problem.limits.latency_mean = limit;
}

void PlannerState::change_objective(Objective objective, double carbon_weight) {
    tables_->problem.objective = objective;
    tables_->problem.carbon_weight = carbon_weight;
}

const PlanningProblem& PlannerState::problem() const { return tables_->problem; }

}  // namespace carbonedge
