#include "lib/partition/plan_file.h"
#include "tests/support/error_text.h"
#include "tests/support/random_plan.h"

#include <doctest/doctest.h>
#include <algorithm>

namespace carbonedge {
namespace {

/// A small plan in which every part is there and every text is plain, so that lines can be told.
Plan small_plan() {
    Plan plan;
    plan.name = "min-carbon";
    Profile profile;
    profile.tool_version = "0.1.0";
    profile.model_name = "tiny.pt";
    profile.input_values = {{0, Bytes(768)}};
    profile.output_values = {2};
    LayerProfile layer;
    layer.name = "conv";
    layer.inputs = {0};
    layer.outputs = {{1, Bytes(256)}};
    profile.layers.push_back(layer);
    layer.name = "head";
    layer.inputs = {1};
    layer.outputs = {{2, Bytes(40)}};
    profile.layers.push_back(layer);
    plan.profiles = {profile};
    plan.node_profile = {0, 0};
    Node node;
    node.name = "high";
    node.memory = Bytes(1 << 30);
    plan.cluster.nodes.push_back(node);
    node.name = "green";
    plan.cluster.nodes.push_back(node);
    plan.limits.latency_mean = Nanoseconds(50'000'000);
    Pipeline pipeline;
    pipeline.stages.resize(2);
    pipeline.stages[0].layers = {0, 1};
    pipeline.stages[0].node = "high";
    pipeline.stages[1].layers = {1, 2};
    pipeline.stages[1].node = "green";
    pipeline.transfers = {
        {"gateway", "high", {}, {}, {}}, {"high", "green", {}, {}, {}}, {"green", "gateway", {}, {}, {}}};
    plan.pipelines = {pipeline};
    plan.certificate.method = "exact-label-setting";
    BoundProof proof;
    proof.time_price = 0.25;
    proof.nodes.push_back({"green", 0.5, 0});
    plan.certificate.proof = proof;
    return plan;
}

Partition small_partition() {
    const Plan plan = small_plan();
    return {plan.profiles[0], "equal", "latency", {{0, 1}, {1, 2}}, {0.5, 0.5}};
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE_MESSAGE(at != std::string::npos, from);
    return text.replace(at, from.size(), to);
}

/// The line of `text` on which `part` first stands.
long line_of(const std::string& text, const std::string& part) {
    const auto at = text.find(part);
    REQUIRE_MESSAGE(at != std::string::npos, part);
    return 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
}

struct Row {
    std::string from;
    std::string to;
    std::string near;  ///< the text on whose line the error is, after the replacement
    std::string expected;
    long lines_above = 0;  ///< the error is so many lines above: at the brace before
};

template <class Read>
void expect_errors(const std::string& text, const std::vector<Row>& rows, const Read& read) {
    for (const Row& row : rows) {
        CAPTURE(row.from);
        CAPTURE(row.to);
        const std::string changed = replaced(text, row.from, row.to);
        const std::string expected =
            "f.json:" + std::to_string(line_of(changed, row.near) - row.lines_above) + ": " + row.expected;
        CHECK(error_text([&] { read(changed, "f.json"); }) == expected);
    }
}

}  // namespace

TEST_CASE("random partitions survive writing and reading") {
    SeededRandom random(13);
    for (std::size_t round = 0; round < 100; ++round) {
        const Partition partition = random_partition(random, 1 + round % 6);
        const std::string text = write_partition(partition);
        CHECK(schema_of(text) == "carbonedge.partition/1");
        const Partition back = read_partition(text, "f.json");
        REQUIRE(back == partition);
        REQUIRE(write_partition(back) == text);
    }
}

TEST_CASE("random plans survive writing and reading") {
    SeededRandom random(17);
    for (std::size_t round = 0; round < 150; ++round) {
        const Plan plan = random_plan(random, 1 + round % 6, 1 + round % 4);
        const std::string text = write_plan(plan);
        CHECK(schema_of(text) == "carbonedge.plan/2");
        const Plan back = read_plan(text, "f.json");
        REQUIRE(back == plan);
        REQUIRE(write_plan(back) == text);
    }
}

TEST_CASE("a plan of version 1 is read, has no proof, and is written as version 2") {
    Plan plan = small_plan();
    const std::string with_proof = replaced(write_plan(plan), "carbonedge.plan/2", "carbonedge.plan/1");
    CHECK(error_text([&] { read_plan(with_proof, "f.json"); }) ==
          "f.json:" + std::to_string(line_of(with_proof, "\"proof\"")) + ": unknown key 'proof'");
    plan.certificate.proof.reset();
    const std::string now = write_plan(plan);
    const std::string before = replaced(now, "carbonedge.plan/2", "carbonedge.plan/1");
    CHECK(read_plan(before, "f.json") == plan);
    CHECK(write_plan(read_plan(before, "f.json")) == now);
}

TEST_CASE("what is wrong with a plan is said with file and line") {
    const std::vector<Row> rows{
        {"plan/2", "plan/3", "\"schema\"",
         "has schema version 3, this carbonedge reads up to 2; use a newer carbonedge"},
        {"carbonedge.plan/2", "carbonedge.partition/1", "\"schema\"",
         "is a 'carbonedge.partition/1', expected carbonedge.plan/2"},
        {"  \"schema\": \"carbonedge.plan/2\",\n", "", "{", "missing key 'schema' in the document"},
        {"\"name\": \"min-carbon\"", "\"nome\": \"x\"", "nome", "unknown key 'nome' (did you mean 'name'?)"},
        {"  \"name\": \"min-carbon\",\n", "", "{", "missing key 'name' in the document"},
        {"\"name\": \"min-carbon\"", "\"name\": \"x\", \"name\": \"y\"", "\"name\": \"y\"", "duplicate key 'name'"},
        {"\"objective\": \"carbon\"", "\"objective\": \"carbons\"", "carbons",
         "unknown objective 'carbons' (did you mean 'carbon'?); valid: carbon, energy, latency, bottleneck, score, "
         "none"},
        {"\"carbon_weight\": 0", "\"carbon_weight\": 1.5", "1.5",
         "'carbon_weight' is 1.5, expected a number within [0, 1]"},
        {"\"latency_mean_ns\": 50000000", "\"latency_mean_ns\": -1", "-1",
         "'latency_mean_ns' is -1, expected a whole number within [0, 9007199254740992]"},
        {"\"latency_mean_ns\": 50000000", "\"latency_mean_ns\": 1e3", "1e3",
         "'latency_mean_ns' is 1000.0, expected a whole number"},
        {"\"latency_mean_ns\": 50000000", "\"latency_mean_ns\": 0", "\"latency_mean_ns\": 0,",
         "the limit is 0, expected more; leave it out where there is none"},
        {"\"energy_joules_per_byte\"", "\"bandwidth_bytes_per_second\": 0,\n \"energy_joules_per_byte\"",
         "\"bandwidth_bytes_per_second\"",
         "'bandwidth_bytes_per_second' is 0, which carries nothing; leave it out where a link is not limited"},
        {"\"time_price_per_second\": 0.25", "\"time_price_per_second\": -1", "-1",
         "'time_price_per_second' is -1, expected a number at least 0"},
        {"\"price\": 0.5", "\"cost\": 0.5", "\"cost\"", "unknown key 'cost'"},
        {"\"estimated\"", "\"guessed\"", "guessed", "unknown provenance 'guessed'; valid: measured, estimated"},
        {"\"compute_joules\": 0", "\"compute_joules\": -0.5", "-0.5",
         "'compute_joules' is -0.5, expected a number at least 0"},
        {"\"node\": \"green\"", "\"node\": \"gren\"", "gren",
         "unknown node 'gren' (did you mean 'green'?); valid: high, green"},
        {"\"from\": \"high\"", "\"from\": \"low\"", "low", "unknown node 'low'; valid: high, green"},
        {"\"first\": 1", "\"first\": 0", "\"first\": 0,\n          \"end\": 2",
         "the stage is [0, 2), expected one that starts at 1, is not empty and ends at 2 at most", 1},
        {"\"end\": 2", "\"end\": 3", "\"end\": 3",
         "the stage is [1, 3), expected one that starts at 1, is not empty and ends at 2 at most", 2},
        {"\"node_profile\": [0, 0]", "\"node_profile\": [0, 1]", "node_profile",
         "'node_profile' is 1, expected a whole number within [0, 0]"},
        {"\"node_profile\": [0, 0]", "\"node_profile\": [0]", "node_profile",
         "'node_profile' has 1 numbers, expected one for each of the 2 nodes"},
        {"0,conv,", "0,conv,x,", "0,conv,x", "in the profile: has 26 fields, but there are 25 columns"},
        {"1:256", "1:-256", "1:-256",
         "in the profile: column 'outputs' is '1:-256', expected id:bytes such as '12:401408 13:64'"},
        {"# threads: 1", "# threads: none", "# threads",
         "in the profile: not valid JSON: syntax error while parsing value - invalid literal; last read: ' no'"},
    };
    expect_errors(write_plan(small_plan()), rows,
                  [](const std::string& changed, const std::string& file) { return read_plan(changed, file); });
}

TEST_CASE("what is wrong with a partition is said with file and line") {
    const std::string text = write_partition(small_partition());
    expect_errors(
        text,
        {{"partition/1", "partition/9", "\"schema\"",
          "has schema version 9, this carbonedge reads up to 1; use a newer carbonedge"},
         {"\"by\": \"latency\"", "\"buy\": \"latency\"", "buy", "unknown key 'buy' (did you mean 'by'?)"},
         {"[0.5, 0.5]", "[0.5]", "target_shares",
          "'target_shares' has 1 numbers, expected one for each of the 2 stages"},
         {"[0.5, 0.5]", "[0.5, -0.5]", "target_shares", "'target_shares' is -0.5, expected a number within [0, 1]"},
         {"\"end\": 2", "\"end\": 1", "\"first\": 1",
          "the stage is [1, 1), expected one that starts at 1, is not empty and ends at 2 at most", 1},
         {"{\n      \"first\": 1,\n      \"end\": 2\n    }", "{\"first\": 1, \"end\": 2}, {\"first\": 2, \"end\": 3}",
          "\"end\": 3", "the stage is [2, 3), expected one that starts at 2, is not empty and ends at 2 at most"},
         {",\n    {\n      \"first\": 1,\n      \"end\": 2\n    }", "", "\"stages\"",
          "the stages end at 1, expected 2, the number of layers"}},
        [](const std::string& changed, const std::string& file) { return read_partition(changed, file); });
}

TEST_CASE("a plan or partition cut off anywhere is an error") {
    const std::string plan = write_plan(small_plan());
    for (std::size_t size = 0; size + 2 < plan.size(); size += 7) {
        CHECK_THROWS_AS(read_plan(std::string_view(plan).substr(0, size), "f.json"), InputError);
    }
    const std::string partition = write_partition(small_partition());
    for (std::size_t size = 0; size + 2 < partition.size(); size += 3) {
        CHECK_THROWS_AS(read_partition(std::string_view(partition).substr(0, size), "f.json"), InputError);
    }
}

}  // namespace carbonedge
