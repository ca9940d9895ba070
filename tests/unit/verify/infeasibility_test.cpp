#include "lib/verify/infeasibility.h"
#include "lib/planner/exact_planner.h"
#include "tests/support/brute_force.h"
#include "tests/support/random_problem.h"

#include <doctest/doctest.h>
#include <algorithm>

namespace carbonedge {

TEST_CASE("a proof that there is no plan is given only where brute force finds none, and often where it finds none") {
    SeededRandom random(31);
    int infeasible = 0;
    int proven = 0;
    for (int round = 0; round < 400; ++round) {
        CAPTURE(round);
        RandomShape shape;
        shape.layers = 2 + random.below(4);
        shape.nodes = 1 + random.below(3);
        Plan plan = random_problem(random, shape);
        plan.objective = Objective::kLatency;
        const auto whole = static_cast<double>(plan.profiles[0].load_peak_bytes.value());
        for (Node& node : plan.cluster.nodes) {
            node.memory = Bytes(static_cast<std::int64_t>(whole * random.uniform(0.4, 1.3)));
        }
        double fastest = 1e300;
        for_every_pipeline(plan, [&](const std::vector<BruteStage>& pipeline) {
            fastest = std::min(fastest, brute_cost(plan, pipeline).latency());
        });
        if (random.below(2) == 0) {
            plan.limits.latency_mean = Nanoseconds(static_cast<std::int64_t>(fastest * random.uniform(0.7, 1.4) * 1e9));
        }
        if (random.below(3) == 0) plan.limits.forbidden.emplace_back("layer0", "n0");
        bool possible = false;
        for_every_pipeline(plan, [&](const std::vector<BruteStage>& pipeline) {
            possible = possible || brute_allowed(plan, pipeline, brute_cost(plan, pipeline));
        });
        const bool claimed = !infeasibility_proofs(plan).empty();
        CHECK_FALSE((claimed && possible));
        infeasible += possible ? 0 : 1;
        proven += claimed ? 1 : 0;
    }
    CHECK(infeasible > 100);
    CHECK(proven * 2 > infeasible);
}

}  // namespace carbonedge
