#include "lib/tradeoff/explanation.h"
#include "lib/planner/exact_planner.h"
#include "lib/tradeoff/plan_problem.h"
#include "tests/unit/tradeoff/drawn_problem.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <functional>

namespace carbonedge {
namespace {

using Keep = std::function<bool(const std::vector<BruteStage>&, const BruteCost&)>;

double brute_least(const Plan& plan, const Keep& keep = {}) {
    double least = 1e300;
    for_every_pipeline(plan, [&](const std::vector<BruteStage>& pipeline) {
        const BruteCost cost = brute_cost(plan, pipeline);
        if (!brute_allowed(plan, pipeline, cost) || (keep && !keep(pipeline, cost))) return;
        least = std::min(least, brute_value(plan, cost));
    });
    return least;
}

bool uses(const std::vector<BruteStage>& pipeline, std::size_t node) {
    return std::any_of(pipeline.begin(), pipeline.end(), [&](const BruteStage& stage) { return stage.node == node; });
}

double value_of(const Plan& plan, const Placement& placement) {
    return brute_value(plan, brute_cost(plan, brute_stages(placement)));
}

bool close(double left, double right) {
    return std::abs(left - right) <= 1e-9 * std::max(std::abs(left), std::abs(right));
}

/// A drawn problem with its optimum, for objectives whose values do not depend on references.
struct Case {
    DrawnProblem drawn;
    Explanation explanation;
};

std::optional<Case> draw_case(SeededRandom& random, Objective objective) {
    Case drawn{draw_problem(random, true), {}};
    drawn.drawn.brute.objective = objective;
    drawn.drawn.problem.objective = objective;
    const PlanOrInfeasibility outcome = plan_exactly(drawn.drawn.problem, "x");
    if (std::holds_alternative<Infeasibility>(outcome)) return std::nullopt;
    const PlanningProblem problem = problem_of_plan(std::get<Plan>(outcome));
    drawn.explanation = *explain_plan(problem, placement_of_plan(std::get<Plan>(outcome), problem));
    return drawn;
}

/// The least that a limit must be opened to let a better plan in, by looking at every plan.
double brute_need(const Plan& plan, const Plan& without, double best,
                  const std::function<double(const BruteCost&, const std::vector<BruteStage>&)>& need,
                  bool more_is_looser) {
    double at = more_is_looser ? 1e300 : -1e300;
    for_every_pipeline(plan, [&](const std::vector<BruteStage>& pipeline) {
        const BruteCost cost = brute_cost(without, pipeline);
        if (!brute_allowed(without, pipeline, cost) || !(brute_value(without, cost) < best * (1 - 2e-9))) return;
        at = more_is_looser ? std::min(at, need(cost, pipeline)) : std::max(at, need(cost, pipeline));
    });
    return at;
}

}  // namespace

TEST_CASE("limits bind, and are priced to the next better plan, as brute force says on 250 seeded instances") {
    SeededRandom random(4301);
    int priced = 0;
    int idle = 0;
    for (int round = 0; round < 250; ++round) {
        CAPTURE(round);
        const auto found = draw_case(random, round % 3 == 0 ? Objective::kEnergy : Objective::kCarbon);
        if (!found) continue;
        const Plan& plan = found->drawn.brute;
        const Explanation& explanation = found->explanation;
        CHECK(explanation.plan_is_best);
        CHECK(explanation.proven);
        const double best = brute_least(plan);
        CHECK(close(explanation.best_value, best));
        for (const LimitPrice& price : explanation.limits) {
            Plan without = plan;
            double now = 0;
            bool more_is_looser = true;
            std::function<double(const BruteCost&, const std::vector<BruteStage>&)> need;
            if (price.kind == LimitPrice::Kind::kLatencyMean) {
                now = static_cast<double>(plan.limits.latency_mean->count()) / 1e9;
                without.limits.latency_mean.reset();
                need = [](const BruteCost& cost, const auto&) { return cost.latency(); };
            } else if (price.kind == LimitPrice::Kind::kThroughput) {
                now = *plan.limits.throughput_per_second;
                without.limits.throughput_per_second.reset();
                more_is_looser = false;
                need = [](const BruteCost& cost, const auto&) { return 1 / cost.bottleneck; };
            } else if (price.kind == LimitPrice::Kind::kMaxNodes) {
                now = static_cast<double>(*plan.limits.max_nodes);
                without.limits.max_nodes.reset();
                need = [](const BruteCost&, const auto& pipeline) { return static_cast<double>(pipeline.size()); };
            } else {
                continue;
            }
            const double free = brute_least(without);
            CAPTURE(price.text);
            const bool binds = free < best * (1 - 2e-9);
            REQUIRE(price.binds == binds);
            if (!binds) {
                ++idle;
                continue;
            }
            ++priced;
            CHECK(close(price.saving_without, best - free));
            const double at = brute_need(plan, without, best, need, more_is_looser);
            CHECK(*price.at == doctest::Approx(at).epsilon(2e-9));
            CHECK(*price.relaxed_by == doctest::Approx(std::abs(at - now)).epsilon(1e-6));
            CHECK(std::abs(price.saving - (best - value_of(without, price.placement))) <= 1e-9 * best);
        }
    }
    CHECK(priced > 15);
    CHECK(idle > 30);
}

TEST_CASE("memory binds where more of it on one node would help, priced to the byte") {
    SeededRandom random(4302);
    int binding = 0;
    for (int round = 0; round < 250; ++round) {
        CAPTURE(round);
        const auto found = draw_case(random, Objective::kCarbon);
        if (!found) continue;
        const double best = brute_least(found->drawn.brute);
        for (const LimitPrice& price : found->explanation.limits) {
            if (price.kind != LimitPrice::Kind::kMemory) continue;
            const std::string name = price.text.substr(price.text.rfind(' ') + 1);
            const std::size_t v = find_node(found->drawn.brute.cluster, name)->value();
            const auto at_memory = [&](double bytes) {
                Plan variant = found->drawn.brute;
                variant.cluster.nodes[v].memory = Bytes(static_cast<std::int64_t>(bytes));
                return brute_least(variant);
            };
            REQUIRE(price.binds == (at_memory(1e15) < best * (1 - 2e-9)));
            if (!price.binds) continue;
            ++binding;
            CHECK(close(at_memory(*price.at), best - price.saving));
            CHECK(close(at_memory(*price.at - 2), best));
        }
    }
    CHECK(binding > 10);
}

TEST_CASE("the next best plan, and the best with and without every node, equal brute force") {
    SeededRandom random(4303);
    int unused = 0;
    for (int round = 0; round < 250; ++round) {
        CAPTURE(round);
        const Objective objectives[] = {Objective::kCarbon, Objective::kLatency, Objective::kEnergy,
                                        Objective::kBottleneck};
        const auto found = draw_case(random, objectives[round % 4]);
        if (!found) continue;
        const Plan& plan = found->drawn.brute;
        const Explanation& explanation = found->explanation;
        const std::vector<BruteStage> best = brute_stages(explanation.best);
        const double next = brute_least(plan, [&](const std::vector<BruteStage>& pipeline, const BruteCost&) {
            return pipeline.size() != best.size() ||
                   !std::equal(pipeline.begin(), pipeline.end(), best.begin(), [](const auto& left, const auto& right) {
                       return left.node == right.node && left.first == right.first && left.end == right.end;
                   });
        });
        const Alternative& alternative = explanation.alternatives.front();
        REQUIRE(alternative.placement.has_value() == (next < 1e300));
        if (alternative.placement) {
            CHECK(close(alternative.value, next));
            CHECK(close(value_of(plan, *alternative.placement), next));
            CHECK_FALSE(*alternative.placement == explanation.best);
        }
        for (std::size_t v = 0; v < explanation.nodes.size(); ++v) {
            const NodeReason& node = explanation.nodes[v];
            CAPTURE(node.node);
            CAPTURE(node.reason);
            CHECK(node.used == uses(best, v));
            CHECK_FALSE(node.reason.empty());
            if (!node.used && plan.objective == Objective::kBottleneck) continue;  // no best plan with it is looked for
            const double other = brute_least(
                plan, [&](const auto& pipeline, const BruteCost&) { return uses(pipeline, v) != node.used; });
            REQUIRE(node.placement.has_value() == (other < 1e300));
            if (node.placement) CHECK(node.value == doctest::Approx(other).epsilon(1e-9));
            unused += !node.used && node.placement ? 1 : 0;
        }
    }
    CHECK(unused > 100);
}

TEST_CASE("a decision holds within the stated ranges of intensity and bandwidth and changes right outside them") {
    SeededRandom random(4304);
    int changes = 0;
    for (int round = 0; round < 60; ++round) {
        CAPTURE(round);
        const auto found = draw_case(random, Objective::kCarbon);
        if (!found) continue;
        const Plan& plan = found->drawn.brute;
        const Placement& best = found->explanation.best;
        for (std::size_t f = 0; f < found->explanation.figures.size(); ++f) {
            const FigureRange& range = found->explanation.figures[f];
            CAPTURE(range.what);
            const std::size_t nodes = plan.cluster.nodes.size();
            const auto variant = [&](double x) {
                Plan changed = plan;
                if (f < nodes) {
                    changed.cluster.nodes[f].intensity = CarbonIntensity(x);
                } else if (f - nodes < plan.cluster.links.size()) {
                    changed.cluster.links[f - nodes].bandwidth = BytesPerSecond(x);
                } else {
                    changed.cluster.default_link.bandwidth = BytesPerSecond(x);
                }
                return changed;
            };
            const auto holds = [&](double x) {
                const Plan changed = variant(x);
                const std::vector<BruteStage> stages = brute_stages(best);
                const BruteCost cost = brute_cost(changed, stages);
                return brute_allowed(changed, stages, cost) &&
                       brute_value(changed, cost) <= brute_least(changed) * (1 + 3e-9);
            };
            CHECK(holds(range.now));
            const double now = range.now > 0 || f < nodes ? range.now : 1e15;  // bandwidth 0 is not limited
            if (range.below && *range.below > 0) {
                ++changes;
                CHECK(*range.below <= now * (1 + 1e-8));
                CHECK_FALSE(holds(*range.below * (1 - 1e-5)));
                if (*range.below * (1 + 1e-5) < now) CHECK(holds(*range.below * (1 + 1e-5)));
                CHECK(holds(random.uniform(*range.below * (1 + 1e-5), now)));
            } else if (f < nodes && !range.below) {
                CHECK(holds(0));
            }
            if (range.above && *range.above > 0) {
                ++changes;
                CHECK_FALSE(holds(*range.above * (1 + 1e-5)));
                if (*range.above * (1 - 1e-5) > now) CHECK(holds(*range.above * (1 - 1e-5)));
                if (now > 0) CHECK(holds(random.uniform(now, *range.above * (1 - 1e-5))));
            } else if (f < nodes && !range.above) {
                CHECK(holds(2000));
            }
        }
    }
    CHECK(changes > 60);
}

TEST_CASE("a plan that is not the best is told, and the best explained") {
    SeededRandom random(4305);
    int worse = 0;
    for (int round = 0; round < 60; ++round) {
        DrawnProblem drawn = draw_problem(random, true);
        std::vector<Placement> all;
        for_every_pipeline(drawn.brute, [&](const std::vector<BruteStage>& pipeline) {
            all.emplace_back();
            for (const BruteStage& stage : pipeline) all.back().push_back({stage.node, {stage.first, stage.end}});
        });
        const Placement& plan = all[random.below(all.size())];
        const double best = brute_least(drawn.brute);
        const auto explanation = explain_plan(drawn.problem, plan);
        REQUIRE(explanation.has_value() == (best < 1e300));
        if (!explanation) continue;
        const std::vector<BruteStage> stages = brute_stages(plan);
        const BruteCost cost = brute_cost(drawn.brute, stages);
        const bool allowed = brute_allowed(drawn.brute, stages, cost);
        CHECK(explanation->broken.empty() == allowed);
        CHECK(explanation->plan_is_best == (allowed && close(brute_value(drawn.brute, cost), best)));
        CHECK(close(explanation->best_value, best));
        worse += explanation->plan_is_best ? 0 : 1;
    }
    CHECK(worse > 20);
}

}  // namespace carbonedge
