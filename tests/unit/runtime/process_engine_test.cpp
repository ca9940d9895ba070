#include "lib/runtime/process_engine.h"

#include "lib/base/errors.h"
#include "lib/runtime/load_generator.h"
#include "lib/transport/certificate_files.h"
#include "tests/support/skip.h"
#include "tests/unit/runtime/process_fixture.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <cerrno>
#include <filesystem>
#include <fstream>

namespace carbonedge {
namespace {

const LoadGenerator::Routing kFirstPipeline{[] { return std::size_t{0}; }, nullptr};

/// What the kernel says of a process under this heading: "1".
std::string status_of(int pid, const std::string& heading) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(heading + ":\t")) return line.substr(heading.size() + 2);
    }
    return "";
}

bool process_exists(int pid) { return ::kill(pid, 0) == 0 || errno != ESRCH; }

TEST_CASE("processes give what their stages give, and leave nothing behind") {
    for (const std::size_t length : {2U, 3U}) {
        const TemporaryFolder folder;
        const std::vector<BuiltinStage> stages = chain_of(length);
        std::vector<int> processes;
        {
            ProcessEngine engine(plan_of(stages), writer_of(stages), test_engine(folder), {});
            REQUIRE(engine.limits().size() == length);
            for (const EnforcedLimit& limit : engine.limits()) {
                processes.push_back(engine.process(limit.node));
                CHECK(limit.mechanism.size() > 0);
                CHECK(status_of(engine.process(limit.node), "NoNewPrivs") == "1");
                CHECK(status_of(engine.process(limit.node), "CapEff") == "0000000000000000");
                CHECK(status_of(engine.process(limit.node), "CapPrm") == "0000000000000000");
                CHECK(status_of(engine.process(limit.node), "Seccomp") == "2");  // a filter of system calls
                CHECK(engine.usage(limit.node).cpu > Nanoseconds(0));
                CHECK(engine.usage(limit.node).peak_memory > Bytes(0));
                CHECK(engine.inference_address(limit.node).starts_with("127.0.0.1:"));
            }
            const RequestInputs inputs{inputs_of(stages[0], 1), inputs_of(stages[0], 2)};
            std::int64_t right = 0;
            const LoadOutcome outcome = LoadGenerator(engine.gateway(), inputs)
                                            .run({20, 3, std::nullopt}, kFirstPipeline,
                                                 [&](const Answer& answer, std::size_t variant) {
                                                     std::vector<HostTensor> expected = inputs[variant];
                                                     for (const BuiltinStage& stage : stages)
                                                         expected = expected_outputs(stage, expected);
                                                     if (answer.outputs.at(0).content == expected[0].content) ++right;
                                                 },
                                                 {});
            CHECK(outcome.succeeded == 20);
            CHECK(right == 20);
        }
        for (const int process : processes) CHECK_FALSE(process_exists(process));
        CHECK(std::filesystem::is_empty(folder.path()));
    }
}

/// Every path that this build has, by the start of its addresses.
std::vector<TensorPath> tensor_paths() {
    std::vector<TensorPath> paths{TensorPath::kAuto, TensorPath::kUnix, TensorPath::kShm, TensorPath::kTcp,
                                  TensorPath::kTls};
#ifndef CARBONEDGE_WITHOUT_UCX
    paths.push_back(TensorPath::kUcx);
#endif
    return paths;
}

/// Certificates of "gateway", "n0" and "n1" in a folder of its own.
std::string certificates_in(const TemporaryFolder& folder) {
    CertificateRequest request;
    request.cluster = "test";
    for (const char* name : {"gateway", "n0", "n1"}) request.subjects.push_back({name, {}});
    write_certificates(folder.file("certificates"), request,
                       std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
    return folder.file("certificates");
}

TEST_CASE("processes give what their stages give on every path and hear of a killed node on each") {
    const TemporaryFolder certificates;
    const std::string authority = certificates_in(certificates);
    for (const TensorPath path : tensor_paths()) {
        CAPTURE(static_cast<int>(path));
        const TemporaryFolder folder;
        const std::vector<BuiltinStage> stages = chain_of(2);
        EngineOptions options = test_engine(folder);
        options.transport = path;
        options.container.security.tls_directory = authority;
        ProcessEngine engine(plan_of(stages), writer_of(stages), options, {});
        if (path != TensorPath::kAuto) CHECK(engine.gateway().address().starts_with(scheme_of(path)));
        const RequestInputs inputs{inputs_of(stages[0], 1), inputs_of(stages[0], 2)};
        std::int64_t right = 0;
        std::int64_t answered = 0;
        const LoadOutcome outcome =
            LoadGenerator(engine.gateway(), inputs)
                .run({200, 3, std::nullopt}, kFirstPipeline,
                     [&](const Answer& answer, std::size_t variant) {
                         std::vector<HostTensor> expected = inputs[variant];
                         for (const BuiltinStage& stage : stages) expected = expected_outputs(stage, expected);
                         if (!answer.outputs.empty() && answer.outputs[0].content == expected[0].content) ++right;
                         if (++answered == 100) ::kill(engine.process("n1"), SIGKILL);
                     },
                     {});
        INFO(outcome.first_error);
        CHECK(right >= 100);
        CHECK(right == outcome.succeeded);
        CHECK(outcome.failed > 0);
        CHECK(engine.failure() == "node 'n1' was killed by signal 9 (Killed)");
    }
}

TEST_CASE("a path that needs certificates is refused without them") {
    const TemporaryFolder folder;
    const std::vector<BuiltinStage> stages = chain_of(1);
    EngineOptions options = test_engine(folder);
    options.transport = TensorPath::kTls;
    CHECK_THROWS_WITH_AS(ProcessEngine(plan_of(stages), writer_of(stages), options, {}),
                         "tensors over TLS need certificates", UsageError);
}

TEST_CASE("a node that dies fails what is in flight with its name and how it ended") {
    const TemporaryFolder folder;
    std::vector<BuiltinStage> stages = chain_of(2);
    stages[1].burn = std::chrono::milliseconds(20);
    ProcessEngine engine(plan_of(stages), writer_of(stages), test_engine(folder), {});
    const RequestInputs inputs{inputs_of(stages[0], 1)};
    std::int64_t answered = 0;
    const Nanoseconds start = now_monotonic();
    const LoadOutcome outcome = LoadGenerator(engine.gateway(), inputs)
                                    .run({1000, 4, std::nullopt}, kFirstPipeline,
                                         [&](const Answer&, std::size_t) {
                                             if (++answered == 3) ::kill(engine.process("n1"), SIGKILL);
                                         },
                                         {});
    CHECK(now_monotonic() - start < std::chrono::seconds(10));
    CHECK(outcome.failed > 0);
    CHECK(outcome.failed <= 4);
    CHECK(outcome.first_error == "node 'n1' was killed by signal 9 (Killed)");
    CHECK(engine.failure() == "node 'n1' was killed by signal 9 (Killed)");
    CHECK(process_exists(engine.process("n0")));
}

TEST_CASE("a CPU quota throttles a node that wants more") {
    const TemporaryFolder folder;
    std::vector<BuiltinStage> stages = chain_of(1);
    stages[0].burn = std::chrono::milliseconds(10);
    Plan plan = plan_of(stages);
    // So little that even a crowded machine would give more.
    plan.cluster.nodes[0].cpus = 0.1;
    plan.cluster.nodes[0].quota_period = std::chrono::milliseconds(20);
    ProcessEngine engine(plan, writer_of(stages), test_engine(folder), {});
    if (!engine.limits()[0].enforced) {
        skip_test("no control group can be made: " + engine.limits()[0].mechanism);
        return;
    }
    const RequestInputs inputs{inputs_of(stages[0], 1)};
    const NodeUsage before = engine.usage("n0");
    const LoadOutcome outcome = LoadGenerator(engine.gateway(), inputs)
                                    .run({10, 1, std::nullopt}, kFirstPipeline, [](const Answer&, std::size_t) {}, {});
    const NodeUsage after = engine.usage("n0");
    CHECK(outcome.succeeded == 10);
    CHECK(after.throttled > before.throttled);
    // 100 ms of CPU time at 0.1 CPU take a second, less what unused slices of a few ms lend.
    CHECK(outcome.wall > std::chrono::milliseconds(600));
    const double share = to_seconds(after.cpu - before.cpu) / to_seconds(outcome.wall);
    CHECK(share < 0.2);
}

TEST_CASE("a stage that outgrows its node's memory is named as out of memory") {
    const TemporaryFolder folder;
    std::vector<BuiltinStage> stages = chain_of(1);
    stages[0].touch = Bytes(512 << 20);
    Plan plan = plan_of(stages);
    plan.cluster.nodes[0].memory = Bytes(96 << 20);
    try {
        ProcessEngine engine(plan, writer_of(stages), test_engine(folder), {});
        if (engine.limits()[0].enforced) FAIL("the stage was loaded");
        skip_test("no control group can be made: " + engine.limits()[0].mechanism);
    } catch (const EnvironmentError& error) {
        CHECK(std::string(error.what()).starts_with("node 'n0' was killed by signal 9 (Killed): out of memory; "));
    }
}

TEST_CASE("pipelines share nodes, and requests take the one that is chosen") {
    const TemporaryFolder folder;
    std::vector<BuiltinStage> stages = chain_of(2);
    Plan plan = plan_of(stages);
    // A second pipeline runs both stages as one on node n1, so that n1 has two stages.
    Pipeline whole = plan.pipelines[0];
    whole.stages.resize(1);
    whole.stages[0].layers = {5, 6};
    whole.stages[0].node = "n1";
    whole.transfers.resize(2);
    plan.pipelines.push_back(whole);
    BuiltinStage both = stages[0];
    both.outputs = stages[1].outputs;
    const auto write = [&](const LayerRange& layers, const std::string& path) {
        std::ofstream(path, std::ios::binary) << builtin_stage_text(layers.first == 5 ? both : stages.at(layers.first));
    };
    ProcessEngine engine(plan, write, test_engine(folder), {});
    const RequestInputs inputs{inputs_of(stages[0], 1)};
    std::size_t turn = 0;
    std::vector<std::size_t> lengths;
    const LoadOutcome outcome =
        LoadGenerator(engine.gateway(), inputs)
            .run({6, 1, std::nullopt}, {[&] { return turn++ % 2; }, nullptr},
                 [&](const Answer& answer, std::size_t) { lengths.push_back(answer.record.stages.size()); }, {});
    CHECK(outcome.succeeded == 6);
    CHECK(lengths == std::vector<std::size_t>{2, 1, 2, 1, 2, 1});
}

TEST_CASE("stages that do not fit each other and programs that do not start are refused") {
    const TemporaryFolder folder;
    std::vector<BuiltinStage> stages = chain_of(2);
    EngineOptions options = test_engine(folder);
    stages[1].inputs.pop_back();
    CHECK_THROWS_WITH_AS(ProcessEngine(plan_of(stages), writer_of(stages), options, {}),
                         "layers_1_2: does not fit the stage before it: 2 tensors came, the stage takes 1", InputError);
    options.node_program = folder.file("missing");
    CHECK_THROWS_AS(ProcessEngine(plan_of(stages), writer_of(stages), options, {}), EnvironmentError);
    options.node_program = "/bin/false";
    CHECK_THROWS_WITH_AS(ProcessEngine(plan_of(stages), writer_of(stages), options, {}),
                         doctest::Contains("node 'n0' did not start: it exited with status 1"), EnvironmentError);
    options = test_engine(folder);
    std::stop_source stop;
    stop.request_stop();
    CHECK_THROWS_AS(ProcessEngine(plan_of(chain_of(2)), writer_of(chain_of(2)), options, stop.get_token()),
                    Interrupted);
    CHECK(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace carbonedge
