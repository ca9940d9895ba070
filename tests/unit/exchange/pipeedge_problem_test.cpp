#include "lib/exchange/pipeedge_problem.h"

#include "lib/cluster/cluster_file.h"
#include "lib/profile/profile_file.h"
#include "tests/support/error_text.h"
#include "tests/unit/exchange/pipeedge_texts.h"

#include <doctest/doctest.h>

#include <vector>

using namespace carbonedge;

TEST_CASE("PipeEdge's files become profiles and a cluster with its constants") {
    const ForeignProblem problem = PipeEdgeTexts().read();
    REQUIRE(problem.profiles.size() == 2);
    CHECK(problem.profile_names == std::vector<std::string>{"fast", "slow"});
    CHECK(problem.node_profile == std::vector<int>{0, 0, 1});
    CHECK(problem.remarks.empty());

    const Profile& fast = problem.profiles[0];
    REQUIRE(fast.layers.size() == 3);
    CHECK(fast.input_values.front().bytes == Bytes(1000 * 8 * 4));
    CHECK(fast.layers[0].latency_median == Nanoseconds(500'000'000));
    CHECK(fast.layers[2].latency_median == Nanoseconds(1'000'000));
    CHECK(fast.layers[1].outputs.front().bytes == Bytes(300 * 8 * 4));
    CHECK(fast.layers[1].weight_bytes == Bytes(262'144));
    CHECK(problem.profiles[1].layers[2].latency_median == Nanoseconds(500'000'000));

    const Cluster& cluster = problem.cluster;
    CHECK(cluster.buffers == MessageBuffers{3, 3, 1});
    CHECK(cluster.nodes[0].memory == Bytes(64 * 1'048'576 - 1));
    CHECK(cluster.nodes[2].memory == Bytes(2'621'440 - 1));
    CHECK(link_between(cluster, "f-0", "f-1").bandwidth == BytesPerSecond(131'072'000));
    CHECK(link_between(cluster, "s_0", "f-1").bandwidth == BytesPerSecond(1'310'720));
    CHECK(link_between(cluster, kGateway, "s_0") == [] {
        Link free;
        free.from = "gateway";
        free.to = "s_0";
        return free;
    }());
}

TEST_CASE("what is imported can be written and read as our files") {
    const ForeignProblem problem = PipeEdgeTexts().read();
    CHECK(read_cluster(write_cluster(problem.cluster), "cluster.ini") == problem.cluster);
    for (const Profile& profile : problem.profiles) CHECK(read_profile(write_profile(profile), "profile") == profile);
}

TEST_CASE("the buffers asked for, batch and element type count") {
    PipeEdgeTexts texts;
    PipeEdgeRequest request{"small", 1, "torch.float32", 0, 5};
    const ForeignProblem problem = texts.read(request);
    CHECK(problem.cluster.buffers == MessageBuffers{1, 6, 1});
    CHECK(problem.profiles.front().input_values.front().bytes == Bytes(4000));
    REQUIRE(problem.cluster.nodes.size() == 1);
    CHECK(problem.remarks == std::vector<std::string>{
                                 "fast has no times of small for batch 1 of torch.float32: its 2 hosts are left out"});
    request.dtype = "torch.float31";
    CHECK(error_text([&] { (void)texts.read(request); }).find("did you mean 'torch.float32'?") != std::string::npos);
}

TEST_CASE("a short parameters_out is repeated and said so") {
    PipeEdgeTexts texts;
    texts.models = replaced(texts.models, "[400, 300, 10]", "[400, 300]");
    const ForeignProblem problem = texts.read();
    CHECK(problem.profiles[0].layers[2].outputs.front().bytes == Bytes(400 * 8 * 4));
    CHECK(problem.remarks ==
          std::vector<std::string>{"'parameters_out' of small has 2 numbers for 3 layers: repeated, as PipeEdge does"});
}

TEST_CASE("sums of layers are rounded once") {
    PipeEdgeTexts texts;
    texts.models = replaced(texts.models, "[1.5, 0.25, 2]", "[1.0e-6, 1.0e-6, 1.0e-6]");  // 1.05 bytes each
    texts.types = replaced(texts.types, "[0.5, 0.25, 1.0e-03]", "[1.4e-9, 1.4e-9, 1.4e-9]");
    const ForeignProblem problem = texts.read();
    CHECK(problem.profiles[0].whole_median == Nanoseconds(4));
    CHECK(problem.profiles[0].layers[0].latency_median == Nanoseconds(1));
    CHECK(problem.profiles[0].layers[1].latency_median == Nanoseconds(2));
}

TEST_CASE("files that PipeEdge would take silently or not at all are refused with their line") {
    struct Case {
        std::string PipeEdgeTexts::*text;
        std::string from, to;
        std::string message;
    };
    const std::vector<Case> cases{
        {&PipeEdgeTexts::devices, "slow:", "slowe:",
         "devices.yml:4: unknown device type 'slowe' (did you mean 'slow'?); valid: fast, slow, Dummy; described in "
         "types.yml"},
        {&PipeEdgeTexts::devices, "[f-0, f-1]", "[f-0, f-0]",
         "devices.yml:1: the host 'f-0' is listed twice, or two hosts would be the node 'f-0'"},
        {&PipeEdgeTexts::devices, "[f-0, f-1]", "[f-0, f.0]",
         "devices.yml:1: the host 'f.0' is listed twice, or two hosts would be the node 'f-0'"},
        {&PipeEdgeTexts::devices, "[f-0, f-1]", "[gateway]",
         "devices.yml:1: the host 'gateway': 'gateway' names the end where requests enter; name the node otherwise"},
        {&PipeEdgeTexts::devices, "[f-0, f-1]", "[17]", "devices.yml:1: a host is no text; quote it"},
        {&PipeEdgeTexts::devices, "fast: [f-0, f-1]\nDummy: []\nslow:\n- s_0\n", "Dummy: [x]",
         "devices.yml:1: no host can run small with batch 8 of torch.float32"},
        {&PipeEdgeTexts::types, "bw_Mbps: 10\n", "bw_Mbps: 0\n",
         "types.yml:10: 'bw_Mbps' is 0, so nothing can be sent; expected what the device has"},
        {&PipeEdgeTexts::types, "[2, 1, .5]", "[2, 1]",
         "types.yml:15: 'time_s' has 2 numbers, expected one for each of the model's 3 layers"},
        {&PipeEdgeTexts::types, "[2, 1, .5]", "[2, 1, -.5]",
         "types.yml:15: 'time_s' is -0.5, expected a number within [0, 1000000]"},
        {&PipeEdgeTexts::types, "[2, 1, .5]", "[1000000, 1000000, many]",
         "types.yml:15: 'time_s' is the text 'many', expected a number"},
        {&PipeEdgeTexts::models, "[1.5, 0.25, 2]", "[1.5, 0.25]",
         "models.yml:3: 'mem_MB' has 2 numbers, expected one for each of the 3 layers"},
        {&PipeEdgeTexts::models, "[400, 300, 10]", "[]",
         "models.yml:5: 'parameters_out' has 0 numbers, expected one for each of the 3 layers"},
        {&PipeEdgeTexts::models, "layers: 3", "layers: 0",
         "models.yml:2: 'layers' is 0, expected a whole number within [1, 100000]"},
        {&PipeEdgeTexts::models, "layers: 3", "layer: 3", "models.yml:2: missing key 'layers' in 'small'"},
        {&PipeEdgeTexts::models, "small:", "tiny:", "models.yml:1: unknown model 'small'; valid: tiny, DummyModel"},
    };
    for (const Case& each : cases) {
        PipeEdgeTexts texts;
        texts.*each.text = replaced(texts.*each.text, each.from, each.to);
        CHECK(error_text([&] { (void)texts.read(); }) == each.message);
    }
}

TEST_CASE("sums beyond a profile are refused") {
    PipeEdgeTexts texts;
    texts.types = replaced(texts.types, "[2, 1, .5]", "[1000000, 1000000, 1000000]");
    CHECK_NOTHROW(texts.read());
    texts.models = "small: {layers: 10, mem_MB: [1,1,1,1,1,1,1,1,1,1], parameters_in: 1, parameters_out: [1]}";
    texts.devices = "slow: [s]";
    texts.types =
        "slow: {bw_Mbps: 1, mem_MB: 1, model_profiles: {small: [{batch_size: 8, dtype: torch.float32, time_s: "
        "[1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 1e6]}]}}";
    CHECK(error_text([&] { (void)texts.read(); }) ==
          "types.yml:1: a sum over the layers is larger than a profile can hold");
}
