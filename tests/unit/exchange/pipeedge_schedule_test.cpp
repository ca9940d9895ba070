#include "lib/exchange/pipeedge_schedule.h"

#include "lib/exchange/pipeedge_hosts.h"

#include "tests/support/error_text.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace carbonedge;

TEST_CASE("a schedule of PipeEdge is read and written back") {
    const std::string text = "- rcc-0: [1, 12]\n- mb-1: [13, 13]\n- '7': [14, 48]\n";
    const std::vector<ForeignStage> stages = read_pipeedge_schedule(text, "schedule.yml");
    REQUIRE(stages.size() == 3);
    CHECK(stages[0].node == "rcc-0");
    CHECK(stages[0].layers == LayerRange{0, 12});
    CHECK(stages[1].layers == LayerRange{12, 13});
    CHECK(stages[2].node == "7");
    Pipeline pipeline;
    for (const ForeignStage& stage : stages) {
        pipeline.stages.emplace_back();
        pipeline.stages.back().node = stage.node;
        pipeline.stages.back().layers = stage.layers;
    }
    CHECK(write_pipeedge_schedule(pipeline) == text);
}

TEST_CASE("names that YAML would not take for text are quoted") {
    for (const std::string name : {"on", "No", "y", "true", "Null", "0x1", "-", "1e5"}) {
        Pipeline pipeline;
        pipeline.stages.emplace_back();
        pipeline.stages.back().node = name;
        pipeline.stages.back().layers = {0, 1};
        CHECK(write_pipeedge_schedule(pipeline) == "- '" + name + "': [1, 1]\n");
        CHECK(read_pipeedge_schedule(write_pipeedge_schedule(pipeline), "s").front().node == name);
    }
}

TEST_CASE("the empty schedule is told apart from a malformed one") {
    CHECK(read_pipeedge_schedule("[]\n", "s.yml").empty());
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", "s.yml:1: is empty; expected YAML"},
        {"a: [1, 2]\n", "s.yml:1: the document is an object, expected an array"},
        {"- a: [2, 3]\n", "s.yml:1: the stage begins with layer 2, expected 1"},
        {"- a: [1, 3]\n- b: [5, 6]\n", "s.yml:2: the stage begins with layer 5, expected 4"},
        {"- a: [1, 0]\n", "s.yml:1: 'a' is 0, expected a whole number within [1, 1000000]"},
        {"- a: [1, 3]\n- b: [4, 2]\n", "s.yml:2: the stage ends with layer 2, before it begins"},
        {"- a: [1, 3]\n  b: [4, 5]\n", "s.yml:1: expected one stage such as 'host: [1, 12]'"},
        {"- a: [1]\n", "s.yml:1: expected the first and the last layer, such as [1, 12]"},
    };
    for (const auto& [text, message] : cases) {
        CHECK(error_text([&text = text] { (void)read_pipeedge_schedule(text, "s.yml"); }) == message);
    }
}

TEST_CASE("addresses of hosts become names of nodes and are written back") {
    const std::vector<std::string> hosts =
        read_pipeedge_hosts("a: [10.0.0.7, \"it's\"]\nb:\nc: [x.local]\n", "devices.yml");
    CHECK(hosts == std::vector<std::string>{"10.0.0.7", "it's", "x.local"});
    const std::string text = "- '10.0.0.7': [1, 2]\n- 'it''s': [3, 3]\n- x.local: [4, 4]\n";
    Pipeline pipeline;
    for (const ForeignStage& stage : read_pipeedge_schedule(text, "s")) {
        pipeline.stages.emplace_back();
        pipeline.stages.back().node = stage.node;
        pipeline.stages.back().layers = stage.layers;
    }
    CHECK(pipeline.stages[0].node == "10-0-0-7");
    CHECK(write_pipeedge_schedule(pipeline, hosts) == text);
    CHECK(write_pipeedge_schedule(pipeline) == "- '10-0-0-7': [1, 2]\n- it-s: [3, 3]\n- x-local: [4, 4]\n");
}
