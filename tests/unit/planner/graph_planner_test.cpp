#include "lib/planner/graph_planner.h"
#include "lib/base/atomic_file.h"
#include "lib/dag/dnn_partitioning_file.h"
#include "lib/planner/condensed_graph.h"
#include "tests/support/random_graph.h"
#include "tests/support/shared_inputs.h"
#include "tests/support/skip.h"

#include <doctest/doctest.h>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

namespace carbonedge {
namespace {

TEST_CASE("graph planner: equal to trying every contiguous plan of 600 small graphs") {
    int infeasible = 0;
    int merged = 0;
    for (std::uint64_t seed = 1; seed <= 600; ++seed) {
        CAPTURE(seed);
        const OperationGraph graph = random_graph(seed, 8);
        const double expected = least_load_by_trying(graph);
        const GraphPlanOrInfeasibility outcome = plan_graph(graph);
        if (condense(graph).items.size() < graph.operations.size()) ++merged;
        if (std::isinf(expected)) {
            ++infeasible;
            REQUIRE(std::holds_alternative<GraphInfeasibility>(outcome));
            CHECK(std::get<GraphInfeasibility>(outcome).proven);
            continue;
        }
        REQUIRE(std::holds_alternative<GraphPlan>(outcome));
        const GraphPlan& plan = std::get<GraphPlan>(outcome);
        CHECK(plan.certificate.value.count() == doctest::Approx(expected).epsilon(1e-12));
        CHECK(plan.certificate.proven_optimal);
        CHECK(plan.certificate.lower_bound == plan.certificate.value);
    }
    CHECK(infeasible > 20);
    CHECK(infeasible < 200);
    CHECK(merged > 200);
}

TEST_CASE("graph planner: where a cap ends the search the bound still holds") {
    GraphSearchCaps caps;
    caps.kept = 3;
    int bounded = 0;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        const OperationGraph graph = random_graph(seed, 8);
        const double expected = least_load_by_trying(graph);
        const GraphPlanOrInfeasibility outcome = plan_graph(graph, caps);
        if (const auto* infeasibility = std::get_if<GraphInfeasibility>(&outcome)) {
            if (infeasibility->proven) CHECK(std::isinf(expected));
            continue;
        }
        const GraphPlan& plan = std::get<GraphPlan>(outcome);
        CHECK(plan.certificate.lower_bound.count() <= expected * (1 + 1e-12));
        CHECK(plan.certificate.value.count() >= expected * (1 - 1e-12));
        if (plan.certificate.proven_optimal) continue;
        ++bounded;
        CHECK(plan.certificate.method == "bounded-down-sets");
        CHECK(plan.certificate.gap >= 0);
    }
    CHECK(bounded > 50);
}

TEST_CASE("graph planner: the published optima of the dnn-partitioning graphs and InceptionV3 proven") {
    const auto folder = shared_input("planner/dnn-partitioning");
    if (!folder) return skip_test("no planner/dnn-partitioning among the data of others");
    struct Case {
        std::string file;
        double milliseconds;
    };
    for (const Case& item : {Case{"bert24_inference.json", 17.7899}, Case{"gnmt_inference.json", 32.9107},
                             Case{"resnet50_inference.json", 33.7747}, Case{"inceptionv3_inference.json", 51.5519}}) {
        CAPTURE(item.file);
        std::istringstream unused;
        const OperationGraph graph =
            read_dnn_partitioning(read_input((*folder / item.file).string(), unused), item.file);
        const GraphPlanOrInfeasibility outcome = plan_graph(graph);
        REQUIRE(std::holds_alternative<GraphPlan>(outcome));
        const GraphPlan& plan = std::get<GraphPlan>(outcome);
        CHECK(plan.certificate.proven_optimal);
        CHECK(plan.certificate.value.count() * 1000 == doctest::Approx(item.milliseconds).epsilon(3e-6));
        CHECK(plan.certificate.value.count() <= best_load_of_execution_order(graph) * (1 + 1e-12));
        CHECK(plan.certificate.counters.at("down_sets_kept") < 40'000);
    }
}

}  // namespace
}  // namespace carbonedge
