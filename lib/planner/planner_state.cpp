#include "lib/planner/planner_state.h"

#include "lib/planner/node_kinds.h"

#include <utility>

namespace carbonedge {

/// What is kept between solves. Costs are set anew where they are stale; where nodes that were alike no longer are (or
/// the other way round), the graph is built anew.
struct PlannerState::Tables {
    PlanningProblem problem;
    std::optional<CostTable> table;
    std::optional<SearchGraph> graph;
    ScoreReferences references;
    bool costs_are_stale = false;
    std::optional<Prices> prices;

    void bring_up_to_date() {
        if (!table) {
            table.emplace(problem);
            graph.reset();
        }
        const Alike alike = problem.objective == Objective::kBottleneck ? Alike::kTellApart : Alike::kMerge;
        if (problem.objective == Objective::kScore && (!graph || costs_are_stale)) {
            references = score_references(problem, *table);
        }
        if (graph && costs_are_stale && same_members(alike)) {
            set_costs(*graph, problem, *table, references);
        } else if (!graph || costs_are_stale) {
            graph = build_search_graph(problem, *table, references, alike);
        }
        costs_are_stale = false;
        set_latency_limits(*graph, problem.limits);
    }

    [[nodiscard]] bool same_members(Alike alike) const {
        return graph->minimax == (problem.objective == Objective::kBottleneck) &&
               graph->members == graph_members(problem, *table, alike);
    }
};

PlannerState::PlannerState(PlanningProblem problem) : tables_(std::make_unique<Tables>()) {
    check_problem(problem);
    tables_->problem = std::move(problem);
}

PlannerState::~PlannerState() = default;
PlannerState::PlannerState(PlannerState&&) noexcept = default;
PlannerState& PlannerState::operator=(PlannerState&&) noexcept = default;

Solution PlannerState::solve(ExactPlannerOptions options) {
    tables_->bring_up_to_date();
    if (!options.warm_start) options.warm_start = tables_->prices;
    Solution solution = solve_tables(tables_->problem, *tables_->table, tables_->references, *tables_->graph, options);
    if (!tables_->graph->minimax) tables_->prices = solution.prices;
    return solution;
}

void PlannerState::change_intensities(const Cluster& cluster) {
    Cluster& own = tables_->problem.cluster;
    own.gateway_intensity = cluster.gateway_intensity;
    own.default_link.intensity = cluster.default_link.intensity;
    for (std::size_t v = 0; v < own.nodes.size(); ++v) own.nodes[v].intensity = cluster.nodes[v].intensity;
    for (std::size_t l = 0; l < own.links.size(); ++l) own.links[l].intensity = cluster.links[l].intensity;
    if (tables_->table) tables_->table->set_intensities(own);
    tables_->costs_are_stale = true;
}

void PlannerState::change_latency_limit(std::optional<Nanoseconds> limit) {
    tables_->problem.limits.latency_mean = limit;
}

void PlannerState::change_objective(Objective objective, double carbon_weight) {
    tables_->problem.objective = objective;
    tables_->problem.carbon_weight = carbon_weight;
    tables_->costs_are_stale = true;
    tables_->prices.reset();  // they are in another unit
}

const PlanningProblem& PlannerState::problem() const { return tables_->problem; }

}  // namespace carbonedge
