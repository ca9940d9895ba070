#include "lib/base/errors.h"
#include "lib/runtime/load_generator.h"
#include "tests/unit/runtime/process_fixture.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>

namespace carbonedge {
namespace {

const LoadGenerator::Routing kFirstPipeline{[] { return std::size_t{0}; }, nullptr};

/// The chain's plan with a node more, "spare", which no pipeline uses.
Plan plan_with_spare(const std::vector<BuiltinStage>& stages) {
    Plan plan = plan_of(stages);
    Node spare = plan.cluster.nodes[0];
    spare.name = "spare";
    plan.cluster.nodes.push_back(spare);
    plan.node_profile.push_back(0);
    return plan;
}

Pipeline with_node(Pipeline pipeline, std::size_t stage, const std::string& node) {
    pipeline.stages.at(stage).node = node;
    return pipeline;
}

/// Requests in a closed loop; calls `at` when that many are answered.
struct Checked {
    std::int64_t succeeded = 0;
    std::int64_t failed = 0;
    std::int64_t right = 0;
    std::map<std::string, int> served;
    std::string first_error;
};
Checked ask(ProcessEngine& engine, const std::vector<BuiltinStage>& stages, std::int64_t requests,
            const std::map<std::int64_t, std::function<void()>>& at, std::int64_t in_flight = 4) {
    const RequestInputs inputs{inputs_of(stages[0], 1), inputs_of(stages[0], 2)};
    std::vector<std::vector<HostTensor>> expected = inputs;
    for (auto& outputs : expected) {
        for (const BuiltinStage& stage : stages) outputs = expected_outputs(stage, outputs);
    }
    Checked checked;
    std::int64_t answered = 0;
    const LoadOutcome outcome =
        LoadGenerator(engine.gateway(), inputs)
            .run({requests, in_flight, std::nullopt}, kFirstPipeline,
                 [&](const Answer& answer, std::size_t variant) {
                     for (const StageRecord& stage : answer.record.stages) ++checked.served[stage.node];
                     if (!answer.outputs.empty() && answer.outputs[0].content == expected[variant][0].content)
                         ++checked.right;
                     const auto action = at.find(++answered);
                     if (action != at.end()) action->second();
                 },
                 {});
    checked.succeeded = outcome.succeeded;
    checked.failed = outcome.failed;
    checked.first_error = outcome.first_error;
    return checked;
}

TEST_CASE("routes change while requests flow, and none is lost") {
    const TemporaryFolder folder;
    const std::vector<BuiltinStage> stages = chain_of(2);
    const Plan plan = plan_with_spare(stages);
    EngineOptions options = test_engine(folder);
    options.fail_over = true;
    {
        ProcessEngine engine(plan, writer_of(stages), options, {});
        REQUIRE(engine.can_change());
        RouteNumber moved = kNoRoute;
        const Checked checked =
            ask(engine, stages, 300,
                {{50,
                  [&] {
                      moved = engine.open_route(with_node(plan.pipelines[0], 1, "spare"), {0, {}, 1}, {});
                  }},
                 {100, [&] { engine.close_route(0, std::chrono::seconds(10)); }},
                 {200, [&] {
                      engine.close_route(engine.open_route(plan.pipelines[0], {0, {}, 0}, {}) - 1,
                                         std::chrono::seconds(10));
                  }}});
        CHECK(checked.succeeded == 300);
        CHECK(checked.right == 300);
        CHECK(checked.served.at("spare") >= 90);
        CHECK(checked.served.at("n1") >= 150);
        CHECK(moved == 1);
        CHECK(engine.open_routes() == std::map<RouteNumber, bool>{{2, true}});
        // What no route needs has ended, and its CPU time is known.
        CHECK(::kill(engine.process("spare"), 0) != 0);
        CHECK(engine.usage("spare").cpu > Nanoseconds(0));
        CHECK(engine.nodes_started() == std::vector<std::string>{"n0", "n1", "spare"});
    }
    CHECK(std::filesystem::is_empty(folder.path()));
}

struct Injury {
    std::string name;
    std::function<void(ProcessEngine&)> inflict;
    std::string noticed_by;
};

TEST_CASE("whatever happens to a node, its requests go another way") {
    const std::vector<Injury> injuries{
        {"killed", [](ProcessEngine& engine) { ::kill(engine.process("n1"), SIGKILL); }, ""},
        {"frozen", [](ProcessEngine& engine) { ::kill(engine.process("n1"), SIGSTOP); }, "heartbeat"},
    };
    for (const Injury& injury : injuries) {
        CAPTURE(injury.name);
        const TemporaryFolder folder;
        const std::vector<BuiltinStage> stages = chain_of(2);
        const Plan plan = plan_with_spare(stages);
        EngineOptions options = test_engine(folder);
        options.fail_over = true;
        options.heartbeat = std::chrono::milliseconds(50);
        options.heartbeat_patience = std::chrono::milliseconds(500);
        options.patience_to_end = 2;
        {
            ProcessEngine engine(plan, writer_of(stages), options, {});
            engine.open_route(with_node(plan.pipelines[0], 1, "spare"), {0, {}, 1}, {});
            std::atomic<int> heard{0};
            engine.on_change([&heard] { ++heard; });
            const Checked checked =
                ask(engine, stages, 300,
                    {{100, [&] { injury.inflict(engine); }}, {200, [&] {
                                                                  engine.close_route(0, Nanoseconds(0));
                                                                  engine.open_route(plan.pipelines[0], {0, {}, 0}, {});
                                                              }}});
            CHECK(checked.first_error == "");
            CHECK(checked.succeeded == 300);
            CHECK(checked.right == 300);
            CHECK(checked.served.at("spare") >= 20);  // a signal may take its time

            CHECK(checked.served.at("n1") >= 100);  // before, and started anew after
            CHECK(heard >= 1);
            CHECK_FALSE(engine.failure().has_value());
            REQUIRE(engine.gateway().failovers().size() == 1);
            const FailoverRecord failover = engine.gateway().failovers()[0];
            CHECK(failover.node == "n1");
            if (!injury.noticed_by.empty()) CHECK(failover.noticed_by == injury.noticed_by);
            CHECK(failover.recovery.has_value() == (failover.resubmitted > 0));
        }
        CHECK(std::filesystem::is_empty(folder.path()));
    }
}

/// What the engine tells changes of, as somebody who waits for them.
class Changes {
public:
    explicit Changes(ProcessEngine& engine) : engine_(engine) {
        engine_.on_change([this] {
            const std::lock_guard lock(mutex_);
            told_.notify_all();
        });
    }
    ~Changes() { engine_.on_change(nullptr); }
    Changes(const Changes&) = delete;
    Changes& operator=(const Changes&) = delete;

    bool await(const std::function<bool()>& reached) {
        std::unique_lock lock(mutex_);
        return told_.wait_for(lock, std::chrono::seconds(20), reached);
    }

private:
    ProcessEngine& engine_;
    std::mutex mutex_;
    std::condition_variable told_;
};

TEST_CASE("a node that freezes for a while is done without, holds nobody up, and is not started anew") {
    const TemporaryFolder folder;
    const std::vector<BuiltinStage> stages = chain_of(2);
    const Plan plan = plan_with_spare(stages);
    EngineOptions options = test_engine(folder);
    options.fail_over = true;
    options.heartbeat = std::chrono::milliseconds(50);
    options.heartbeat_patience = std::chrono::milliseconds(300);
    options.patience_to_end = 1000;
    ProcessEngine engine(plan, writer_of(stages), options, {});
    // Both ways go by n0, which is soon stuck in sending to n1: frames fill its memory.
    engine.open_route(with_node(plan.pipelines[0], 1, "spare"), {0, {}, 1}, {});
    Changes changes(engine);
    const int process = engine.process("n1");
    const Checked frozen = ask(engine, stages, 300, {{100, [&] { ::kill(process, SIGSTOP); }}}, 16);
    CHECK(frozen.first_error == "");
    CHECK(frozen.right == 300);
    CHECK(frozen.served.at("spare") >= 150);
    CHECK(engine.process("n1") == process);
    CHECK(engine.silent_nodes() == std::set<std::string>{"n1"});
    CHECK(engine.failed_nodes() == std::set<std::string>{"n1"});

    ::kill(process, SIGCONT);
    REQUIRE(changes.await([&] { return engine.silent_nodes().empty(); }));
    engine.open_route(plan.pipelines[0], {0, {}, 0}, {});  // before its stages are not needed any more
    engine.close_route(0, Nanoseconds(0));
    const Checked after = ask(engine, stages, 50, {});
    CHECK(after.right == 50);
    CHECK(after.served.at("n1") == 50);
    CHECK(engine.process("n1") == process);
    CHECK(engine.failed_nodes().empty());
    REQUIRE(engine.gateway().failovers().size() == 1);
    CHECK(engine.gateway().failovers()[0].noticed_by == "heartbeat");
    CHECK(engine.gateway().failovers()[0].returned.has_value());
}

TEST_CASE("a route that cannot be opened leaves what runs as it is") {
    const TemporaryFolder folder;
    const std::vector<BuiltinStage> stages = chain_of(2);
    const Plan plan = plan_with_spare(stages);
    bool full = false;
    const WriteStage write = [&](const LayerRange& layers, const std::string& path) {
        if (full) throw EnvironmentError("cannot write " + path + ": No space left on device", "free some");
        writer_of(stages)(layers, path);
    };
    ProcessEngine engine(plan, write, test_engine(folder), {});
    Pipeline other = with_node(plan.pipelines[0], 1, "spare");
    full = true;
    CHECK_THROWS_AS(engine.open_route(other, {0, {}, 1}, {}), EnvironmentError);
    full = false;
    other.stages[1].layers = {0, 1};  // does not fit the stage before it
    CHECK_THROWS_AS(engine.open_route(other, {0, {}, 1}, {}), InputError);
    other.stages[1].node = "nowhere";
    CHECK_THROWS_AS(engine.open_route(other, {0, {}, 1}, {}), UsageError);
    CHECK(engine.open_routes() == std::map<RouteNumber, bool>{{0, true}});
    CHECK(ask(engine, stages, 20, {}).right == 20);
}

}  // namespace
}  // namespace carbonedge
