#include "lib/planner/priced_model.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace carbonedge {
namespace {

/// Shares are sums of rounded numbers; what fits up to this counts as fitting.
constexpr double kSlack = 1e-12;

/// Any order of paths will do.
struct EarlierSteps {
    bool operator()(const std::vector<PathStep>& left, const std::vector<PathStep>& right) const {
        return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end(),
                                            [](const PathStep& a, const PathStep& b) {
                                                return std::tie(a.kind, a.from, a.to) < std::tie(b.kind, b.from, b.to);
                                            });
    }
};

/// Leaves out what another candidate beats with no more of any share.
void drop_dominated(std::vector<FleetCandidate>& candidates) {
    std::sort(candidates.begin(), candidates.end(), [](const FleetCandidate& a, const FleetCandidate& b) {
        return a.grams_per_second != b.grams_per_second ? a.grams_per_second < b.grams_per_second : a.use < b.use;
    });
    std::vector<FleetCandidate> kept;
    for (FleetCandidate& candidate : candidates) {
        const bool dominated = std::any_of(kept.begin(), kept.end(), [&](const FleetCandidate& better) {
            return std::equal(better.use.begin(), better.use.end(), candidate.use.begin(),
                              [](double one, double other) { return one <= other; });
        });
        if (!dominated) kept.push_back(std::move(candidate));
    }
    candidates = std::move(kept);
}

}  // namespace

PricedModel::PricedModel(const PlanningProblem& problem, double rate_per_second, const std::vector<double>& cores)
    : problem_(problem),
      rate_(rate_per_second),
      table_(problem_),
      graph_(build_search_graph(problem_, table_, {}, Alike::kTellApart)),
      stage_memory_(graph_.stage_time.size(), 0),
      stage_cores_(graph_.stage_time.size(), 0),
      stage_node_(graph_.stage_time.size(), 0) {
    const std::vector<std::size_t>& positions = table_.positions();
    for (std::size_t k = 0; k < graph_.kinds; ++k) {
        const std::size_t v = graph_.members[k].front();
        const auto memory = static_cast<double>(problem_.cluster.nodes[v].memory.value());
        for (std::size_t a = 0; a + 1 < graph_.cuts; ++a) {
            for (std::size_t b = a + 1; b < graph_.cuts; ++b) {
                if (!graph_.has_stage(k, a, b)) continue;
                const std::size_t index = graph_.stage_index(k, a, b);
                const StageCost cost = table_.stage(v, {positions[a], positions[b]});
                graph_.stage_cost[index] *= rate_;
                stage_node_[index] = v;
                stage_memory_[index] = cost.memory_bytes / memory;
                stage_cores_[index] = cost.cpu() * rate_ / cores[v];
            }
        }
    }
    for (double& cost : graph_.leg_cost) {
        if (cost < kNotAllowed) cost *= rate_;
    }
}

SearchGraph PricedModel::priced(const NodeShares& prices, const NodeShares& left) const {
    SearchGraph graph = graph_;
    const std::size_t nodes = table_.nodes();
    for (std::size_t index = 0; index < graph.stage_time.size(); ++index) {
        if (graph.stage_time[index] >= kNotAllowed) continue;
        const std::size_t v = stage_node_[index];
        if (stage_memory_[index] > left[v] + kSlack || stage_cores_[index] > left[nodes + v] + kSlack) {
            graph.stage_time[index] = graph.stage_cost[index] = kNotAllowed;
            continue;
        }
        graph.stage_cost[index] += prices[v] * stage_memory_[index] + prices[nodes + v] * stage_cores_[index];
    }
    return graph;
}

FleetCandidate PricedModel::candidate(const std::vector<PathStep>& path) const {
    const std::vector<std::size_t>& positions = table_.positions();
    FleetCandidate found;
    found.use.assign(2 * table_.nodes(), 0);
    for (const PathStep& step : path) {
        const std::size_t index = graph_.stage_index(step.kind, step.from, step.to);
        const std::size_t v = stage_node_[index];
        found.placement.push_back({v, {positions[step.from], positions[step.to]}});
        found.use[v] = stage_memory_[index];
        found.use[table_.nodes() + v] = stage_cores_[index];
    }
    found.grams_per_second = rate_ * cost_of(table_, found.placement).parts.grams().value();
    return found;
}

PricedModel::Best PricedModel::best(const NodeShares& prices, const NodeShares& left) {
    SearchWishes wishes;
    wishes.warm_start = warm_start_;
    const SearchResult result = search_labels(priced(prices, left), problem_.caps, wishes);
    Best best;
    best.lower_bound = result.status == SearchStatus::kInfeasible ? kNotAllowed : result.lower_bound;
    best.stopped = result.status == SearchStatus::kStopped;
    if (!result.path.empty()) {
        best.candidate = candidate(result.path);
        warm_start_ = result.prices;
    }
    return best;
}

PricedModel::All PricedModel::all_within(const NodeShares& prices, double cutoff, std::size_t most) const {
    const SearchGraph graph = priced(prices, NodeShares(2 * table_.nodes(), 1.0));
    All all;
    std::set<std::vector<PathStep>, EarlierSteps> paths;
    bool too_many = false;
    SearchWishes wishes;
    // Nothing that is wanted is ever accepted, so the search has to go through all of it.
    wishes.accept = [&](const std::vector<PathStep>& path) {
        if (evaluate_path(graph, path).value > cutoff) return true;
        paths.insert(path);
        too_many = paths.size() > most;
        return too_many;
    };
    SearchCaps caps = problem_.caps;
    caps.labels = std::min<std::size_t>(caps.labels, 400'000);
    caps.replays = std::max(caps.replays, 4 * most);
    const SearchResult result = search_labels(graph, caps, wishes);
    all.complete = !too_many && result.status != SearchStatus::kStopped;
    if (!all.complete) return all;
    for (const std::vector<PathStep>& path : paths) all.candidates.push_back(candidate(path));
    all.listed = all.candidates.size();
    drop_dominated(all.candidates);
    return all;
}

double priced_cost(const FleetCandidate& candidate, const NodeShares& prices) {
    double cost = candidate.grams_per_second;
    for (std::size_t r = 0; r < prices.size(); ++r) cost += prices[r] * candidate.use[r];
    return cost;
}

}  // namespace carbonedge
