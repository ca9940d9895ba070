#include "lib/runtime/run_plan.h"

#include "lib/base/errors.h"
#include "lib/runlog/run_log_file.h"
#include "tests/support/chain_model.h"
#include "tests/unit/runtime/process_fixture.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <set>

namespace carbonedge {
namespace {

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
        Nanoseconds sum = request.wait + request.return_transfer;
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

/// One row that n0 in zone DE or n1 in zone FR can run, planned where it emits least at first.
void plan_on_two_zones(Session& session) {
    Plan& plan = session.plan;
    plan.profiles[0].runtime_base_bytes = Bytes(1 << 20);
    LayerProfile row;
    row.name = "chain";
    row.latency_median = row.latency_mean = row.cpu_mean = std::chrono::milliseconds(1);
    row.outputs = {{1, Bytes(2024)}};
    row.inputs = {0};
    plan.profiles[0].input_values = {{0, Bytes(1024)}};
    plan.profiles[0].output_values = {1};
    plan.profiles[0].layers = {row};
    plan.cluster.nodes.push_back(plan.cluster.nodes[0]);
    plan.node_profile.push_back(0);
    const std::pair<std::string, std::string> places[] = {{"n0", "DE"}, {"n1", "FR"}};
    for (std::size_t n = 0; n < 2; ++n) {
        Node& node = plan.cluster.nodes[n];
        node.name = places[n].first;
        node.zone = places[n].second;
        node.busy_power_per_core = Watts(10);
        node.idle_power_per_core = Watts(2);
    }
    plan.limits.forbidden.clear();
}

/// The same, under a load of 200 a second, free to move.
void plan_that_moves(Session& session, std::int64_t requests) {
    plan_on_two_zones(session);
    session.options.load.requests = requests;
    session.options.load.rate_per_second = 200;
    session.options.replan.emplace();
    session.options.replan->policy.requests_per_second = 200;
    session.options.replan->policy.restart = Seconds(0.01);
}

ChangingIntensities hour_by_hour(const std::vector<double>& german, const std::vector<double>& french, double speed) {
    ZoneSeries series;
    for (const auto& [zone, values] : {std::pair{std::string("DE"), german}, std::pair{std::string("FR"), french}}) {
        std::vector<IntensitySample> samples;
        for (const double value : values) {
            const UtcSeconds start(std::chrono::hours(samples.size()));
            samples.push_back({start, CarbonIntensity(value), false});
        }
        series.emplace_back(zone, IntensitySeries(SeriesOrigin{}, samples));
    }
    return {std::make_unique<ReplayedIntensities>(std::move(series),
                                                  SeriesPolicy{GapPolicy::kError, OutOfRangePolicy::kHold}),
            {UtcSeconds(std::chrono::seconds(0)), speed}};
}

TEST_CASE("the plan moves while requests flow when that pays, and no request is lost") {
    Session session(chain_of(1));
    plan_that_moves(session, 400);
    // After a second the German node is the dirtier one.
    Recorded recorded;
    std::vector<std::string> notes;
    RunListener listener;
    listener.log = [&](const std::string& line) { recorded.text += line; };
    listener.note = [&](const std::string& line) { notes.push_back(line); };
    recorded.summary = run_plan(session.plan, session.model, session.options, listener, {},
                                hour_by_hour({100, 900}, {300, 300}, 3600));
    const RunLog log = recorded.log();
    CAPTURE(recorded.summary.first_error);
    REQUIRE(log.requests.size() == 400);
    CHECK(recorded.summary.end.failed == 0);
    CHECK_FALSE(recorded.summary.outputs_wrong);
    CHECK(recorded.summary.end.outputs_checked);
    std::map<std::string, int> by_node;
    for (const RequestRecord& request : log.requests) by_node[request.stages.at(0).node] += 1;
    CHECK(by_node["n0"] > 50);
    CHECK(by_node["n1"] > 50);
    REQUIRE(log.moves.size() == 1);
    CHECK(log.moves[0].from == "n0 0-1");
    CHECK(log.moves[0].to == "n1 0-1");
    CHECK(log.moves[0].at >= std::chrono::milliseconds(1000));
    CHECK(log.moves[0].opening > Nanoseconds(0));
    CHECK(log.moves[0].saving > 0.5);
    REQUIRE(log.intensities.size() == 3);
    CHECK(log.intensities[2].zone == "DE");
    CHECK(log.intensities[2].intensity.value() == 900);
    REQUIRE(notes.size() >= 1);
    CHECK(notes.back().starts_with("the plan moved from n0 0-1 to n1 0-1: "));
    // Joules on n1 are all charged with 300; those on n0 with something from 100 to 900.
    REQUIRE(log.nodes.size() == 2);
    const auto charged = [](const NodeRecord& node) {
        return node.transport_grams / (node.transport_energy.joules * CarbonIntensity(1));
    };
    CHECK(charged(log.nodes[1]) == doctest::Approx(300));
    CHECK(charged(log.nodes[0]) > 99);
    // A second at 100, and at 900 what the move takes.
    CHECK(charged(log.nodes[0]) < 600);
}

TEST_CASE("a plan that moves has spares before and after") {
    Session session(chain_of(1));
    plan_that_moves(session, 200);
    session.options.failover.spares = Spares::kWarm;
    Recorded recorded;
    std::vector<std::string> notes;
    RunListener listener;
    listener.log = [&](const std::string& line) { recorded.text += line; };
    listener.note = [&](const std::string& line) { notes.push_back(line); };
    recorded.summary = run_plan(session.plan, session.model, session.options, listener, {},
                                hour_by_hour({100, 900}, {300, 300}, 7200));
    const RunLog log = recorded.log();
    CHECK(log.requests.size() == 200);
    CHECK(recorded.summary.end.failed == 0);
    CHECK(log.moves.size() == 1);
    const auto told = [&](const std::string& line) { return std::ranges::count(notes, line); };
    CHECK(told("spare without node 'n0': layers 0-0 on n1") == 1);
    CHECK(told("spare without node 'n1': layers 0-0 on n0") == 1);
}

TEST_CASE("without --replan the plan stays and the books follow") {
    Session session(chain_of(1));
    plan_on_two_zones(session);
    session.options.load.requests = 100;
    session.options.load.rate_per_second = 200;
    Recorded recorded;
    RunListener listener;
    listener.log = [&](const std::string& line) { recorded.text += line; };
    recorded.summary = run_plan(session.plan, session.model, session.options, listener, {},
                                hour_by_hour({100, 900}, {300, 300}, 14'400));
    const RunLog log = recorded.log();
    CHECK(log.moves.empty());
    CHECK(log.intensities.size() == 3);
    REQUIRE(log.nodes.size() == 1);
    CHECK(log.nodes[0].node == "n0");
}

TEST_CASE("re-planning needs intensities that change and a plan of one pipeline") {
    Session session(chain_of(1));
    session.options.replan.emplace();
    CHECK_THROWS_AS(session.run(), UsageError);
}

}  // namespace
}  // namespace carbonedge
