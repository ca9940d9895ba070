#include "lib/dag/graph_plan_file.h"
#include "tests/support/error_text.h"

#include <doctest/doctest.h>
#include <string>
#include <utility>
#include <vector>

namespace carbonedge {
namespace {

GraphPlan small_plan() {
    GraphPlan plan;
    plan.graph.name = "small.json";
    plan.graph.accelerators = 1;
    plan.graph.cpus = 1;
    plan.graph.accelerator_memory = Bytes(100);
    for (int i = 0; i < 3; ++i) {
        Operation operation;
        operation.id = 30 - 10 * i;
        operation.name = "op";
        operation.accelerator_time = Seconds(0.1 * (i + 1));
        operation.cpu_time = Seconds(1.0 / 3);
        operation.transfer_time = Seconds(1e-9);
        operation.memory = Bytes(7);
        operation.colour = i / 2;
        plan.graph.operations.push_back(operation);
    }
    plan.graph.operations[0].consumers = {1, 2};
    plan.graph.operations[1].consumers = {2};
    plan.graph.operations[2].accelerator_can_run = false;
    GraphDevice accelerator;
    accelerator.operations = {0, 1};
    accelerator.load = Seconds(0.3);
    accelerator.memory = Bytes(14);
    GraphDevice cpu;
    cpu.accelerator = false;
    cpu.operations = {2};
    cpu.load = Seconds(1.0 / 3);
    cpu.memory = Bytes(7);
    plan.devices = {accelerator, cpu};
    plan.certificate.method = "bounded-down-sets";
    plan.certificate.value = Seconds(1.0 / 3);
    plan.certificate.lower_bound = Seconds(0.25);
    plan.certificate.gap = 0.25;
    plan.certificate.counters = {{"items", 3}, {"pairs", 12}};
    return plan;
}

TEST_CASE("graph plan file: what is written is read as it was") {
    const GraphPlan plan = small_plan();
    const std::string text = write_graph_plan(plan);
    CHECK(read_graph_plan(text, "x") == plan);
    CHECK(write_graph_plan(read_graph_plan(text, "x")) == text);
}

TEST_CASE("graph plan file: what is wrong is said with its line") {
    const std::string text = write_graph_plan(small_plan());
    struct Case {
        std::string from;
        std::string to;
        std::string problem;
    };
    for (const Case& item :
         {Case{"graph-plan/1", "graph-plan/2", "has schema version 2"},
          Case{"\"kind\": \"cpu\"", "\"kind\": \"gpu\"", "unknown kind of device 'gpu', expected accelerator or cpu"},
          Case{"\"operations\": [10]", "\"operations\": [20]", "operation 20 is placed twice"},
          Case{"\"operations\": [10]", "\"operations\": [40]", "no operation has the id 40"},
          Case{"\"operations\": [30, 20]", "\"operations\": [20, 30]", "not in the order of the graph"},
          Case{"\"id\": 20", "\"id\": 30", "a second operation has the id 30"},
          Case{"\"consumers\": [20, 10]", "\"consumers\": [10, 20]", "not in the order of the operations"},
          Case{"\"consumers\": []", "\"consumers\": [30]", "form a circle"},
          Case{"\"gap\": 0.25", "\"gap\": 1.5", "'gap'"}}) {
        CAPTURE(item.to);
        std::string changed = text;
        REQUIRE(changed.find(item.from) != std::string::npos);
        changed.replace(changed.find(item.from), item.from.size(), item.to);
        const std::string problem = error_text([&] { (void)read_graph_plan(changed, "x"); });
        CHECK_MESSAGE(problem.find(item.problem) != std::string::npos, problem);
        CHECK(problem.starts_with("x:"));
    }
}

}  // namespace
}  // namespace carbonedge
