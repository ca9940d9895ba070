#include "lib/tradeoff/explanation.h"

#include "lib/planner/limit_analysis.h"
#include "lib/planner/reduced_graph.h"
#include "lib/tradeoff/plan_problem.h"
#include "lib/tradeoff/resolving.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <functional>

namespace carbonedge {
namespace {

constexpr double kSame = 1e-9;
double just_below(double value) { return value - std::abs(value) * kSame; }

/// A limit as a number that can be set, and what a placement needs of it.
struct Dial {
    double now = 0;
    double finest = 1;  ///< steps below it are not told apart
    bool more_is_looser = true;
    std::function<PlanningProblem(double)> set;
    std::function<double(const Placement&)> need;
};

class Explainer {
public:
    Explainer(const PlanningProblem& problem, const Placement& placement)
        : problem_(problem), table_(problem), resolving_(problem) {
        result_.plan = placement;
    }

    std::optional<Explanation> run() {
        result_.plan_value = resolving_.value(problem_, result_.plan);
        result_.broken = broken_by(problem_, table_, result_.plan);
        const std::optional<Resolving::Found> best = resolving_.best(problem_);
        if (!best) return std::nullopt;
        result_.plan_is_best = result_.broken.empty() && !(best->value < just_below(result_.plan_value));
        result_.best = result_.plan_is_best ? result_.plan : best->placement;
        result_.best_value = result_.plan_is_best ? result_.plan_value : best->value;
        price_limits();
        find_alternatives();
        find_ranges();
        explain_nodes();
        result_.proven = !resolving_.cut_off();
        result_.problems_solved = resolving_.solved();
        return std::move(result_);
    }

private:
    // --- limits

    void price_limits() {
        for (const NamedLimit& limit : limits_of(problem_)) {
            if (limit.kind == NamedLimit::Kind::kMemory) continue;
            LimitPrice price;
            price.text = limit.text;
            PlanningProblem without = problem_;
            limit.remove(without);
            const std::optional<Dial> dial = dial_of(limit.kind, price.kind);
            weigh(without, dial, price);
            result_.limits.push_back(std::move(price));
        }
        const std::size_t nodes = problem_.cluster.nodes.size();
        const std::vector<bool> helps = each_helps(all_of_them(nodes), [](PlanningProblem& variant, std::size_t v) {
            variant.cluster.nodes[v].memory = Bytes(std::int64_t{1} << 60);
        });
        for (std::size_t v = 0; v < nodes; ++v) {
            LimitPrice price;
            price.kind = LimitPrice::Kind::kMemory;
            price.text = fmt::format("memory of {}", problem_.cluster.nodes[v].name);
            const Dial dial = memory_dial(v);
            if (helps[v]) weigh(dial.set(1e18), dial, price);
            result_.limits.push_back(std::move(price));
        }
    }

    static std::vector<std::size_t> all_of_them(std::size_t count) {
        std::vector<std::size_t> items(count);
        for (std::size_t i = 0; i < count; ++i) items[i] = i;
        return items;
    }

    /// Which of `items`, each alone, lets a better plan in, where a change of any of them leaves the best plan as it is
    /// and can only help others: a group that does not help together does not help singly, so few solves are needed.
    std::vector<bool> each_helps(const std::vector<std::size_t>& items,
                                 const std::function<void(PlanningProblem&, std::size_t)>& change) {
        std::vector<bool> helps(items.empty() ? 0 : 1 + *std::max_element(items.begin(), items.end()), false);
        const std::function<void(std::size_t, std::size_t)> test = [&](std::size_t begin, std::size_t end) {
            if (begin == end) return;
            PlanningProblem variant = problem_;
            for (std::size_t i = begin; i < end; ++i) change(variant, items[i]);
            if (!resolving_.best(variant, just_below(result_.best_value))) return;
            if (end - begin == 1) {
                helps[items[begin]] = true;
                return;
            }
            const std::size_t middle = begin + (end - begin) / 2;
            test(begin, middle);
            test(middle, end);
        };
        test(0, items.size());
        return helps;
    }

    std::optional<Dial> dial_of(NamedLimit::Kind kind, LimitPrice::Kind& told) const {
        const Limits& limits = problem_.limits;
        Dial dial;
        if (kind == NamedLimit::Kind::kLatencyMean) {
            told = LimitPrice::Kind::kLatencyMean;
            dial = time_dial(*limits.latency_mean, &Limits::latency_mean);
            dial.need = [this](const Placement& plan) { return cost_of(table_, plan).mean_latency(); };
        } else if (kind == NamedLimit::Kind::kLatencyP95) {
            told = LimitPrice::Kind::kLatencyP95;
            dial = time_dial(*limits.latency_p95, &Limits::latency_p95);
            dial.need = [this](const Placement& plan) { return replay_placement(problem_, table_, plan).p95.count(); };
        } else if (kind == NamedLimit::Kind::kThroughput) {
            told = LimitPrice::Kind::kThroughput;
            dial.now = *limits.throughput_per_second;
            dial.finest = dial.now * kSame;
            dial.more_is_looser = false;
            dial.set = [this](double rate) {
                PlanningProblem variant = problem_;
                variant.limits.throughput_per_second = rate;
                return variant;
            };
            dial.need = [this](const Placement& plan) { return 1 / cost_of(table_, plan).occupancy; };
        } else if (kind == NamedLimit::Kind::kMaxNodes) {
            told = LimitPrice::Kind::kMaxNodes;
            dial.now = static_cast<double>(*limits.max_nodes);
            dial.set = [this](double nodes) {
                PlanningProblem variant = problem_;
                variant.limits.max_nodes = static_cast<std::size_t>(nodes);
                return variant;
            };
            dial.need = [](const Placement& plan) { return static_cast<double>(plan.size()); };
        } else {
            return std::nullopt;
        }
        return dial;
    }

    Dial time_dial(Nanoseconds now, std::optional<Nanoseconds> Limits::*limit) const {
        Dial dial;
        dial.now = to_seconds(now).count();
        dial.finest = 1e-9;
        dial.set = [this, limit](double seconds) {
            PlanningProblem variant = problem_;
            variant.limits.*limit = Nanoseconds(std::llround(seconds * 1e9));
            return variant;
        };
        return dial;
    }

    Dial memory_dial(std::size_t v) const {
        Dial dial;
        dial.now = static_cast<double>(problem_.cluster.nodes[v].memory.value());
        dial.finest = 1;
        dial.set = [this, v](double bytes) {
            PlanningProblem variant = problem_;
            variant.cluster.nodes[v].memory = Bytes(static_cast<std::int64_t>(bytes));
            return variant;
        };
        dial.need = [this, v](const Placement& plan) {
            for (const PlacedStage& placed : plan) {
                if (placed.node == v) return std::ceil(table_.stage(v, placed.layers).memory_bytes);
            }
            return 0.0;
        };
        return dial;
    }

    void weigh(const PlanningProblem& without, const std::optional<Dial>& dial, LimitPrice& price) {
        const double cutoff = just_below(result_.best_value);
        std::optional<Resolving::Found> better = resolving_.best(without, cutoff);
        if (!better) return;
        price.binds = true;
        price.saving_without = result_.best_value - better->value;
        if (!dial) {
            price.saving = price.saving_without;
            price.placement = better->placement;
            return;
        }
        // Down from what the best without the limit needs, to the least that any better plan needs.
        double tight = dial->now;
        double loose = dial->need(better->placement);
        const double toward = dial->more_is_looser ? -1 : 1;
        for (int round = 0; round < 80 && std::abs(loose - tight) > dial->finest * 1.5; ++round) {
            const double step = std::max(dial->finest, std::abs(loose) * 1e-12);
            const double x = round % 2 == 0 ? loose + toward * step : tight + (loose - tight) / 2;
            const std::optional<Resolving::Found> closer = resolving_.best(dial->set(x), cutoff);
            if (closer) {
                better = closer;
                const double need = dial->need(closer->placement);
                loose = dial->more_is_looser ? std::min(x, need) : std::max(x, need);
            } else if (round % 2 == 0) {
                break;
            } else {
                tight = x;
            }
        }
        price.at = loose;
        price.relaxed_by = std::abs(loose - dial->now);
        price.saving = result_.best_value - better->value;
        price.placement = better->placement;
    }

    // --- alternatives

    void find_alternatives() {
        // Another plan lacks at least one stage of the best, so the next best is the least of the bests without one.
        Alternative next{"next best", {}, 0};
        for (const PlacedStage& placed : result_.best) {
            const auto found = resolving_.best_edited(problem_, {}, [&](SearchGraph& graph, const CostTable& table) {
                const auto at = [&](std::size_t position) {
                    return static_cast<std::size_t>(
                        std::find(table.positions().begin(), table.positions().end(), position) -
                        table.positions().begin());
                };
                const std::size_t a = at(placed.layers.first);
                const std::size_t b = at(placed.layers.end);
                if (graph.has_stage(placed.node, a, b)) {
                    graph.stage_time[graph.stage_index(placed.node, a, b)] = kNotAllowed;
                }
            });
            // Under a p95 limit that binds the search goes back to the whole graph and may bring the best again.
            if (!found || found->placement == result_.best) continue;
            if (!next.placement || found->value < next.value) {
                next.placement = found->placement;
                next.value = found->value;
            }
        }
        result_.alternatives.push_back(std::move(next));
        PlanningProblem single = problem_;
        single.limits.max_nodes = 1;
        add_alternative("one node", single);
    }

    void add_alternative(const std::string& what, const PlanningProblem& variant) {
        Alternative alternative{what, {}, 0};
        if (const auto found = resolving_.best(variant)) {
            alternative.placement = found->placement;
            alternative.value = found->value;
        }
        result_.alternatives.push_back(std::move(alternative));
    }

    // --- figures

    [[nodiscard]] bool intensities_count() const {
        return problem_.objective == Objective::kCarbon || problem_.objective == Objective::kScore;
    }

    [[nodiscard]] bool uses_node(std::size_t v) const {
        return std::any_of(result_.best.begin(), result_.best.end(),
                           [v](const PlacedStage& placed) { return placed.node == v; });
    }

    void find_ranges() {
        if (intensities_count()) intensity_ranges();
        bandwidth_ranges();
    }

    /// A node that is not used only matters where it gets cleaner.
    void intensity_ranges() {
        const Cluster& cluster = problem_.cluster;
        double most = 2000;  // g/kWh: beyond any grid
        std::vector<std::size_t> unused;
        for (std::size_t v = 0; v < cluster.nodes.size(); ++v) {
            most = std::max(most, 4 * cluster.nodes[v].intensity.value());
            if (!uses_node(v)) unused.push_back(v);
        }
        std::vector<bool> helps = each_helps(unused, [](PlanningProblem& variant, std::size_t v) {
            variant.cluster.nodes[v].intensity = CarbonIntensity(0);
        });
        helps.resize(cluster.nodes.size(), false);
        for (std::size_t v = 0; v < cluster.nodes.size(); ++v) {
            FigureRange range;
            range.what = fmt::format("intensity of {}", cluster.nodes[v].name);
            range.now = cluster.nodes[v].intensity.value();
            const FigureSet set = [this, v](double x) {
                PlanningProblem variant = problem_;
                variant.cluster.nodes[v].intensity = CarbonIntensity(x);
                return variant;
            };
            if (uses_node(v) || helps[v]) search_below(range, range.now, 0, set);
            if (uses_node(v)) search_above(range, range.now, most, set);
            result_.figures.push_back(std::move(range));
        }
    }

    [[nodiscard]] static Link& link_at(Cluster& cluster, std::size_t l) {
        return l < cluster.links.size() ? cluster.links[l] : cluster.default_link;
    }

    /// The links that the best plan's legs take; past the end of the named ones: the default.
    [[nodiscard]] std::vector<bool> used_links() const {
        const Cluster& cluster = problem_.cluster;
        std::vector<bool> used(cluster.links.size() + 1, false);
        std::string from(kGateway);
        const auto take = [&](const std::string& to) {
            const auto named = std::find_if(cluster.links.begin(), cluster.links.end(), [&](const Link& link) {
                return (link.from == from && link.to == to) || (link.from == to && link.to == from);
            });
            used[static_cast<std::size_t>(named - cluster.links.begin())] = true;
            from = to;
        };
        for (const PlacedStage& placed : result_.best) take(cluster.nodes[placed.node].name);
        take(std::string(kGateway));
        return used;
    }

    /// A link that is not used only matters where it gets faster. Times are straight lines in seconds a byte, so that
    /// is what moves.
    void bandwidth_ranges() {
        const std::vector<bool> used = used_links();
        std::vector<std::size_t> unused;
        for (std::size_t l = 0; l < used.size(); ++l) {
            if (!used[l]) unused.push_back(l);
        }
        std::vector<bool> helps = each_helps(unused, [](PlanningProblem& variant, std::size_t l) {
            link_at(variant.cluster, l).bandwidth = BytesPerSecond(0);
        });
        helps.resize(used.size(), false);
        for (std::size_t l = 0; l < used.size(); ++l) {
            Cluster cluster = problem_.cluster;
            const Link& link = link_at(cluster, l);
            FigureRange range;
            range.what = l < problem_.cluster.links.size() ? fmt::format("bandwidth of {}-{}", link.from, link.to)
                                                           : "bandwidth of other links";
            range.unit = FigureRange::Unit::kBandwidth;
            range.now = link.bandwidth.value();
            constexpr double kSlowest = 1e3;  // 8 kbit/s
            const double now = range.now > 0 ? 1 / range.now : 0.0;
            const FigureSet set = [this, l](double per_byte) {
                PlanningProblem variant = problem_;
                link_at(variant.cluster, l).bandwidth = BytesPerSecond(per_byte > 0 ? 1 / per_byte : 0.0);
                return variant;
            };
            FigureRange moved;
            if (used[l] || helps[l]) search_below(moved, now, 0, set);
            if (used[l]) search_above(moved, now, std::max(1 / kSlowest, 1e3 * now), set);
            if (moved.below) {  // fewer seconds a byte: more bandwidth
                range.above = *moved.below > 0 ? 1 / *moved.below : 0.0;
                range.above_placement = moved.below_placement;
            }
            if (moved.above) {
                range.below = 1 / *moved.above;
                range.below_placement = moved.above_placement;
            }
            result_.figures.push_back(std::move(range));
        }
    }

    void search_below(FigureRange& range, double now, double least, const FigureSet& set) {
        if (!(now > least)) return;
        if (const auto found = break_even(resolving_, set, result_.best, now, least)) {
            range.below = found->at;
            range.below_placement = found->successor;
        }
    }

    void search_above(FigureRange& range, double now, double most, const FigureSet& set) {
        if (const auto found = break_even(resolving_, set, result_.best, now, most)) {
            range.above = found->at;
            range.above_placement = found->successor;
        }
    }

    // --- nodes

    void explain_nodes() {
        for (std::size_t v = 0; v < problem_.cluster.nodes.size(); ++v) {
            const bool used = uses_node(v);
            NodeReason reason;
            reason.node = problem_.cluster.nodes[v].name;
            reason.used = used;
            if (used) {
                explain_used(v, reason);
            } else {
                explain_unused(v, reason);
            }
            result_.nodes.push_back(std::move(reason));
        }
    }

    std::string more_text(double value) const {
        if (!(result_.best_value > 0)) return "more";
        return fmt::format("{:.3g} % more", 100 * (value - result_.best_value) / result_.best_value);
    }

    void explain_used(std::size_t, NodeReason& reason) {
        PlanningProblem variant = problem_;
        variant.limits.forbidden.emplace_back("*", reason.node);
        if (const auto found = resolving_.best(variant)) {
            reason.placement = found->placement;
            reason.value = found->value;
            reason.reason = fmt::format("without it the best plan costs {}", more_text(found->value));
        } else {
            reason.reason = "without it no plan meets the limits";
        }
    }

    void explain_unused(std::size_t v, NodeReason& reason) {
        if (!some_stage_allowed(problem_, v)) {
            PlanningProblem roomy = problem_;
            roomy.cluster.nodes[v].memory = Bytes(std::int64_t{1} << 60);
            reason.reason = some_stage_allowed(roomy, v) ? "it has the memory for no stage"
                                                         : "no stage is allowed on it by the other limits";
            return;
        }
        if (const auto found = best_through(v)) {
            reason.placement = found->placement;
            reason.value = found->value;
            reason.reason = found->value < result_.best_value * (1 + kSame)
                                ? "a plan with it is as good"
                                : fmt::format("the best plan with it costs {}", more_text(found->value));
            return;
        }
        reason.reason = problem_.objective == Objective::kBottleneck || problem_.limits.latency_p95
                            ? "the best plan does without it"
                            : "no plan with it meets the limits";
    }

    bool some_stage_allowed(const PlanningProblem& variant, std::size_t v) const {
        const SearchGraph graph = build_search_graph(variant, table_, resolving_.references(), Alike::kTellApart);
        for (std::size_t a = 0; a + 1 < graph.cuts; ++a) {
            for (std::size_t b = a + 1; b < graph.cuts; ++b) {
                if (graph.has_stage(v, a, b) && graph.refill(graph.stage_index(v, a, b)) <= graph.refill_cap)
                    return true;
            }
        }
        return false;
    }

    /// The best plan with a stage on the node: the least over the cuts where that stage can begin, those with the least
    /// bound first (a relaxation that lets nodes be used again), until no bound is below what is found.
    std::optional<Resolving::Found> best_through(std::size_t v) {
        if (problem_.objective == Objective::kBottleneck) return std::nullopt;
        const SearchGraph graph = build_search_graph(problem_, table_, resolving_.references(), Alike::kTellApart);
        const ReducedGraph reduced(graph);
        const PathWeights weights{1.0, graph.latency_weight, {}, std::vector<double>(graph.kinds, 0.0)};
        const PartialWeights before = reduced.beginnings(weights);
        const PartialWeights after = reduced.completions(weights);
        std::vector<std::pair<double, std::size_t>> starts;
        for (std::size_t a = 0; a + 1 < graph.cuts; ++a) {
            const double bound = before.start[v * graph.cuts + a] + after.start[v * graph.cuts + a];
            if (bound < kNotAllowed) starts.emplace_back(bound, a);
        }
        std::sort(starts.begin(), starts.end());
        std::optional<Resolving::Found> best;
        for (const auto& [bound, start] : starts) {
            if (best && bound >= just_below(best->value)) break;
            const std::size_t at = start;
            const std::optional<double> cutoff = best ? std::optional(just_below(best->value)) : std::nullopt;
            const auto found = resolving_.best_edited(
                problem_, cutoff, [v, at](SearchGraph& edited, const CostTable&) { begin_stage(edited, v, at); });
            // Under a p95 limit that binds the search goes back to the whole graph.
            const bool uses = found && std::any_of(found->placement.begin(), found->placement.end(),
                                                   [v](const PlacedStage& placed) { return placed.node == v; });
            if (uses && (!best || found->value < best->value)) best = found;
        }
        return best;
    }

    /// Leaves only pipelines in which node `v` begins a stage at cut `at`.
    static void begin_stage(SearchGraph& graph, std::size_t v, std::size_t at) {
        for (std::size_t w = 0; w < graph.kinds; ++w) {
            for (std::size_t a = 0; a + 1 < graph.cuts; ++a) {
                for (std::size_t b = a + 1; b < graph.cuts; ++b) {
                    if (!graph.has_stage(w, a, b)) continue;
                    const bool fits = w == v ? a == at : b <= at || a > at;
                    if (!fits) graph.stage_time[graph.stage_index(w, a, b)] = kNotAllowed;
                }
            }
        }
    }

    const PlanningProblem& problem_;
    CostTable table_;
    Resolving resolving_;
    Explanation result_;
};

}  // namespace

std::optional<Explanation> explain_plan(const PlanningProblem& problem, const Placement& placement) {
    return Explainer(problem, placement).run();
}

}  // namespace carbonedge
