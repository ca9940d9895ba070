#include "lib/runtime/run_plan.h"

#include "lib/base/errors.h"
#include "lib/runlog/run_log_file.h"
#include "tests/unit/runtime/process_fixture.h"

#include <doctest/doctest.h>
#include <set>

namespace carbonedge {
namespace {

/// A chain of builtin stages as if it were one model.
class ChainModel : public ReferenceModel {
public:
    explicit ChainModel(std::vector<BuiltinStage> stages) : stages_(std::move(stages)) {}

    [[nodiscard]] const std::string& sha256() const override { return sha256_; }
    void write_stage(const LayerRange& layers, const std::string& path) override { writer_of(stages_)(layers, path); }
    std::vector<HostTensor> run(const std::vector<HostTensor>& inputs) override {
        std::vector<HostTensor> outputs = inputs;
        for (const BuiltinStage& stage : stages_) outputs = expected_outputs(stage, outputs);
        if (wrong) outputs[0].content[0] ^= std::byte{1};
        return outputs;
    }
    [[nodiscard]] OutputDifference compare(const std::vector<HostTensor>& reference,
                                           const std::vector<HostTensor>& actual) const override {
        OutputDifference difference;
        difference.conclusive = true;
        for (std::size_t i = 0; i < reference.size(); ++i) {
            if (reference[i].content != actual.at(i).content) difference.relative = 1;
        }
        return difference;
    }

    bool wrong = false;

private:
    std::vector<BuiltinStage> stages_;
    std::string sha256_ = std::string(64, 'a');
};

struct Recorded {
    std::string text;
    RunSummary summary;
    RunLog log() const { return read_run_log(text, "log"); }
};

struct Session {
    explicit Session(const std::vector<BuiltinStage>& stages) : model(stages), plan(plan_of(stages)) {
        plan.profiles[0].model_sha256 = model.sha256();
        for (const InputSpec& spec : stages[0].inputs) plan.profiles[0].inputs.push_back(input_spec_text(spec));
        for (Node& node : plan.cluster.nodes) node.intensity = CarbonIntensity(500);
        options.engine = test_engine(folder);
        options.load.requests = 12;
        options.warm_up = 2;
        options.plan_json = R"({"schema":"carbonedge.plan/1"})";
    }

    Recorded run(const std::stop_token& stop = {}) {
        Recorded recorded;
        RunListener listener;
        listener.log = [&](const std::string& line) { recorded.text += line; };
        listener.progress = [this](std::int64_t done, std::int64_t) {
            if (on_progress) on_progress(done);
        };
        recorded.summary = run_plan(plan, model, options, listener, stop);
        return recorded;
    }

    TemporaryFolder folder;
    ChainModel model;
    Plan plan;
    RunOptions options;
    std::function<void(std::int64_t)> on_progress;
};

TEST_CASE("a run's log holds every request and node and can be read back") {
    Session session(chain_of(2));
    session.plan.cluster.default_link.energy_per_byte = JoulesPerByte(1e-6);
    session.options.load.in_flight = 2;
    const Recorded recorded = session.run();
    const RunLog log = recorded.log();
    CHECK(log.header.plan_name == "chain");
    CHECK(log.header.in_flight == 2);
    CHECK(log.header.limits.size() == 2);
    REQUIRE(log.requests.size() == 12);
    std::set<std::int64_t> ids;
    Nanoseconds compute{0};
    for (const RequestRecord& request : log.requests) {
        ids.insert(request.id);
        CHECK(request.ok);
        REQUIRE(request.stages.size() == 2);
        Nanoseconds sum = request.return_transfer;
        for (const StageRecord& stage : request.stages) sum += stage.transfer + stage.queue + stage.compute;
        CHECK(sum == request.latency);
        compute += request.stages[1].cpu;
    }
    CHECK(ids.size() == 12);
    REQUIRE(log.nodes.size() == 2);
    CHECK(log.nodes[1].compute_cpu == compute);
    CHECK(log.nodes[1].total_cpu > compute);
    CHECK(log.nodes[1].transport_energy.joules.value() ==
          doctest::Approx(to_seconds(log.nodes[1].total_cpu - compute).count()));
    REQUIRE(log.end.has_value());
    CHECK(log.end->complete);
    CHECK_FALSE(log.end->interrupted);
    CHECK(log.end->succeeded == 12);
    CHECK(log.end->outputs_checked);
    CHECK(log.end->worst_output_error == 0);
    // Each request moves 1024 B in, 2024 B on and 3024 B out.
    CHECK(log.end->link_energy.value() == doctest::Approx(12 * (1024 + 2024 + 3024) * 1e-6));
    CHECK(log.end->gateway_cpu > Nanoseconds(0));
}

TEST_CASE("an interrupted run ends its log with the mark") {
    Session session(chain_of(2));
    session.options.load.requests = 100'000;
    std::stop_source stop;
    session.on_progress = [&](std::int64_t done) {
        if (done == 5) stop.request_stop();
    };
    const Recorded recorded = session.run(stop.get_token());
    const RunLog log = recorded.log();
    CHECK(log.requests.size() >= 5);
    CHECK(log.nodes.size() == 2);
    REQUIRE(log.end.has_value());
    CHECK(log.end->interrupted);
    CHECK_FALSE(log.end->complete);
    CHECK(log.end->succeeded == static_cast<std::int64_t>(log.requests.size()));
    CHECK(std::filesystem::is_empty(session.folder.path()));
}

TEST_CASE("requests that fail are in the log with their reason") {
    std::vector<BuiltinStage> stages = chain_of(2);
    stages[1].fail = "out of range";
    Session session(stages);
    session.options.warm_up = 0;
    session.options.check_outputs = false;
    const Recorded recorded = session.run();
    CHECK(recorded.summary.first_error == "node 'n1': builtin stage: out of range");
    const RunLog log = recorded.log();
    REQUIRE(log.requests.size() == 1);
    CHECK_FALSE(log.requests[0].ok);
    CHECK(log.requests[0].error == recorded.summary.first_error);
    CHECK(log.end->failed == 1);
    CHECK_FALSE(log.end->complete);
}

TEST_CASE("wrong outputs are noticed") {
    Session session(chain_of(2));
    session.model.wrong = true;
    const Recorded recorded = session.run();
    CHECK(recorded.summary.outputs_wrong);
    CHECK(recorded.summary.end.worst_output_error == 1);
    CHECK(recorded.summary.output_remark.starts_with(
        "request 0 differs from the undivided model by 1 of its output range"));
}

TEST_CASE("another model than the plan's is refused") {
    Session session(chain_of(1));
    session.plan.profiles[0].model_sha256 = std::string(64, 'b');
    CHECK_THROWS_AS(session.run(), EnvironmentError);
}

TEST_CASE("round robin takes the pipelines in turn") {
    const std::vector<BuiltinStage> stages = chain_of(1);
    Session session(stages);
    Node second = session.plan.cluster.nodes[0];
    second.name = "n1";
    session.plan.cluster.nodes.push_back(second);
    session.plan.node_profile.push_back(0);
    Pipeline other = session.plan.pipelines[0];
    other.stages[0].node = "n1";
    session.plan.pipelines.push_back(other);
    session.plan.routing.policy = "round-robin";
    const RunLog log = session.run().log();
    std::map<std::string, int> served;
    for (const RequestRecord& request : log.requests) ++served[request.stages.at(0).node];
    CHECK(served == std::map<std::string, int>{{"n0", 6}, {"n1", 6}});
    CHECK(log.nodes.size() == 2);
}

}  // namespace
}  // namespace carbonedge
