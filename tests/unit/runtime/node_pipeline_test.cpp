#include "tests/unit/runtime/pipeline_fixture.h"

#include "lib/base/errors.h"
#include "lib/runtime/load_generator.h"
#include "lib/transport/unix_socket.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <set>

namespace carbonedge {
namespace {

TEST_CASE("a chain of nodes gives what its stages give one after the other") {
    for (const std::size_t length : {1U, 2U, 3U}) {
        CAPTURE(length);
        const std::vector<BuiltinStage> stages = chain_of(length);
        InProcessPipeline pipeline(stages);
        for (std::uint64_t seed = 0; seed < 5; ++seed) {
            const std::vector<HostTensor> inputs = inputs_of(stages[0], seed);
            std::vector<HostTensor> expected = inputs;
            for (const BuiltinStage& stage : stages) expected = expected_outputs(stage, expected);
            const Answer answer = pipeline.ask(inputs);
            REQUIRE_MESSAGE(answer.record.ok, answer.record.error);
            REQUIRE(answer.outputs.size() == expected.size());
            for (std::size_t i = 0; i < expected.size(); ++i) CHECK(answer.outputs[i].content == expected[i].content);
        }
        CHECK(pipeline.warnings().empty());
    }
}

TEST_CASE("the parts of a request add up to its latency") {
    const std::vector<BuiltinStage> stages = chain_of(3);
    InProcessPipeline pipeline(stages);
    const std::vector<HostTensor> inputs = inputs_of(stages[0], 1);
    const RequestRecord record = pipeline.ask(inputs).record;
    REQUIRE(record.stages.size() == 3);
    Nanoseconds sum = record.wait + record.return_transfer;
    for (std::size_t i = 0; i < 3; ++i) {
        const StageRecord& stage = record.stages[i];
        CHECK(stage.node == "n" + std::to_string(i));
        CHECK(stage.transfer > Nanoseconds(0));
        CHECK(stage.queue >= Nanoseconds(0));
        CHECK(stage.compute > Nanoseconds(0));
        CHECK(stage.cpu > Nanoseconds(0));
        CHECK(stage.input_bytes == message_bytes(stages[i].inputs));
        CHECK(stage.output_bytes == message_bytes(stages[i].outputs));
        sum += stage.transfer + stage.queue + stage.compute;
    }
    CHECK(sum == record.latency);
}

TEST_CASE("a stage that fails fails its request with the node's name, and the next request goes on") {
    std::vector<BuiltinStage> stages = chain_of(3);
    stages[1].fail = "out of range";
    InProcessPipeline pipeline(stages);
    for (int i = 0; i < 2; ++i) {
        const Answer answer = pipeline.ask(inputs_of(stages[0], 1));
        CHECK_FALSE(answer.record.ok);
        CHECK(answer.record.error == "node 'n1': builtin stage: out of range");
    }
}

TEST_CASE("a request that does not fit is refused before its tensors are taken") {
    const std::vector<BuiltinStage> stages = chain_of(2);
    InProcessPipeline pipeline(stages);
    std::vector<HostTensor> inputs = inputs_of(stages[0], 1);
    inputs[0].shape = {999};
    inputs[0].content.resize(999);
    const Answer answer = pipeline.ask(inputs);
    CHECK_FALSE(answer.record.ok);
    CHECK(answer.record.error == "node 'n0': input 0 is uint8 999, the stage takes uint8 1000");
    CHECK(pipeline.ask(inputs_of(stages[0], 1)).record.ok);
}

TEST_CASE("a request without an answer fails after its time") {
    std::vector<BuiltinStage> stages = chain_of(1);
    stages[0].burn = std::chrono::milliseconds(300);
    InProcessPipeline pipeline(stages, std::chrono::milliseconds(20));
    const Answer answer = pipeline.ask(inputs_of(stages[0], 1));
    CHECK_FALSE(answer.record.ok);
    CHECK(answer.record.error == "no answer within 20.0 ms");
}

TEST_CASE("a stage that does not load is refused with its reason") {
    const std::vector<BuiltinStage> stages = chain_of(1);
    InProcessPipeline pipeline(stages);
    const std::string path = pipeline.folder().file("bad");
    std::ofstream(path) << "carbonedge.builtin-stage/1\nspin 3\n";
    CHECK_THROWS_AS(pipeline.control(0).load_stage("bad", path, true, InProcessPipeline::kTimeout, {}), InputError);
    CHECK_THROWS_AS(
        pipeline.control(0).load_stage("s0", pipeline.folder().file("n0.stage"), true, InProcessPipeline::kTimeout, {}),
        EnvironmentError);
}

TEST_CASE("a closed loop keeps its number of requests in flight and answers each once") {
    for (const std::int64_t in_flight : {1, 4}) {
        const std::vector<BuiltinStage> stages = chain_of(3);
        InProcessPipeline pipeline(stages);
        const RequestInputs inputs{inputs_of(stages[0], 1), inputs_of(stages[0], 2)};
        std::set<std::int64_t> ids;
        std::set<std::size_t> variants;
        std::int64_t chosen = 0;
        LoadGenerator generator(pipeline.gateway(), inputs);
        const LoadOutcome outcome =
            generator.run({50, in_flight, std::nullopt}, {[&] { return (++chosen, 0); }, nullptr},
                          [&](const Answer& answer, std::size_t variant) {
                              ids.insert(answer.record.id);
                              variants.insert(variant);
                              CHECK(chosen - static_cast<std::int64_t>(ids.size()) <= in_flight);
                          },
                          {});
        CHECK(outcome.succeeded == 50);
        CHECK(outcome.failed == 0);
        CHECK_FALSE(outcome.interrupted);
        CHECK(ids.size() == 50);
        CHECK(*ids.rbegin() == 49);
        CHECK(variants.size() == 2);
    }
}

TEST_CASE("an open loop counts latency from the intended arrival") {
    std::vector<BuiltinStage> stages = chain_of(1);
    stages[0].burn = std::chrono::milliseconds(4);
    InProcessPipeline pipeline(stages);
    const RequestInputs inputs{inputs_of(stages[0], 1)};
    std::vector<RequestRecord> records;
    // Arrivals every millisecond, service in four: the last of 20 waits for about 60 ms.
    const LoadOutcome outcome =
        LoadGenerator(pipeline.gateway(), inputs)
            .run({20, 1, 1000.0}, {[] { return std::size_t{0}; }, nullptr},
                 [&](const Answer& answer, std::size_t) { records.push_back(answer.record); }, {});
    REQUIRE(outcome.succeeded == 20);
    CHECK(records.back().arrival == std::chrono::milliseconds(19));
    CHECK(records.back().latency > std::chrono::milliseconds(4 * 20 - 19 - 1));
    CHECK(records.back().stages[0].transfer + records.back().stages[0].queue > std::chrono::milliseconds(55));
}

TEST_CASE("a stop ends the load after what is in flight") {
    std::vector<BuiltinStage> stages = chain_of(1);
    InProcessPipeline pipeline(stages);
    const RequestInputs inputs{inputs_of(stages[0], 1)};
    std::stop_source stop;
    std::int64_t answered = 0;
    const LoadOutcome outcome = LoadGenerator(pipeline.gateway(), inputs)
                                    .run(
                                        {1000, 2, std::nullopt}, {[] { return std::size_t{0}; }, nullptr},
                                        [&](const Answer&, std::size_t) {
                                            if (++answered == 10) stop.request_stop();
                                        },
                                        stop.get_token());
    CHECK(outcome.interrupted);
    CHECK(outcome.succeeded == answered);
    CHECK(answered >= 10);
    CHECK(answered <= 13);
}

TEST_CASE("a node ends while somebody takes nothing of what it sends over an imitated link") {
    const TemporaryFolder folder;
    BuiltinLoader loader;
    NodeOptions options;
    options.name = "n0";
    options.directory = folder.path().string();
    auto node = std::make_unique<NodeServer>(options, loader);
    ControlClient control("n0", node->control_path());
    BuiltinStage stage = chain_of(1).front();
    stage.outputs = {parse_input_spec("x=8000000:uint8")};  // more than any socket holds
    const std::string path = folder.file("stage");
    std::ofstream(path, std::ios::binary) << builtin_stage_text(stage);
    control.load_stage("s0", path, true, InProcessPipeline::kTimeout, {});
    const Descriptor deaf = listening_unix_socket(folder.file("deaf"));
    control.set_route(0, "s0", {"deaf", "unix:" + folder.file("deaf"), {true, Nanoseconds(0), {}}, false, {}},
                      InProcessPipeline::kTimeout, {});
    const Descriptor connection(::accept4(deaf.number(), nullptr, nullptr, SOCK_CLOEXEC));

    const auto asks = connect_frames(node->tensors_address(), "n0", {});
    const std::vector<HostTensor> inputs = inputs_of(stage, 1);
    FrameHead head;
    head.handed_over = now_monotonic();
    for (const TensorView& input : views_of(inputs)) {
        head.tensors.push_back({input.dtype, input.shape, static_cast<std::int64_t>(input.size)});
    }
    asks->send(head, views_of(inputs));
    pollfd begun{connection.number(), POLLIN, 0};
    REQUIRE(::poll(&begun, 1, 20'000) == 1);  // the link's thread is in the middle of a frame now
    const Nanoseconds start = now_monotonic();
    node.reset();
    CHECK(now_monotonic() - start < options.send_timeout / 2);
}

}  // namespace
}  // namespace carbonedge
