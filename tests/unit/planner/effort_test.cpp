#include "lib/planner/exact_planner.h"
#include "lib/planner/node_kinds.h"
#include "lib/planner/planner_state.h"
#include "lib/verify/verify.h"
#include "tests/support/brute_force.h"
#include "tests/support/planning_problem.h"
#include "tests/support/random_problem.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cmath>

namespace carbonedge {
namespace {

constexpr std::array<Objective, 4> kSums{Objective::kCarbon, Objective::kEnergy, Objective::kLatency,
                                         Objective::kScore};

Plan drawn_plan(std::uint64_t seed, std::size_t layers, std::size_t nodes, Objective objective) {
    SeededRandom random(seed);
    RandomShape shape;
    shape.layers = layers;
    shape.nodes = nodes;
    Plan plan = random_problem(random, shape);
    plan.objective = objective;
    plan.carbon_weight = 0.5;
    return plan;
}

/// A problem with memory for about half of the model a node and a mean latency of at most `slack` times the fastest.
PlanningProblem tight_problem(std::uint64_t seed, std::size_t layers, std::size_t nodes, Objective objective,
                              double slack) {
    PlanningProblem problem = problem_of(drawn_plan(seed, layers, nodes, objective));
    const Profile& profile = problem.profiles[0];
    for (Node& node : problem.cluster.nodes) {
        node.memory = Bytes((profile.load_peak_bytes.value() * 3 + profile.runtime_base_bytes.value() * 2) / 5);
    }
    if (objective == Objective::kLatency) return problem;
    PlanningProblem fastest = problem;
    fastest.objective = Objective::kLatency;
    problem.limits.latency_mean = to_nanoseconds(Seconds(solve(fastest).search.value * slack));
    return problem;
}

double best_of_all(const Plan& problem) {
    double best = 1e300;
    for_every_pipeline(problem, [&](const std::vector<BruteStage>& pipeline) {
        const BruteCost cost = brute_cost(problem, pipeline);
        if (brute_allowed(problem, pipeline, cost)) best = std::min(best, brute_value(problem, cost));
    });
    return best;
}

/// Limits that a plan of `best_latency` is within or just within, drawn by `which`; 0: none.
void limit(PlanningProblem& problem, int which, double best_latency) {
    const auto latency = [&](double slack) { return to_nanoseconds(Seconds(best_latency * slack)); };
    problem.limits = {};
    if (which == 1) problem.limits.latency_mean = latency(1.15);
    if (which == 2) problem.limits.latency_p95 = latency(1.1);
    if (which == 3) problem.limits.latency_p95 = latency(1.5);
    if (which == 4) problem.limits.max_nodes = 3;
}
constexpr int kLimitSets = 5;

bool close(double left, double right) { return std::abs(left - right) <= 1e-9 * std::abs(right); }

}  // namespace

TEST_CASE("nodes that differ in nothing but the name are planned as counts, and the optimum is the same") {
    SeededRandom random(77);
    int merged = 0;
    int feasible = 0;
    for (std::uint64_t round = 0; round < 250; ++round) {
        CAPTURE(round);
        Plan plan = drawn_plan(1000 + round, 2 + round % 4, 2 + round % 3, kSums[round % kSums.size()]);
        const auto whole = static_cast<double>(plan.profiles[0].load_peak_bytes.value());
        plan.cluster.links.clear();  // every pair by the default: copies are alike
        for (std::size_t v = 1; v < plan.cluster.nodes.size(); ++v) {
            if (random.below(3) == 0) continue;
            const std::string name = plan.cluster.nodes[v].name;
            plan.cluster.nodes[v] = plan.cluster.nodes[0];
            plan.cluster.nodes[v].name = name;
            plan.node_profile[v] = plan.node_profile[0];
        }
        const double share = random.uniform(0.85, 1.3);
        for (Node& node : plan.cluster.nodes) node.memory = Bytes(static_cast<std::int64_t>(whole * share));
        if (random.below(3) == 0) plan.limits.max_nodes = 2;
        if (random.below(3) == 0) plan.limits.forbidden.emplace_back("layer0", "n0");
        const PlanningProblem problem = problem_of(plan);
        const CostTable table(problem);
        const bool alike = graph_members(problem, table, Alike::kMerge).size() < plan.cluster.nodes.size();
        merged += alike ? 1 : 0;
        const Solution solution = solve(problem);
        const double best = best_of_all(plan);
        CHECK((solution.status == SearchStatus::kInfeasible) == (best >= 1e300));
        if (solution.status != SearchStatus::kOptimal) continue;
        ++feasible;
        CHECK(close(solution.search.value, best));
        std::vector<std::size_t> nodes;
        for (const PlacedStage& placed : solution.placement) nodes.push_back(placed.node);
        std::sort(nodes.begin(), nodes.end());
        CHECK(std::adjacent_find(nodes.begin(), nodes.end()) == nodes.end());
    }
    CHECK(merged > 100);
    CHECK(feasible > 100);
}

TEST_CASE("64 nodes of 4 types are 4 kinds, and a plan over them is proven best") {
    PlanningProblem problem = problem_of(drawn_plan(5, 40, 4, Objective::kCarbon));
    problem.cluster.links.clear();
    for (std::size_t v = 4; v < 64; ++v) {
        problem.cluster.nodes.push_back(problem.cluster.nodes[v % 4]);
        problem.cluster.nodes.back().name = "n" + std::to_string(v);
        problem.node_profile.push_back(problem.node_profile[v % 4]);
    }
    const Profile& profile = problem.profiles[0];
    for (Node& node : problem.cluster.nodes) {
        node.memory =
            profile.runtime_base_bytes + Bytes((profile.load_peak_bytes - profile.runtime_base_bytes).value() / 4);
    }
    const CostTable table(problem);
    const auto kinds = graph_members(problem, table, Alike::kMerge);
    REQUIRE(kinds.size() == 4);
    CHECK(kinds[1].front() == 1);
    CHECK(kinds[1].size() == 16);
    const Solution solution = solve(problem);
    CHECK(solution.status == SearchStatus::kOptimal);
    CHECK(solution.placement.size() > 2);
}

TEST_CASE("a search that is cut short returns a plan and a bound that hold, wherever it is cut") {
    int cut_short = 0;
    int with_gap = 0;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        const PlanningProblem problem = tight_problem(seed, 24, 5, kSums[seed % kSums.size()], 1.15);
        const Solution whole = solve(problem);
        if (whole.status != SearchStatus::kOptimal) continue;
        for (const int asked : {0, 1, 3, 10, 30, 60, 100}) {
            CAPTURE(seed);
            CAPTURE(asked);
            int left = asked;
            ExactPlannerOptions options;
            options.out_of_time = [&] { return left-- <= 0; };
            const Solution part = solve(problem, options);
            CHECK(part.status != SearchStatus::kInfeasible);
            CHECK(part.search.lower_bound <= whole.search.value * (1 + 1e-9));
            CHECK(part.search.lower_bound >= 0);
            if (!part.placement.empty()) CHECK(part.search.value >= whole.search.value * (1 - 1e-9));
            if (part.status == SearchStatus::kOptimal) CHECK(close(part.search.value, whole.search.value));
            cut_short += part.status == SearchStatus::kStopped ? 1 : 0;
            with_gap += part.search.lower_bound < whole.search.value * (1 - 1e-6) ? 1 : 0;
        }
        for (const std::size_t labels : {std::size_t{1}, std::size_t{20}, std::size_t{200}}) {
            PlanningProblem limited = problem;
            limited.caps.labels = labels;
            const Solution first = solve(limited);
            const Solution second = solve(limited);
            CHECK(first.placement == second.placement);
            CHECK(first.search.lower_bound == second.search.lower_bound);
            CHECK(first.search.lower_bound <= whole.search.value * (1 + 1e-9));
        }
    }
    CHECK(cut_short > 20);
    CHECK(with_gap > 10);
}

TEST_CASE("a plan that ran out of time says so, states its gap, and is a plan") {
    std::uint64_t seed = 1;
    PlanningProblem problem = tight_problem(seed, 24, 5, Objective::kCarbon, 1.15);
    while (solve(problem).status != SearchStatus::kOptimal || solve(problem).search.counters.at("price rounds") < 5) {
        problem = tight_problem(++seed, 24, 5, Objective::kCarbon, 1.15);
    }
    int left = 3;
    ExactPlannerOptions options;
    options.out_of_time = [&] { return left-- <= 0; };
    const PlanOrInfeasibility outcome = plan_exactly(problem, "short", options);
    if (const Plan* plan = std::get_if<Plan>(&outcome)) {
        CHECK_FALSE(plan->certificate.proven_optimal);
        CHECK(*plan->certificate.gap >= 0);
        CHECK(plan->binding.empty());
    } else {
        CHECK_FALSE(std::get<Infeasibility>(outcome).proven);
    }
}

TEST_CASE("every plan of a search that is cut short passes its verification, whichever look at the clock cuts it") {
    constexpr std::array<Objective, 5> kAll{Objective::kCarbon, Objective::kEnergy, Objective::kLatency,
                                            Objective::kScore, Objective::kBottleneck};
    int stopped = 0;
    int after_replays = 0;
    const auto holds = [&](const PlanOrInfeasibility& outcome) {
        const Plan* plan = std::get_if<Plan>(&outcome);
        if (plan == nullptr) return;
        const Certificate& certificate = plan->certificate;
        CHECK(*certificate.lower_bound >= 0);
        CHECK(*certificate.gap >= 0);
        CHECK(*certificate.gap <= 1);
        if (certificate.proof) CHECK(certificate.proof->bound <= *certificate.lower_bound);
        const Verification verification = verify_plan(*plan);
        const std::string breach = verification.passed() ? "" : verification.breaches.front();
        CHECK(breach == "");
        stopped += certificate.proven_optimal ? 0 : 1;
        after_replays += !certificate.proven_optimal && certificate.counters.count("plans replayed") > 0 ? 1 : 0;
    };
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        PlanningProblem fastest = tight_problem(seed, 14, 5, Objective::kLatency, 1);
        const double latency = solve(fastest).search.value;
        for (const Objective objective : kAll) {
            for (int limits = 0; limits < kLimitSets; ++limits) {
                PlanningProblem problem = fastest;
                problem.objective = objective;
                limit(problem, limits, latency);
                for (const int looks : {0, 1, 2, 3, 4, 5, 6, 8, 12, 20, 35, 60, 90}) {
                    CAPTURE(seed);
                    CAPTURE(static_cast<int>(objective));
                    CAPTURE(limits);
                    CAPTURE(looks);
                    int left = looks;
                    ExactPlannerOptions options;
                    options.out_of_time = [&] { return left-- <= 0; };
                    holds(plan_exactly(problem, "short", options));
                }
                for (const std::size_t most : {std::size_t{1}, std::size_t{5}, std::size_t{50}}) {
                    CAPTURE(seed);
                    CAPTURE(static_cast<int>(objective));
                    CAPTURE(limits);
                    CAPTURE(most);
                    PlanningProblem capped = problem;
                    capped.caps.labels = most;
                    capped.caps.replays = most;
                    holds(plan_exactly(capped, "capped", {}));
                }
            }
        }
    }
    CHECK(stopped > 200);
    CHECK(after_replays > 10);
}

TEST_CASE("a planner state that is changed again and again finds what a fresh planner finds") {
    SeededRandom random(8);
    for (const Objective objective : {Objective::kCarbon, Objective::kScore, Objective::kBottleneck}) {
        PlanningProblem problem = tight_problem(11, 16, 4, objective, 1.4);
        PlannerState state(problem);
        for (int hour = 0; hour < 24; ++hour) {
            CAPTURE(hour);
            for (Node& node : problem.cluster.nodes) node.intensity = CarbonIntensity(random.uniform(20, 700));
            if (hour % 5 == 2) problem.cluster.nodes[1].intensity = problem.cluster.nodes[0].intensity;
            state.change_intensities(problem.cluster);
            if (hour % 4 == 3) {
                problem.limits.latency_mean = Nanoseconds(problem.limits.latency_mean->count() * 21 / 20);
                state.change_latency_limit(problem.limits.latency_mean);
            }
            if (hour == 12 && objective == Objective::kCarbon) {
                problem.objective = Objective::kEnergy;
                state.change_objective(Objective::kEnergy);
            }
            const Solution kept = state.solve();
            const Solution fresh = solve(problem);
            REQUIRE(kept.status == fresh.status);
            CHECK(close(kept.search.value, fresh.search.value));
        }
    }
}

}  // namespace carbonedge
