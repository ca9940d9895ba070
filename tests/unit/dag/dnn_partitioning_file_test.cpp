#include "lib/dag/dnn_partitioning_file.h"
#include "lib/base/atomic_file.h"
#include "tests/support/error_text.h"
#include "tests/support/shared_inputs.h"
#include "tests/support/skip.h"

#include <doctest/doctest.h>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace carbonedge {
namespace {

const std::string kDiamond = R"({
"maxSizePerFPGA": 100.5, "maxFPGAs": 2, "maxCPUs": 1,
"nodes": [
{"id": 7, "name": "in", "supportedOnFpga": 1, "cpuLatency": 10.0, "fpgaLatency": 1.0, "isBackwardNode": 0, "colorClass": 40, "size": 3.25},
{"id": 1, "name": "left", "supportedOnFpga": 1, "cpuLatency": 20.0, "fpgaLatency": 2.0, "isBackwardNode": 0, "colorClass": -3, "size": 5},
{"id": 2, "name": "right", "supportedOnFpga": 0, "cpuLatency": 30.0, "fpgaLatency": 3.0, "isBackwardNode": 0, "colorClass": -3, "size": 0},
{"id": 3, "supportedOnFpga": 1, "cpuLatency": 40.0, "fpgaLatency": 4.0, "isBackwardNode": 0, "size": 0}
],
"edges": [
{"sourceId": 7, "destId": 2, "cost": 0.5, "size": 4194304.0},
{"sourceId": 7, "destId": 1, "cost": 0.5},
{"sourceId": 1, "destId": 3, "cost": 0.25},
{"sourceId": 2, "destId": 3, "cost": 0},
{"sourceId": 2, "destId": 3, "cost": 0}
]})";

std::string replaced(const std::string& from, const std::string& to) {
    std::string text = kDiamond;
    text.replace(text.find(from), from.size(), to);
    return text;
}

TEST_CASE("dag: a dnn-partitioning file is read with its times in seconds and its sizes in whole bytes") {
    const OperationGraph graph = read_dnn_partitioning(kDiamond, "graphs/diamond.json");
    CHECK(graph.name == "diamond.json");
    CHECK(graph.accelerators == 2);
    CHECK(graph.cpus == 1);
    CHECK(graph.accelerator_memory == Bytes(100));
    REQUIRE(graph.operations.size() == 4);
    const Operation& in = graph.operations[0];
    CHECK(in.id == 7);
    CHECK(in.name == "in");
    CHECK(in.memory == Bytes(4));
    CHECK(in.accelerator_time.count() == doctest::Approx(0.001));
    CHECK(in.cpu_time.count() == doctest::Approx(0.01));
    CHECK(in.transfer_time.count() == doctest::Approx(0.0005));
    CHECK(in.consumers == std::vector<std::size_t>{1, 2});
    CHECK(graph.operations[1].colour == graph.operations[2].colour);
    CHECK(graph.operations[0].colour != graph.operations[1].colour);
    CHECK(graph.operations[3].colour != graph.operations[0].colour);
    CHECK(graph.operations[3].colour != graph.operations[1].colour);
    CHECK_FALSE(graph.operations[2].accelerator_can_run);
    CHECK(graph.operations[2].consumers == std::vector<std::size_t>{3});
    CHECK(execution_order(graph) == std::vector<std::size_t>{0, 1, 2, 3});
}

TEST_CASE("dag: what is wrong in a dnn-partitioning file is said with its line") {
    struct Case {
        std::string from;
        std::string to;
        std::string problem;
    };
    const std::vector<Case> cases{
        {"\"id\": 1,", "\"id\": 7,", "x:5: a second operation has the id 7"},
        {"\"destId\": 3, \"cost\": 0.25", "\"destId\": 9, \"cost\": 0.25", "x:12: no operation has the id 9"},
        {"\"destId\": 1", "\"destId\": 7", "x:11: operation 7 consumes its own output"},
        {"\"destId\": 1, \"cost\": 0.5", "\"destId\": 1, \"cost\": 0.75",
         "x:11: the edges out of operation 7 cost 0.5 and 0.75, expected one cost: an output is sent once"},
        {"\"sourceId\": 1, \"destId\": 3", "\"sourceId\": 3, \"destId\": 7",
         "x:9: the edges form a circle that operation 7 waits for, expected none"},
        {"\"isBackwardNode\": 0, \"colorClass\": 40", "\"isBackwardNode\": 1",
         "x:4: operation 7 is of a backward pass, expected an inference graph"},
        {"\"maxFPGAs\": 2, \"maxCPUs\": 1", "\"maxFPGAs\": 0, \"maxCPUs\": 0",
         "x:2: 'maxFPGAs' and 'maxCPUs' are 0, expected at least one device"},
    };
    for (const Case& item : cases) {
        CAPTURE(item.to);
        CHECK(error_text([&] { (void)read_dnn_partitioning(replaced(item.from, item.to), "x"); }) == item.problem);
    }
    const std::vector<std::pair<std::string, std::string>> refused{{"\"cpuLatency\": 10.0", "\"cpuLatency\": -1"},
                                                                   {"\"cpuLatency\": 10.0", "\"cpuLatency\": \"10\""},
                                                                   {"\"cpuLatency\": 10.0", "\"cpuLatncy\": 10"},
                                                                   {"\"supportedOnFpga\": 0", "\"supportedOnFpga\": 2"},
                                                                   {"\"size\": 3.25", "\"size\": 1e300"},
                                                                   {"\"maxFPGAs\": 2", "\"maxFPGAs\": 2.5"},
                                                                   {"\"cost\": 0.25", "\"cost\": null"}};
    for (const auto& [from, to] : refused) {
        CAPTURE(to);
        CHECK(error_text([&] { (void)read_dnn_partitioning(replaced(from, to), "x"); }).starts_with("x:"));
    }
    CHECK(error_text([] {
              (void)read_dnn_partitioning(
                  R"({"maxSizePerFPGA": 1, "maxFPGAs": 1, "maxCPUs": 0, "nodes": [], "edges": []})", "x");
          }) == "x:1: 'nodes' is empty, expected at least one operation");
}

TEST_CASE("dag: the published graphs are read") {
    const auto folder = shared_input("planner/dnn-partitioning");
    if (!folder) return skip_test("no planner/dnn-partitioning among the data of others");
    struct Case {
        std::string file;
        std::size_t operations;
        std::size_t edges;
        double milliseconds;
    };
    for (const Case& item :
         {Case{"bert24_inference.json", 32, 55, 92.406}, Case{"gnmt_inference.json", 96, 122, 182.563},
          Case{"resnet50_inference.json", 177, 193, 201.45}, Case{"inceptionv3_inference.json", 326, 363, 310.969}}) {
        CAPTURE(item.file);
        std::istringstream unused;
        const OperationGraph graph =
            read_dnn_partitioning(read_input((*folder / item.file).string(), unused), item.file);
        CHECK(graph.operations.size() == item.operations);
        CHECK(graph.accelerators == 6);
        CHECK(graph.cpus == 1);
        std::size_t edges = 0;
        double seconds = 0;
        for (const Operation& operation : graph.operations) {
            edges += operation.consumers.size();
            seconds += operation.accelerator_time.count();
        }
        CHECK(edges == item.edges);
        CHECK(seconds * 1000 == doctest::Approx(item.milliseconds));
        CHECK(execution_order(graph).size() == item.operations);
    }
}

}  // namespace
}  // namespace carbonedge
