#include "lib/planner/baselines.h"
#include "lib/base/random.h"
#include "lib/planner/policies.h"
#include "lib/planner/two_tier_cut.h"
#include "lib/verify/verify.h"
#include "tests/support/random_problem.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <set>

namespace carbonedge {
namespace {

Nanoseconds milliseconds(double value) { return Nanoseconds(static_cast<std::int64_t>(value * 1e6)); }

Node plain_node(const std::string& name, double speed, double memory_mb, double intensity) {
    Node node;
    node.name = name;
    node.speed_factor = speed;
    node.memory = Bytes(static_cast<std::int64_t>(memory_mb * 1e6));
    node.intensity = CarbonIntensity(intensity);
    node.busy_power_per_core = Watts(10);
    return node;
}

/// A chain of rows; `kilobytes[i]` enters row i, the last leaves the network. Links carry 1 MB/s (1 kB a millisecond),
/// the first node lies at the gateway.
PlanningProblem chain(const std::vector<double>& times_ms, const std::vector<double>& kilobytes,
                      const std::vector<Node>& nodes) {
    PlanningProblem problem;
    Profile profile;
    profile.model_sha256 = std::string(64, 'c');
    const auto bytes = [&](std::size_t i) { return Bytes(static_cast<std::int64_t>(kilobytes[i] * 1000)); };
    profile.input_values = {{0, bytes(0)}};
    for (std::size_t l = 0; l < times_ms.size(); ++l) {
        LayerProfile layer;
        layer.name = "row" + std::to_string(l);
        layer.inputs = {static_cast<std::int64_t>(l)};
        layer.outputs = {{static_cast<std::int64_t>(l) + 1, bytes(l + 1)}};
        layer.parameters = 1000;
        layer.weight_bytes = Bytes(4000);
        layer.latency_median = milliseconds(times_ms[l]);
        layer.cpu_mean = layer.latency_median;
        profile.layers.push_back(layer);
    }
    profile.output_values = {static_cast<std::int64_t>(times_ms.size())};
    problem.profiles = {profile};
    problem.cluster.nodes = nodes;
    problem.node_profile.assign(nodes.size(), 0);
    problem.cluster.default_link.bandwidth = BytesPerSecond(1e6);
    Link at_gateway;
    at_gateway.from = kGateway;
    at_gateway.to = nodes.front().name;
    problem.cluster.links = {at_gateway};
    problem.objective = Objective::kLatency;
    return problem;
}

const std::vector<double> kTenEach{10, 10, 10, 10};
const std::vector<double> kNarrowAtTwo{60, 100, 5, 20, 1};

Placement placement_of(const PlanningProblem& problem, Policy::Kind kind) {
    Policy policy;
    policy.kind = kind;
    const PlanOrInfeasibility outcome = propose_plan(problem, policy, "policy");
    REQUIRE(std::holds_alternative<Plan>(outcome));
    const Plan& plan = std::get<Plan>(outcome);
    CHECK(verify_plan(plan).breaches == std::vector<std::string>{});
    Placement placement;
    for (const PlannedStage& stage : plan.pipelines.front().stages) {
        placement.push_back({find_node(plan.cluster, stage.node)->value(), stage.layers});
    }
    return placement;
}

double shipped_and_computed(const PlanningProblem& problem, const std::vector<bool>& on_first, double per_byte) {
    const Profile& profile = problem.profiles.front();
    double sum = 0;
    std::set<std::int64_t> read_by_second;
    std::set<std::int64_t> made_by_second;
    for (std::size_t l = 0; l < profile.layers.size(); ++l) {
        const double time = static_cast<double>(profile.layers[l].latency_median.count()) * 1e-9;
        sum += time / problem.cluster.nodes[on_first[l] ? 0 : 1].speed_factor;
        for (const std::int64_t id : profile.layers[l].inputs) {
            if (on_first[l] && made_by_second.count(id) > 0) return 1e300;  // nothing flows back
            if (!on_first[l]) read_by_second.insert(id);
        }
        for (const ValueRef& value : profile.layers[l].outputs) {
            if (!on_first[l]) made_by_second.insert(value.id);
        }
    }
    const auto pay = [&](const ValueRef& value) {
        if (read_by_second.count(value.id) > 0 && made_by_second.count(value.id) == 0) {
            sum += static_cast<double>(value.bytes.value()) * per_byte;
        }
    };
    for (const ValueRef& value : profile.input_values) pay(value);
    for (const LayerProfile& layer : profile.layers) {
        for (const ValueRef& value : layer.outputs) pay(value);
    }
    return sum;
}

}  // namespace

TEST_CASE("one cut and the minimum cut by hand: ship where little crosses") {
    // Device only 40 ms + 0; server only 60 + 4 + 1; cut after row 1: 20 + 5 + 2 + 1 = 28 ms, after row 2: 30 + 20 + 1
    // + 1.
    const PlanningProblem problem =
        chain(kTenEach, kNarrowAtTwo, {plain_node("device", 1, 900, 600), plain_node("server", 10, 900, 100)});
    const Placement cut_at_two{{0, {0, 2}}, {1, {2, 4}}};
    CHECK(placement_of(problem, Policy::Kind::kOneCut) == cut_at_two);
    CHECK(placement_of(problem, Policy::Kind::kMinCut) == cut_at_two);
    CHECK(cost_of(CostTable(problem), cut_at_two).mean_latency() == doctest::Approx(0.028));
    CHECK(minimum_cut_of_graph(problem, 0, 1) == std::vector<bool>{true, true, false, false});
}

TEST_CASE("one cut goes by energy where energy or carbon is asked for") {
    // The server needs a tenth of the time at the same power; links cost nothing: everything belongs on it, slow as its
    // link is.
    PlanningProblem problem =
        chain(kTenEach, kNarrowAtTwo, {plain_node("device", 1, 900, 600), plain_node("server", 10, 900, 100)});
    for (const Objective objective : {Objective::kEnergy, Objective::kCarbon}) {
        problem.objective = objective;
        CHECK(placement_of(problem, Policy::Kind::kOneCut) == Placement{{1, {0, 4}}});
    }
}

TEST_CASE("a slow link keeps everything on the device, a fast one moves everything, as Neurosurgeon and DADS publish") {
    PlanningProblem problem =
        chain(kTenEach, kNarrowAtTwo, {plain_node("device", 1, 900, 600), plain_node("server", 10, 900, 100)});
    problem.cluster.default_link.bandwidth = BytesPerSecond(1e4);
    for (const auto kind : {Policy::Kind::kOneCut, Policy::Kind::kMinCut}) {
        CHECK(placement_of(problem, kind) == Placement{{0, {0, 4}}});
    }
    problem.cluster.default_link.bandwidth = BytesPerSecond(1e9);
    for (const auto kind : {Policy::Kind::kOneCut, Policy::Kind::kMinCut}) {
        CHECK(placement_of(problem, kind) == Placement{{1, {0, 4}}});
    }
}

TEST_CASE("rules that divide rows, by hand") {
    const std::vector<Node> nodes{plain_node("b", 1, 512, 600), plain_node("a", 1, 1024, 100),
                                  plain_node("c", 1, 512, 300)};
    const std::vector<double> times{8, 1, 1, 1, 1, 4, 3, 2};
    const PlanningProblem problem = chain(times, std::vector<double>(9, 0.001), nodes);
    // 8 rows on 3 nodes: boundaries 8/3 and 16/3 rounded down.
    CHECK(placement_of(problem, Policy::Kind::kEqualLayers) == Placement{{0, {0, 2}}, {1, {2, 5}}, {2, {5, 8}}});
    // Memory 1024 : 512 : 512, the greatest first, of equals the later name first.
    CHECK(placement_of(problem, Policy::Kind::kRam) == Placement{{1, {0, 4}}, {2, {4, 6}}, {0, {6, 8}}});
    // No stage can be shorter than row 0: 8 | 1 1 1 1 4 | 3 2.
    CHECK(placement_of(problem, Policy::Kind::kPipeDream) == Placement{{0, {0, 1}}, {1, {1, 6}}, {2, {6, 8}}});
    // Costs less 1 and by 7: 1 0 0 0 0 .43 .29 .14; it starts at 2 | 2 | 4 rows, and sums 1 | 0 | .86 are near enough.
    CHECK(placement_of(problem, Policy::Kind::kBlock) == Placement{{0, {0, 2}}, {1, {2, 4}}, {2, {4, 8}}});
    // S = .6 + .4 * .5, 1, .6 + .4 * .5 of equal cpus: shares .8 : 1 : .8 of 8 equal rows are 2.46 : 3.08 : 2.46;
    // 2 | 4 | 2 is refined to 3 | 3 | 2.
    CHECK(placement_of(problem, Policy::Kind::kCapability) == Placement{{0, {0, 3}}, {1, {3, 6}}, {2, {6, 8}}});
}

TEST_CASE("the published nodes of 1, 0.6 and 0.4 cpus divide ten equal rows 5 : 3 : 2 (AMP4EC)") {
    std::vector<Node> nodes{plain_node("high", 1, 1024, 620), plain_node("medium", 1, 512, 530),
                            plain_node("green", 1, 512, 380)};
    nodes[1].cpus = 0.6;
    nodes[2].cpus = 0.4;
    const PlanningProblem problem =
        chain(std::vector<double>(10, 1.0), std::vector<double>(11, 0.001), nodes);  // shares .5, .28, .22
    CHECK(placement_of(problem, Policy::Kind::kCapability) == Placement{{0, {0, 5}}, {1, {5, 8}}, {2, {8, 10}}});
}

TEST_CASE("the best node follows the objective and keeps limits where a node can") {
    std::vector<Node> nodes{plain_node("device", 1, 900, 600), plain_node("server", 10, 900, 100)};
    PlanningProblem problem = chain(kTenEach, kNarrowAtTwo, nodes);
    CHECK(placement_of(problem, Policy::Kind::kBestNode) == Placement{{0, {0, 4}}});  // 40 ms against 65
    problem.objective = Objective::kCarbon;
    CHECK(placement_of(problem, Policy::Kind::kBestNode) == Placement{{1, {0, 4}}});
    problem.limits.latency_mean = milliseconds(50);
    CHECK(placement_of(problem, Policy::Kind::kBestNode) == Placement{{0, {0, 4}}});
    problem.limits.latency_mean = milliseconds(1);
    Policy policy;
    policy.kind = Policy::Kind::kBestNode;
    const PlanOrInfeasibility outcome = plan_policy(problem, policy, "best-node");
    REQUIRE(std::holds_alternative<Infeasibility>(outcome));
    CHECK(std::get<Infeasibility>(outcome).explanation ==
          "policy best-node breaks latency <= 1.00 ms: it takes 65.0 ms");
}

TEST_CASE("a random pipeline is its seed's, and every number of stages and order occurs") {
    const PlanningProblem problem = chain(
        kTenEach, kNarrowAtTwo, {plain_node("a", 1, 900, 1), plain_node("b", 1, 900, 1), plain_node("c", 1, 900, 1)});
    const CostTable table(problem);
    std::set<std::vector<std::size_t>> orders;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        const Placement placement = random_pipeline(table, seed);
        CHECK(placement == random_pipeline(table, seed));
        std::vector<std::size_t> order;
        std::size_t first = 0;
        for (const PlacedStage& placed : placement) {
            order.push_back(placed.node);
            CHECK(placed.layers.first == first);
            CHECK(placed.layers.size() > 0);
            first = placed.layers.end;
        }
        CHECK(first == 4);
        orders.insert(order);
    }
    CHECK(orders.size() == 3 + 6 + 6);
}

TEST_CASE("property: the minimum cut of a graph is the least of all assignments without a way back") {
    SeededRandom random(31);
    int split = 0;
    for (int round = 0; round < 120; ++round) {
        CAPTURE(round);
        RandomShape shape;
        shape.layers = 3 + random.below(8);
        shape.nodes = 2;
        shape.skips = 0.5;
        shape.own_profiles = 0;
        shape.closed_cuts = 0;
        const Plan drawn = random_problem(random, shape);
        PlanningProblem problem;
        problem.cluster = drawn.cluster;
        problem.profiles = {drawn.profiles.front()};
        problem.profiles.front().boundary.per_byte_ns = 0;
        problem.node_profile = {0, 0};
        problem.cluster.transport.per_byte_ns = 0;
        problem.cluster.links.clear();
        problem.cluster.default_link.bandwidth = BytesPerSecond(random.uniform(1e6, 2e8));
        const double per_byte = 1 / problem.cluster.default_link.bandwidth.value();
        double least = 1e300;
        for (unsigned mask = 0; mask < 1U << shape.layers; ++mask) {
            std::vector<bool> on_first;
            for (std::size_t l = 0; l < shape.layers; ++l) on_first.push_back((mask >> l & 1U) != 0);
            least = std::min(least, shipped_and_computed(problem, on_first, per_byte));
        }
        const std::vector<bool> cut = minimum_cut_of_graph(problem, 0, 1);
        CHECK(shipped_and_computed(problem, cut, per_byte) == doctest::Approx(least).epsilon(1e-9));
        split += std::count(cut.begin(), cut.end(), true) % static_cast<std::ptrdiff_t>(shape.layers) != 0 ? 1 : 0;
    }
    CHECK(split > 10);
}

TEST_CASE("property: on a chain without quotas or fixed costs the minimum cut is the best single cut") {
    SeededRandom random(32);
    for (int round = 0; round < 100; ++round) {
        std::vector<double> times;
        std::vector<double> kilobytes{random.uniform(1, 200)};
        for (std::size_t l = 0; l < 12; ++l) {
            times.push_back(random.uniform(1, 20));
            kilobytes.push_back(random.uniform(0.1, 100));
        }
        kilobytes.back() = 1e-3;  // DADS leaves the answer's way back out
        PlanningProblem problem =
            chain(times, kilobytes,
                  {plain_node("a", random.uniform(0.3, 1), 900, 1), plain_node("b", random.uniform(1, 9), 900, 1)});
        problem.cluster.default_link.bandwidth = BytesPerSecond(random.uniform(1e6, 2e7));
        const CostTable table(problem);
        CHECK(cost_of(table, minimum_cut(problem, table)).mean_latency() ==
              doctest::Approx(cost_of(table, one_cut(problem, table)).mean_latency()).epsilon(1e-9));
    }
}

}  // namespace carbonedge
