#include "lib/verify/verify_graph.h"
#include "lib/base/atomic_file.h"
#include "lib/dag/dnn_partitioning_file.h"
#include "lib/planner/graph_planner.h"
#include "lib/verify/graph_reach.h"
#include "tests/support/random_graph.h"
#include "tests/support/shared_inputs.h"
#include "tests/support/skip.h"

#include <doctest/doctest.h>
#include <cmath>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace carbonedge {
namespace {

constexpr std::uint64_t kEnough = 10'000'000;

TEST_CASE("verify graph: the plans of 300 small graphs hold and their bounds are found again") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        const OperationGraph graph = random_graph(seed, 8);
        const GraphPlanOrInfeasibility outcome = plan_graph(graph);
        const auto* plan = std::get_if<GraphPlan>(&outcome);
        if (plan == nullptr) {
            CHECK(reachable_below(graph, 1e6, kEnough) == false);
            continue;
        }
        const GraphVerification verification = verify_graph_plan(*plan, kEnough);
        CHECK(verification.breaches == std::vector<std::string>{});
        CHECK(verification.bound_repeated);
        CHECK(verification.value.count() == doctest::Approx(plan->certificate.value.count()).epsilon(1e-12));
        CHECK(verification.work_bound.count() <= plan->certificate.value.count() * (1 + 1e-12));
        CHECK(reachable_below(graph, plan->certificate.value.count() * (1 + 1e-9) + 1e-12, kEnough) == true);
    }
}

/// in -> left, right -> out on two accelerators and a CPU.
GraphPlan diamond() {
    GraphPlan plan;
    plan.graph.accelerators = 2;
    plan.graph.cpus = 1;
    plan.graph.accelerator_memory = Bytes(10);
    const auto add = [&](double seconds, std::vector<std::size_t> consumers) {
        Operation operation;
        operation.id = static_cast<std::int64_t>(plan.graph.operations.size());
        operation.accelerator_time = Seconds(seconds);
        operation.cpu_time = Seconds(10 * seconds);
        operation.transfer_time = Seconds(0.25);
        operation.memory = Bytes(3);
        operation.colour = operation.id;
        operation.consumers = std::move(consumers);
        plan.graph.operations.push_back(std::move(operation));
    };
    add(1, {1, 2});
    add(2, {3});
    add(2, {3});
    add(1, {});
    return std::get<GraphPlan>(plan_graph(plan.graph));
}

TEST_CASE("verify graph: whatever is changed in a plan is found") {
    const GraphPlan honest = diamond();
    REQUIRE(verify_graph_plan(honest).passed());
    REQUIRE(honest.devices.size() == 2);
    REQUIRE(honest.certificate.value == Seconds(3.5));
    struct Case {
        std::string problem;
        std::function<void(GraphPlan&)> change;
    };
    const std::vector<Case> cases{
        {"runs nowhere", [](GraphPlan& plan) { plan.devices[0].operations.pop_back(); }},
        {"accelerators are used", [](GraphPlan& plan) { plan.graph.accelerators = 1; }},
        {"cpus are used",
         [](GraphPlan& plan) {
             plan.devices[0].accelerator = false;
             plan.graph.cpus = 0;
         }},
        {"which cannot run it", [](GraphPlan& plan) { plan.graph.operations[0].accelerator_can_run = false; }},
        {"have one colour", [](GraphPlan& plan) { plan.graph.operations[0].colour = 3; }},
        {"on a later device", [](GraphPlan& plan) { std::swap(plan.devices[0], plan.devices[1]); }},
        {"states a load", [](GraphPlan& plan) { plan.devices[0].load = Seconds(3); }},
        {"states a load", [](GraphPlan& plan) { plan.graph.operations[0].transfer_time = Seconds(0.5); }},
        {"its operations take", [](GraphPlan& plan) { plan.devices[1].memory = Bytes(1); }},
        {"an accelerator has 5", [](GraphPlan& plan) { plan.graph.accelerator_memory = Bytes(5); }},
        {"the stated value", [](GraphPlan& plan) { plan.certificate.value = Seconds(3.25); }},
        {"the stated gap", [](GraphPlan& plan) { plan.certificate.gap = 0.5; }},
        {"proven best with a gap",
         [](GraphPlan& plan) {
             plan.certificate.lower_bound = Seconds(3);
             plan.certificate.gap = 0.2;
         }},
        {"is above the value", [](GraphPlan& plan) { plan.certificate.lower_bound = Seconds(5); }},
        {"a contiguous plan is below the lower bound",
         [](GraphPlan& plan) {
             // All on one accelerator instead: the bound of its plan is above what two can do.
             plan.devices = {{true, {0, 1, 2, 3}, Seconds(6), Bytes(12)}};
             plan.graph.accelerator_memory = Bytes(12);
             plan.certificate.value = plan.certificate.lower_bound = Seconds(6);
         }},
    };
    for (const Case& item : cases) {
        CAPTURE(item.problem);
        GraphPlan plan = honest;
        item.change(plan);
        const GraphVerification verification = verify_graph_plan(plan);
        REQUIRE_FALSE(verification.passed());
        bool found = false;
        for (const std::string& breach : verification.breaches) {
            found = found || breach.find(item.problem) != std::string::npos;
        }
        CHECK_MESSAGE(found, verification.breaches.front());
    }
}

TEST_CASE("verify graph: the plans of the published graphs hold") {
    const auto folder = shared_input("planner/dnn-partitioning");
    if (!folder) return skip_test("no planner/dnn-partitioning among the data of others");
    for (const std::string model : {"bert24", "gnmt", "resnet50", "inceptionv3"}) {
        CAPTURE(model);
        std::istringstream unused;
        const OperationGraph graph =
            read_dnn_partitioning(read_input((*folder / (model + "_inference.json")).string(), unused), model);
        const GraphVerification verification = verify_graph_plan(std::get<GraphPlan>(plan_graph(graph)));
        CHECK(verification.breaches == std::vector<std::string>{});
        CHECK(verification.work_bound < verification.value);
        // GNMT has many operations without work, which this search, unlike the planner's, does not merge.
        CHECK(verification.bound_repeated == (model != "gnmt"));
    }
}

}  // namespace
}  // namespace carbonedge
