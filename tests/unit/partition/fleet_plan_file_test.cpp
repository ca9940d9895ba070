#include "lib/partition/fleet_plan_file.h"
#include "tests/support/error_text.h"
#include "tests/support/random_plan.h"

#include <doctest/doctest.h>
#include <string>
#include <vector>

namespace carbonedge {
namespace {

FleetPlan drawn_fleet(std::uint64_t seed) {
    SeededRandom random(seed);
    FleetPlan fleet;
    fleet.max_load = random.uniform(0.1, 1);
    for (int m = 0; m < 2; ++m) {
        fleet.members.push_back({"model " + std::to_string(m), random.uniform(0.1, 50), random_plan(random, 4, 3)});
    }
    for (const Node& node : fleet.members[0].plan.cluster.nodes) {
        FleetNodeUse use;
        use.node = node.name;
        use.memory = Bytes(static_cast<std::int64_t>(random.below(1'000'000'000)));
        use.cores = random.uniform(0, 4);
        use.memory_price = random.uniform(0, 1e-6);
        fleet.nodes.push_back(use);
    }
    fleet.certificate.method = "bounded-columns";
    fleet.certificate.value = random.uniform(0, 1);
    fleet.certificate.lower_bound = fleet.certificate.value / 3;
    fleet.certificate.gap = 2.0 / 3;
    fleet.certificate.counters = {{"price_rounds", 12}};
    return fleet;
}

TEST_CASE("fleet plan file: what is written is read as it was") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        const FleetPlan fleet = drawn_fleet(seed);
        const std::string text = write_fleet_plan(fleet);
        CHECK(read_fleet_plan(text, "x") == fleet);
        CHECK(write_fleet_plan(read_fleet_plan(text, "x")) == text);
    }
}

TEST_CASE("fleet plan file: what is wrong is said with its place") {
    const std::string text = write_fleet_plan(drawn_fleet(5));
    struct Case {
        std::string from;
        std::string to;
        std::string problem;
    };
    for (const Case& item :
         {Case{"fleet-plan/1", "fleet-plan/2", "x:2: has schema version 2"},
          Case{"\"model 1\"", "\"model 0\"", "a second model has the name 'model 0'"},
          Case{"\"carbonedge.plan/2\"", "\"carbonedge.plan/9\"", "x (plan of model 0):2: has schema version 9"},
          Case{"\"price_rounds\": 12", "\"price_rounds\": \"12\"", "price_rounds"},
          Case{"\"cores\":", "\"coers\":", "coers"}}) {
        CAPTURE(item.to);
        std::string changed = text;
        REQUIRE(changed.find(item.from) != std::string::npos);
        changed.replace(changed.find(item.from), item.from.size(), item.to);
        const std::string problem = error_text([&] { (void)read_fleet_plan(changed, "x"); });
        CHECK_MESSAGE(problem.find(item.problem) != std::string::npos, problem);
    }
}

}  // namespace
}  // namespace carbonedge
