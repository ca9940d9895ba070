#include "lib/planner/fleet_planner.h"

#include "lib/base/errors.h"
#include "lib/planner/exact_planner.h"
#include "lib/planner/limit_analysis.h"
#include "lib/planner/priced_model.h"
#include "lib/planner/solve.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

namespace carbonedge {
namespace {

constexpr double kSlack = 1e-9;

/// One candidate a model.
struct Choice {
    std::vector<FleetCandidate> candidates;
    double grams = kNotAllowed;
};

bool fits(const FleetCandidate& candidate, const NodeShares& left) {
    for (std::size_t r = 0; r < left.size(); ++r) {
        if (candidate.use[r] > left[r] + kSlack * 1e-2) return false;
    }
    return true;
}

void take(const FleetCandidate& candidate, double times, NodeShares& left) {
    for (std::size_t r = 0; r < left.size(); ++r) left[r] -= times * candidate.use[r];
}

/// Best combination of candidates within the nodes, by depth-first search with the Lagrangian bound of the rest.
class Combination {
public:
    Combination(const std::vector<std::vector<FleetCandidate>>& columns, const NodeShares& prices, double upper,
                std::uint64_t most)
        : prices_(prices), upper_(upper), left_(prices.size(), 1.0), steps_left_(most) {
        for (const std::vector<FleetCandidate>& column : columns) {
            std::vector<Priced> sorted;
            for (const FleetCandidate& candidate : column) {
                sorted.push_back({&candidate, priced_cost(candidate, prices)});
            }
            std::sort(sorted.begin(), sorted.end(), [](const Priced& a, const Priced& b) { return a.cost < b.cost; });
            columns_.push_back(std::move(sorted));
        }
        rest_.assign(columns_.size() + 1, -std::accumulate(prices.begin(), prices.end(), 0.0));
        for (std::size_t m = columns_.size(); m-- > 0;) {
            rest_[m] = rest_[m + 1] + (columns_[m].empty() ? kNotAllowed : columns_[m].front().cost);
        }
    }

    /// Better than `upper`, or nothing. `complete()` says whether all combinations were considered.
    std::optional<Choice> run() {
        descend(0, 0, 0);
        if (best_.empty()) return std::nullopt;
        Choice choice;
        choice.grams = upper_;
        for (const FleetCandidate* candidate : best_) choice.candidates.push_back(*candidate);
        return choice;
    }
    [[nodiscard]] bool complete() const { return steps_left_ > 0; }

private:
    struct Priced {
        const FleetCandidate* candidate;
        double cost;
    };

    void descend(std::size_t m, double grams, double priced) {
        if (m == columns_.size()) {
            if (grams < upper_ * (1 - 1e-12)) {
                upper_ = grams;
                best_ = chosen_;
            }
            return;
        }
        for (const Priced& next : columns_[m]) {
            if (priced + next.cost + rest_[m + 1] >= upper_ - std::abs(upper_) * 1e-12) break;
            if (steps_left_ == 0) return;
            --steps_left_;
            if (!fits(*next.candidate, left_)) continue;
            take(*next.candidate, 1, left_);
            chosen_.push_back(next.candidate);
            descend(m + 1, grams + next.candidate->grams_per_second, priced + next.cost);
            chosen_.pop_back();
            take(*next.candidate, -1, left_);
        }
    }

    const NodeShares& prices_;
    double upper_;
    NodeShares left_;
    std::uint64_t steps_left_;
    std::vector<std::vector<Priced>> columns_;
    std::vector<double> rest_;  ///< least priced cost of the models from here on, less what all shares are worth
    std::vector<const FleetCandidate*> chosen_;
    std::vector<const FleetCandidate*> best_;
};

class FleetPlanner {
public:
    FleetPlanner(const std::vector<FleetRequest>& requests, double max_load, const FleetCaps& caps)
        : requests_(requests), max_load_(max_load), caps_(caps) {
        const std::vector<Node>& nodes = requests.front().problem.cluster.nodes;
        std::vector<double> cores;
        for (const Node& node : nodes) cores.push_back(node.cpus * max_load);
        for (const FleetRequest& request : requests) {
            PlanningProblem problem = request.problem;
            problem.objective = Objective::kCarbon;
            // A stage or leg that takes longer than the time between requests cannot keep up.
            problem.limits.throughput_per_second =
                std::max(request.rate_per_second, problem.limits.throughput_per_second.value_or(0));
            models_.emplace_back(problem, request.rate_per_second, cores);
        }
        columns_.resize(models_.size());
        prices_.assign(2 * nodes.size(), 0);
        best_prices_ = prices_;
        least_.assign(models_.size(), 0);
    }

    FleetPlanOrInfeasibility run() {
        if (const auto alone = infeasible_alone()) return *alone;
        raise_bound();
        if (!closed()) combine(columns_, prices_);
        for (std::size_t round = 0; round < 20 && place_again(); ++round) combine(columns_, prices_);
        const bool proven = close_gap();
        if (best_.candidates.empty()) {
            Infeasibility none;
            none.conflicting_limits = {"memory of all models", "cores of all models"};
            none.explanation = proven ? "each model can be placed alone, not all together: memory or cores are short"
                                      : "no way to place all models was found before the search reached its limits";
            none.proven = proven;
            return none;
        }
        return describe(proven);
    }

private:
    [[nodiscard]] NodeShares prices_zero() const { return NodeShares(prices_.size(), 0.0); }

    std::optional<Infeasibility> infeasible_alone() {
        const NodeShares all(prices_.size(), 1.0);
        for (std::size_t m = 0; m < models_.size(); ++m) {
            const PricedModel::Best best = models_[m].best(prices_zero(), all);
            if (best.candidate) continue;
            PlanningProblem problem = models_[m].problem();
            Infeasibility why;
            why.proven = best.lower_bound >= kNotAllowed;
            const Solution alone = solve(problem);
            if (alone.status == SearchStatus::kInfeasible) why = explain_infeasibility(problem);
            why.explanation = fmt::format(
                "{}: {}", requests_[m].name,
                why.explanation.empty() ? "its requests need more cores than a node may give" : why.explanation);
            return why;
        }
        return std::nullopt;
    }

    void add_column(std::size_t m, const FleetCandidate& candidate) {
        const auto same = [&](const FleetCandidate& other) { return other.placement == candidate.placement; };
        if (std::none_of(columns_[m].begin(), columns_[m].end(), same)) columns_[m].push_back(candidate);
    }

    void offer(std::vector<FleetCandidate> candidates) {
        double grams = 0;
        for (const FleetCandidate& candidate : candidates) grams += candidate.grams_per_second;
        if (grams < best_.grams) best_ = {std::move(candidates), grams};
    }

    /// One model after the other takes the best of what those before it leave, starting with `first`.
    void place_in_turns(std::size_t first) {
        NodeShares left(prices_.size(), 1.0);
        std::vector<FleetCandidate> candidates(models_.size());
        for (std::size_t i = 0; i < models_.size(); ++i) {
            const std::size_t m = (first + i) % models_.size();
            const PricedModel::Best best = models_[m].best(prices_, left);
            if (!best.candidate) return;
            candidates[m] = *best.candidate;
            add_column(m, candidates[m]);
            take(candidates[m], 1, left);
        }
        offer(std::move(candidates));
    }

    /// Takes one or two models out of the best choice and places them anew beside the others; true where that helps.
    bool place_again() {
        if (closed() || best_.candidates.empty()) return false;
        const double before = best_.grams;
        for (std::size_t m = 0; m < models_.size(); ++m) {
            for (std::size_t n = 0; n < models_.size(); ++n) {
                std::vector<FleetCandidate> candidates = best_.candidates;
                NodeShares left(prices_.size(), 1.0);
                for (std::size_t other = 0; other < models_.size(); ++other) {
                    if (other != m && other != n) take(candidates[other], 1, left);
                }
                bool placed = true;
                const std::vector<std::size_t> out =
                    m == n ? std::vector<std::size_t>{m} : std::vector<std::size_t>{m, n};
                for (const std::size_t model : out) {
                    // The first of two leaves room for the second where prices are paid.
                    const PricedModel::Best best =
                        models_[model].best(model == m && m != n ? prices_ : prices_zero(), left);
                    placed = best.candidate.has_value();
                    if (!placed) break;
                    candidates[model] = *best.candidate;
                    add_column(model, candidates[model]);
                    take(candidates[model], 1, left);
                }
                if (placed) offer(std::move(candidates));
            }
        }
        return best_.grams < before * (1 - kSlack);
    }

    /// Subgradient ascent with Polyak steps on the prices of shares.
    void raise_bound() {
        const NodeShares all(prices_.size(), 1.0);
        double factor = 1;
        std::size_t vain = 0;
        NodeShares direction(prices_.size(), 0);
        for (std::size_t round = 0; round < caps_.rounds; ++round) {
            NodeShares excess(prices_.size(), -1.0);
            double bound = -std::accumulate(prices_.begin(), prices_.end(), 0.0);
            std::vector<FleetCandidate> candidates;
            std::vector<double> least;
            std::size_t stopped = 0;
            for (std::size_t m = 0; m < models_.size(); ++m) {
                const PricedModel::Best best = models_[m].best(prices_, all);
                if (!best.candidate) break;  // the search was stopped without any: these prices teach nothing
                least.push_back(best.lower_bound);
                bound += best.lower_bound;
                stopped += best.stopped ? 1 : 0;
                candidates.push_back(*best.candidate);
                add_column(m, candidates.back());
                take(candidates.back(), -1, excess);
            }
            if (candidates.size() < models_.size()) break;
            ++rounds_;
            if (round == 0 || bound > lower_ + std::abs(lower_) * 1e-9) {
                vain = 0;
            } else if (++vain >= 6) {
                factor /= 2;
                vain = 0;
                prices_ = best_prices_;
            }
            if (round == 0 || bound > lower_) {
                lower_ = bound;
                best_prices_ = prices_;
                least_ = least;
                stopped_ = stopped;
            }
            if (std::all_of(excess.begin(), excess.end(), [](double share) { return share <= kSlack * 1e-2; })) {
                offer(std::move(candidates));
            }
            if (round % 8 == 0) {
                for (std::size_t first = 0; first < (round == 0 ? models_.size() : 1); ++first) {
                    place_in_turns(first + round / 8);
                }
            }
            if (closed() || factor < 1e-3) break;
            const double upper = best_.candidates.empty() ? lower_ + std::abs(lower_) * 0.2 + 1e-12 : best_.grams;
            double norm = 0;
            for (std::size_t r = 0; r < prices_.size(); ++r) {
                direction[r] = excess[r] + 0.4 * direction[r];
                if (prices_[r] == 0 && direction[r] < 0) direction[r] = 0;
                norm += direction[r] * direction[r];
            }
            if (norm == 0) break;
            const double step = factor * std::max(upper - bound, std::abs(upper) * 1e-6) / norm;
            for (std::size_t r = 0; r < prices_.size(); ++r) {
                prices_[r] = std::max(0.0, prices_[r] + step * direction[r]);
            }
        }
        prices_ = best_prices_;
    }

    [[nodiscard]] bool closed() const { return best_.grams - lower_ <= std::abs(best_.grams) * kSlack; }

    /// False: a cap ended it.
    bool combine(const std::vector<std::vector<FleetCandidate>>& columns, const NodeShares& prices) {
        Combination combination(columns, prices, best_.grams, caps_.combinations);
        if (std::optional<Choice> better = combination.run()) best_ = std::move(*better);
        return combination.complete();
    }

    /// A better choice uses no pipeline whose priced cost is further above its model's least than the gap. False: there
    /// are too many of those, or of their combinations.
    bool close_gap() {
        if (closed()) return true;
        if (rounds_ == 0) return false;
        const double gap = best_.grams >= kNotAllowed ? kNotAllowed : best_.grams - lower_;
        std::vector<std::vector<FleetCandidate>> columns;
        for (std::size_t m = 0; m < models_.size(); ++m) {
            const double cutoff = gap >= kNotAllowed ? kNotAllowed : least_[m] + gap + std::abs(best_.grams) * kSlack;
            PricedModel::All all = models_[m].all_within(prices_, cutoff, caps_.columns);
            enumerated_ += all.listed;
            if (!all.complete) return false;
            columns.push_back(std::move(all.candidates));
        }
        return combine(columns, prices_);
    }

    [[nodiscard]] FleetPlan describe(bool proven) const;

    const std::vector<FleetRequest>& requests_;
    double max_load_;
    FleetCaps caps_;
    std::vector<PricedModel> models_;
    std::vector<std::vector<FleetCandidate>> columns_;  ///< met on the way, per model
    NodeShares prices_;
    NodeShares best_prices_;
    std::vector<double> least_;  ///< priced cost of each model's best at best_prices_
    std::size_t stopped_ = 0;    ///< of those, how many searches were cut short
    double lower_ = 0;
    Choice best_;
    std::size_t rounds_ = 0;
    std::size_t enumerated_ = 0;
};

FleetPlan FleetPlanner::describe(bool proven) const {
    const std::vector<Node>& nodes = requests_.front().problem.cluster.nodes;
    FleetPlan fleet;
    fleet.max_load = max_load_;
    NodeShares used(prices_.size(), 0.0);
    for (std::size_t m = 0; m < models_.size(); ++m) {
        const PlanningProblem& problem = models_[m].problem();
        Plan plan = plan_frame(problem, requests_[m].name, {});
        plan.pipelines = {models_[m].describe(best_.candidates[m].placement)};
        plan.predicted = plan.pipelines.front().predicted;
        plan.certificate.method = "policy";
        plan.certificate.value = plan.predicted.parts.grams().value();
        plan.notes.emplace_back("one of several models on its nodes; latencies are without waiting for the others");
        take(best_.candidates[m], -1, used);
        fleet.members.push_back({requests_[m].name, requests_[m].rate_per_second, std::move(plan)});
    }
    for (std::size_t v = 0; v < nodes.size(); ++v) {
        FleetNodeUse use;
        use.node = nodes[v].name;
        for (const FleetMember& member : fleet.members) {
            for (const PlannedStage& stage : member.plan.pipelines.front().stages) {
                if (stage.node == use.node) use.memory += stage.memory;
            }
        }
        use.cores = used[nodes.size() + v] * nodes[v].cpus * max_load_;
        use.memory_price = prices_[v];
        use.cores_price = prices_[nodes.size() + v];
        fleet.nodes.push_back(use);
    }
    FleetCertificate& certificate = fleet.certificate;
    const bool closed = proven || lower_ >= best_.grams * (1 - 1e-12);
    certificate.method = closed ? "exact-columns" : "bounded-columns";
    certificate.proven_optimal = closed;
    certificate.value = best_.grams;
    certificate.lower_bound = closed ? best_.grams : lower_;
    if (best_.grams > 0) certificate.gap = (best_.grams - certificate.lower_bound) / best_.grams;
    std::size_t columns = 0;
    for (const std::vector<FleetCandidate>& column : columns_) columns += column.size();
    certificate.counters = {{"price_rounds", static_cast<double>(rounds_)},
                            {"pipelines_met", static_cast<double>(columns)},
                            {"pipelines_enumerated", static_cast<double>(enumerated_)},
                            {"price_problems_open", static_cast<double>(stopped_)},
                            {"price_bound_gco2e_per_second", lower_}};
    return fleet;
}

}  // namespace

FleetPlanOrInfeasibility plan_fleet(const std::vector<FleetRequest>& requests, double max_load, const FleetCaps& caps) {
    for (const FleetRequest& request : requests) {
        check_problem(request.problem);
        if (request.problem.cluster.idle_policy == IdlePolicy::kFull) {
            throw UsageError(
                "idle power in full belongs to no single request of several models, expected --idle none or "
                "attributed");
        }
        if (request.problem.limits.latency_p95) {
            throw UsageError("a p95 limit cannot be kept for several models at once, expected a limit of the mean");
        }
    }
    return FleetPlanner(requests, max_load, caps).run();
}

}  // namespace carbonedge
