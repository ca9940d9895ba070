#include "lib/verify/bound_proof.h"
#include "lib/planner/exact_planner.h"
#include "lib/verify/verify.h"
#include "tests/support/brute_force.h"
#include "tests/support/random_problem.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

namespace carbonedge {
namespace {

constexpr std::array<Objective, 4> kSums{Objective::kCarbon, Objective::kEnergy, Objective::kLatency,
                                         Objective::kScore};

/// A plan of the exact planner under limits that bind, or nothing where the draw allows none.
std::optional<Plan> planned(std::uint64_t seed, std::size_t layers, std::size_t nodes) {
    SeededRandom random(seed);
    RandomShape shape;
    shape.layers = layers;
    shape.nodes = nodes;
    const Plan drawn = random_problem(random, shape);
    PlanningProblem problem;
    problem.cluster = drawn.cluster;
    problem.profiles = drawn.profiles;
    problem.node_profile = drawn.node_profile;
    problem.objective = Objective::kLatency;
    const Profile& profile = problem.profiles[0];
    for (Node& node : problem.cluster.nodes) {
        node.memory = layers < 8
                          ? Bytes(profile.load_peak_bytes.value() * 5 / 4)
                          : Bytes((profile.load_peak_bytes.value() * 3 + profile.runtime_base_bytes.value() * 2) / 5);
    }
    const Solution fastest = solve(problem);
    if (fastest.placement.empty()) return std::nullopt;
    problem.objective = kSums[seed % kSums.size()];
    problem.limits.latency_mean = to_nanoseconds(Seconds(fastest.search.value * 1.1));
    if (random.below(3) == 0) problem.limits.max_nodes = fastest.placement.size();
    PlanOrInfeasibility outcome = plan_exactly(problem, "x");
    if (!std::holds_alternative<Plan>(outcome)) return std::nullopt;
    return std::get<Plan>(outcome);
}

double least_value(const Plan& plan) {
    double best = 1e300;
    for_every_pipeline(plan, [&](const std::vector<BruteStage>& pipeline) {
        const BruteCost cost = brute_cost(plan, pipeline);
        if (brute_allowed(plan, pipeline, cost)) best = std::min(best, brute_value(plan, cost));
    });
    return best;
}

}  // namespace

TEST_CASE("what prices prove is worked out anew and never exceeds the least of all pipelines") {
    SeededRandom random(4);
    int proofs = 0;
    for (std::uint64_t seed = 1; seed <= 120; ++seed) {
        CAPTURE(seed);
        std::optional<Plan> plan = planned(seed, 2 + seed % 5, 2 + seed % 3);
        if (!plan) continue;
        REQUIRE(plan->certificate.proof);
        const Recomputer recomputer(*plan);
        const StageTable table(*plan, recomputer);
        const ProofCheck own = check_proof(*plan, table, *plan->certificate.proof);
        CHECK(own.breaches == std::vector<std::string>{});
        const double least = least_value(*plan);
        CHECK(*own.bound <= least * (1 + 1e-9));
        CHECK(std::abs(*own.bound - plan->certificate.proof->bound) <= 1e-8 * std::abs(least));
        // Any prices at all prove a bound, only a worse one.
        BoundProof any = *plan->certificate.proof;
        any.time_price *= random.uniform(0, 1.5);
        any.stage_price += random.below(2) == 0 ? 0.0 : random.uniform() * least;
        any.nodes.clear();
        for (const Node& node : plan->cluster.nodes) any.nodes.push_back({node.name, random.uniform() * least, 0});
        const ProofCheck other = check_proof(*plan, table, any);
        if (other.bound) CHECK(*other.bound <= least * (1 + 1e-9));
        ++proofs;
    }
    CHECK(proofs > 60);
}

TEST_CASE("plans of the exact planner are proven best once more by an enumeration that shares nothing with it") {
    int again = 0;
    int plans = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        const std::optional<Plan> plan = planned(seed, 20, 4);
        if (!plan) continue;
        ++plans;
        const Verification verification = verify_plan(*plan, 20'000'000);
        CHECK(verification.breaches == std::vector<std::string>{});
        CHECK(verification.proven_bound.has_value());
        again += verification.bound_enumerated ? 1 : 0;
    }
    CHECK(plans > 20);
    CHECK(again == plans);
}

TEST_CASE("a proof that claims more than its prices prove is refused, and so is a bound that a plan beats") {
    struct Tampering {
        const char* what;
        std::function<void(Plan&)> change;
    };
    const std::vector<Tampering> tamperings{
        {"bound", [](Plan& plan) { plan.certificate.proof->bound += 1e-6 * plan.certificate.value; }},
        {"negative price",
         [](Plan& plan) {
             plan.certificate.proof->nodes = {{plan.cluster.nodes[0].name, -1e-3, 0}};
         }},
        {"path", [](Plan& plan) { plan.certificate.proof->relaxed_path.pop_back(); }},
        {"time price",
         [](Plan& plan) {
             plan.certificate.proof->time_price += plan.certificate.value;
             plan.certificate.proof->bound = plan.certificate.value;
         }},
        {"refill price without a limit to pay for it",
         [](Plan& plan) {
             plan.limits.latency_mean.reset();
             plan.certificate.proof->nodes = {{plan.cluster.nodes[0].name, 0, 10 * plan.certificate.value}};
         }},
    };
    int seen = 0;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        const std::optional<Plan> plan = planned(seed, 10, 3);
        if (!plan) continue;
        ++seen;
        CAPTURE(seed);
        REQUIRE(verify_plan(*plan).passed());
        for (const Tampering& tampering : tamperings) {
            CAPTURE(tampering.what);
            Plan tampered = *plan;
            tampering.change(tampered);
            CHECK_FALSE(verify_plan(tampered).passed());
        }
    }
    CHECK(seen > 10);
}

TEST_CASE("a plan that claims to be best but is not is found out by enumeration") {
    int found = 0;
    int tried = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        std::optional<Plan> plan = planned(seed, 12, 4);
        if (!plan) continue;
        // The problem asks for less, but the certificate still claims the old optimum.
        plan->limits.latency_mean.reset();
        plan->limits.max_nodes.reset();
        const double least = least_value(*plan);
        if (least > plan->certificate.value * (1 - 1e-6)) continue;
        ++tried;
        const Verification verification = verify_plan(*plan, 100'000'000);
        found += std::any_of(verification.breaches.begin(), verification.breaches.end(),
                             [](const std::string& breach) {
                                 return breach.find("beaten by") != std::string::npos ||
                                        breach.find("price") != std::string::npos;
                             })
                     ? 1
                     : 0;
    }
    CHECK(tried > 3);
    CHECK(found == tried);
}

}  // namespace carbonedge
