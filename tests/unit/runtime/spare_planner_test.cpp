#include "lib/runtime/spare_planner.h"

#include "lib/base/errors.h"
#include "lib/runtime/failover.h"
#include "lib/runtime/load_generator.h"
#include "lib/tradeoff/plan_problem.h"
#include "tests/unit/runtime/process_fixture.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <random>

namespace carbonedge {
namespace {

constexpr std::size_t kRows = 4;
const std::string kShape = "x=256:uint8";

/// Rows that are alike but for their weights, on nodes that differ in speed and memory.
Plan random_plan(unsigned seed, std::size_t nodes) {
    std::mt19937 random(seed);
    PlanningProblem problem;
    Profile profile;
    profile.inputs = {kShape};
    for (std::size_t i = 0; i < kRows; ++i) {
        LayerProfile row;
        row.name = "l" + std::to_string(i);
        row.inputs = {static_cast<std::int64_t>(i)};
        row.outputs = {{static_cast<std::int64_t>(i) + 1, Bytes(256)}};
        row.weight_bytes = Bytes(1000 + static_cast<std::int64_t>(random() % 5000));
        row.latency_median = row.latency_mean = row.cpu_mean = std::chrono::microseconds(100 + random() % 900);
        row.samples = 1;
        profile.layers.push_back(row);
    }
    problem.profiles = {profile};
    for (std::size_t i = 0; i < nodes; ++i) {
        Node node;
        node.name = "n" + std::to_string(i);
        node.cpus = 2;
        node.memory = Bytes(256 << 20);
        node.speed_factor = 0.5 + static_cast<double>(random() % 100) / 50;
        node.intensity = CarbonIntensity(100 + static_cast<double>(random() % 500));
        problem.cluster.nodes.push_back(node);
        problem.node_profile.push_back(0);
    }
    const CostTable table(problem);
    Plan plan;
    plan.name = "two stages";
    plan.cluster = problem.cluster;
    plan.profiles = problem.profiles;
    plan.node_profile = problem.node_profile;
    plan.objective = Objective::kLatency;
    plan.pipelines = {describe_pipeline(problem, table, {{0, {0, 2}}, {1, {2, kRows}}})};
    return plan;
}

BuiltinStage identity() {
    BuiltinStage stage;
    stage.inputs = {parse_input_spec(kShape)};
    stage.outputs = {parse_input_spec(kShape)};
    return stage;
}

void write_identity(const LayerRange& /*layers*/, const std::string& path) {
    std::ofstream(path, std::ios::binary) << builtin_stage_text(identity());
}

bool uses(const Pipeline& pipeline, const std::string& node) {
    return std::ranges::any_of(pipeline.stages, [&](const PlannedStage& stage) { return stage.node == node; });
}

TEST_CASE("spares do without the node, and no pipeline over the plan's cuts has less to load or is better") {
    for (unsigned seed = 0; seed < 30; ++seed) {
        CAPTURE(seed);
        const std::size_t nodes = 2 + seed % 3;
        const Plan plan = random_plan(seed, nodes);
        const HeldStages held = held_stages(plan.pipelines);
        SparePlanner planner(plan);
        const std::string gone = seed % 2 == 0 ? "n0" : "n1";
        const std::optional<Spare> quickest = planner.quickest({gone}, held);
        const std::optional<Spare> best = planner.best({gone}, held);
        REQUIRE(quickest.has_value());
        REQUIRE(best.has_value());
        CHECK_FALSE(uses(quickest->pipeline, gone));
        CHECK_FALSE(uses(best->pipeline, gone));
        CHECK(best->value <= quickest->value);

        // All of them, written out: the whole model on one node, or two stages on two.
        const PlanningProblem problem = problem_of_plan(plan);
        const CostTable table(problem);
        const ScoreReferences references = score_references(problem, table);
        std::vector<Placement> all;
        for (std::size_t a = 0; a < nodes; ++a) {
            all.push_back({{a, {0, kRows}}});
            for (std::size_t b = 0; b < nodes; ++b) {
                if (a != b) all.push_back({{a, {0, 2}}, {b, {2, kRows}}});
            }
        }
        std::int64_t least = std::int64_t{1} << 60;
        for (const Placement& placement : all) {
            const Pipeline pipeline = describe_pipeline(problem, table, placement);
            if (uses(pipeline, gone)) continue;
            std::int64_t weights = 0;
            for (const PlannedStage& stage : pipeline.stages) {
                if (held.contains(stage.node) && held.at(stage.node).contains({stage.layers.first, stage.layers.end}))
                    continue;
                for (std::size_t row = stage.layers.first; row < stage.layers.end; ++row)
                    weights += plan.profiles[0].layers[row].weight_bytes.value();
            }
            least = std::min(least, weights);
            CHECK(best->value <= objective_value(problem, references, cost_of(table, placement)) * (1 + 1e-12));
        }
        CHECK(quickest->to_load.value() == least);
    }
}

TEST_CASE("a spare fits beside what its node holds, or there is none") {
    Plan plan = random_plan(3, 3);
    const CostTable table(problem_of_plan(plan));
    const double whole = table.stage(2, {0, kRows}).memory_bytes;
    const double half = table.stage(1, {2, kRows}).memory_bytes;
    // n2 holds any stage; n1 holds its own and nothing beside it.
    plan.cluster.nodes[1].memory = Bytes(static_cast<std::int64_t>(half + 1));
    for (const bool room : {true, false}) {
        plan.cluster.nodes[2].memory = Bytes(static_cast<std::int64_t>(room ? whole + 1 : 1000));
        SparePlanner planner(plan);
        const std::optional<Spare> spare = planner.best({"n0"}, held_stages(plan.pipelines));
        REQUIRE(spare.has_value() == room);
        if (!room) continue;
        for (const PlannedStage& stage : spare->pipeline.stages) {
            const bool own = stage.node == "n1" && stage.layers == LayerRange{2, kRows};
            CHECK((stage.node == "n2" || own));
        }
    }
}

TEST_CASE("a spare keeps the plan's pins, so that there may be none, and says which pin") {
    Plan plan = random_plan(3, 3);
    plan.limits.pinned = {{"l0", "n0"}};
    SparePlanner planner(plan);
    const HeldStages held = held_stages(plan.pipelines);
    CHECK_FALSE(planner.best({"n0"}, held).has_value());
    CHECK_FALSE(planner.quickest({"n0"}, held).has_value());
    CHECK(planner.pinned_to({"n0"}) == "layer 'l0' is pinned to node 'n0'");
    CHECK_FALSE(planner.pinned_to({"n1"}).has_value());
    const std::optional<Spare> spare = planner.best({"n1"}, held);
    REQUIRE(spare.has_value());
    CHECK(spare->pipeline.stages.front().node == "n0");
}

TEST_CASE("a plan pinned to one node is told that nothing stands in, and goes on when the node is back") {
    for (const Spares kind : {Spares::kWarm, Spares::kCold}) {
        const TemporaryFolder folder;
        Plan plan = random_plan(5, 3);
        for (std::size_t row = 0; row < kRows; ++row)
            plan.limits.pinned.emplace_back("l" + std::to_string(row), row < 2 ? "n0" : "n1");
        EngineOptions options = test_engine(folder);
        options.fail_over = true;
        ProcessEngine engine(plan, write_identity, options, {});
        FailoverOptions failover_options;
        failover_options.spares = kind;
        std::mutex mutex;
        std::vector<std::string> notes;
        Failover failover(plan, engine, failover_options,
                          [&](const std::string& line) {
                              const std::lock_guard lock(mutex);
                              notes.push_back(line);
                          },
                          {});
        const RequestInputs inputs{{random_tensor(parse_input_spec("x=256:uint8[0,256)"), 1)}};
        std::int64_t answered = 0;
        const LoadOutcome outcome = LoadGenerator(engine.gateway(), inputs)
                                        .run({100, 4, std::nullopt}, {[] { return std::size_t{0}; }, nullptr},
                                             [&](const Answer&, std::size_t) {
                                                 if (++answered == 50) ::kill(engine.process("n0"), SIGKILL);
                                             },
                                             {});
        CHECK(outcome.first_error == "");
        CHECK(outcome.succeeded == 100);
        const std::lock_guard lock(mutex);
        const auto tells = [](const std::string& line) {
            return line.find("layer 'l0' is pinned to node 'n0'") != std::string::npos;
        };
        CHECK(std::ranges::any_of(notes, tells));
    }
}

TEST_CASE("where no spare keeps the latency limit, the best is taken and says so") {
    Plan plan = random_plan(4, 3);
    plan.limits.latency_mean = Nanoseconds(1000);
    SparePlanner planner(plan);
    const std::optional<Spare> spare = planner.best({"n0"}, held_stages(plan.pipelines));
    REQUIRE(spare.has_value());
    REQUIRE(spare->broken.size() == 1);
    CHECK(spare->broken[0].starts_with("latency <= 1"));
}

TEST_CASE("fail-over keeps a plan served: warm and cold, and everything is as it was afterwards") {
    for (const Spares kind : {Spares::kWarm, Spares::kCold}) {
        const TemporaryFolder folder;
        const Plan plan = random_plan(5, 4);
        EngineOptions options = test_engine(folder);
        options.fail_over = true;
        ProcessEngine engine(plan, write_identity, options, {});
        FailoverOptions failover_options;
        failover_options.spares = kind;
        Failover failover(plan, engine, failover_options, nullptr, {});
        const std::map<RouteNumber, bool> before = engine.open_routes();
        CHECK((before.size() > 1) == (kind == Spares::kWarm));
        const RequestInputs inputs{{random_tensor(parse_input_spec("x=256:uint8[0,256)"), 1)}};
        std::int64_t answered = 0;
        std::int64_t right = 0;
        const LoadOutcome outcome =
            LoadGenerator(engine.gateway(), inputs)
                .run({400, 4, std::nullopt}, {[] { return std::size_t{0}; }, nullptr},
                     [&](const Answer& answer, std::size_t) {
                         if (answer.record.ok && answer.outputs[0].content == inputs[0][0].content) ++right;
                         if (++answered == 50) ::kill(engine.process("n0"), SIGKILL);
                         if (answered == 250) ::kill(engine.process("n1"), SIGKILL);
                     },
                     {});
        CHECK(outcome.first_error == "");
        CHECK(right == 400);
        CHECK(failover.settled(std::chrono::seconds(30)));
        const std::map<RouteNumber, bool> after = engine.open_routes();
        CHECK(after.size() == before.size());
        for (const auto& [number, usable] : after) CHECK(usable);
        CHECK(engine.failed_nodes().empty());
    }
}

TEST_CASE("a node that freezes for a while serves again without a restart, whatever spares there are") {
    for (const Spares kind : {Spares::kWarm, Spares::kCold}) {
        CAPTURE(static_cast<int>(kind));
        const TemporaryFolder folder;
        const Plan plan = random_plan(5, 4);
        EngineOptions options = test_engine(folder);
        options.fail_over = true;
        options.heartbeat = std::chrono::milliseconds(50);
        options.heartbeat_patience = std::chrono::milliseconds(300);
        options.patience_to_end = 1000;
        ProcessEngine engine(plan, write_identity, options, {});
        FailoverOptions failover_options;
        failover_options.spares = kind;
        Failover failover(plan, engine, failover_options, nullptr, {});
        const std::size_t routes = engine.open_routes().size();
        const int process = engine.process("n0");
        std::int64_t frozen = 0;
        std::int64_t after = 0;
        std::stop_source enough;
        const RequestInputs inputs{{random_tensor(parse_input_spec("x=256:uint8[0,256)"), 1)}};
        const LoadOutcome outcome = LoadGenerator(engine.gateway(), inputs)
                                        .run(
                                            {100'000'000, 8, std::nullopt}, {[] { return std::size_t{0}; }, nullptr},
                                            [&](const Answer& answer, std::size_t) {
                                                if (answer.record.id == 50) ::kill(process, SIGSTOP);
                                                const std::string& by = answer.record.stages.at(0).node;
                                                if (by != "n0" && ++frozen == 100) ::kill(process, SIGCONT);
                                                if (by == "n0" && frozen >= 100 && ++after == 100)
                                                    enough.request_stop();
                                            },
                                            enough.get_token());
        CHECK(outcome.first_error == "");
        CHECK(failover.settled(std::chrono::seconds(30)));
        CHECK(engine.process("n0") == process);
        CHECK(engine.open_routes().size() == routes);
        CHECK(engine.failed_nodes().empty());
        REQUIRE_FALSE(engine.gateway().failovers().empty());
        CHECK(engine.gateway().failovers()[0].returned.has_value());
    }
}

/// A plan that runs with warm spares, and can move to another pipeline.
struct Spared {
    TemporaryFolder folder;
    Plan plan = random_plan(3, 3);
    ProcessEngine engine;
    Failover failover;

    explicit Spared(const WriteStage& write)
        : engine(plan, write, options(folder), {}), failover(plan, engine, warm(), nullptr, {}) {}

    static EngineOptions options(const TemporaryFolder& folder) {
        EngineOptions options = test_engine(folder);
        options.fail_over = true;
        return options;
    }
    static FailoverOptions warm() {
        FailoverOptions options;
        options.spares = Spares::kWarm;
        return options;
    }
    /// The layers from the first on, all on n2.
    [[nodiscard]] Plan moved(std::size_t first) const {
        Plan next = plan;
        const PlanningProblem problem = problem_of_plan(plan);
        next.pipelines = {describe_pipeline(problem, CostTable(problem), {{2, {first, kRows}}})};
        return next;
    }
};

TEST_CASE("a plan that moves while requests flow takes its spares along") {
    Spared spared(write_identity);
    ProcessEngine& engine = spared.engine;
    Failover& failover = spared.failover;
    const RequestInputs inputs{{random_tensor(parse_input_spec("x=256:uint8[0,256)"), 1)}};
    std::int64_t answered = 0;
    std::mutex mutex;
    std::condition_variable served_there;
    std::map<std::string, int> served;
    std::promise<void> move;
    std::atomic<bool> moved = false;
    std::atomic<bool> killed = false;
    std::int64_t after_kill = 0;
    std::stop_source enough;
    std::jthread mover([&] {
        move.get_future().wait();
        failover.move_to(spared.moved(0), [&moved] { moved = true; }, {});
        std::unique_lock lock(mutex);
        served_there.wait(lock, [&] { return served["n2"] > 100; });
        // The node that everything is on now dies; its spare serves on.
        ::kill(engine.process("n2"), SIGKILL);
        killed = true;
    });
    const LoadOutcome outcome = LoadGenerator(engine.gateway(), inputs)
                                    .run(
                                        {100'000'000, 4, std::nullopt}, {[] { return std::size_t{0}; }, nullptr},
                                        [&](const Answer& answer, std::size_t) {
                                            if (++answered == 50) move.set_value();
                                            {
                                                const std::lock_guard lock(mutex);
                                                if (answer.record.ok) ++served[answer.record.stages.front().node];
                                            }
                                            served_there.notify_all();
                                            if (killed && ++after_kill == 500) enough.request_stop();
                                        },
                                        enough.get_token());
    mover.join();
    CHECK(moved);
    CHECK(outcome.first_error == "");
    CHECK(outcome.failed == 0);
    CHECK(failover.settled(std::chrono::seconds(30)));
    // The plan's own pipeline, and one without its node.
    const std::map<RouteNumber, bool> routes = engine.open_routes();
    CHECK(routes.size() == 2);
    for (const auto& [number, usable] : routes) CHECK(usable);
}

TEST_CASE("a move that cannot be made leaves plan and spares as they were") {
    Spared spared([](const LayerRange& layers, const std::string& path) {
        if (layers.first == 1) throw EnvironmentError("the disk is full", "make room");
        std::ofstream(path, std::ios::binary) << builtin_stage_text(identity());
    });
    ProcessEngine& engine = spared.engine;
    Failover& failover = spared.failover;
    const std::map<RouteNumber, bool> before = engine.open_routes();
    CHECK_THROWS_AS(failover.move_to(spared.moved(1), [] { FAIL("nothing was opened"); }, {}), EnvironmentError);
    CHECK(engine.open_routes() == before);
    CHECK(failover.settled(std::chrono::seconds(30)));
}

}  // namespace
}  // namespace carbonedge
