#include "lib/cluster/quota_replay.h"
#include "lib/verify/recompute.h"
#include "lib/verify/simulated_latency.h"

#include <doctest/doctest.h>
#include <vector>

namespace carbonedge {
namespace {

struct Case {
    const char* name;
    double cpus;
    Nanoseconds period;
    double leg_seconds;   ///< before the stage and after it
    double busy_seconds;  ///< on one thread: as much CPU time
};

Plan on_one_node(const Case& given) {
    Plan plan;
    Node node;
    node.name = "small";
    node.cpus = given.cpus;
    node.quota_period = given.period;
    plan.cluster.nodes.push_back(node);
    return plan;
}

RecomputedPipeline pipeline_of(const Case& given) {
    RecomputedStage stage;
    stage.busy = stage.cpu = Seconds(given.busy_seconds);
    stage.refill = Seconds(given.busy_seconds / given.cpus);
    RecomputedTransfer leg;
    leg.time = Seconds(given.leg_seconds);
    RecomputedPipeline pipeline;
    pipeline.stages.push_back(stage);
    pipeline.transfers = {leg, leg};
    return pipeline;
}

}  // namespace

TEST_CASE("a quota is simulated to its end however slow the links and small the quota") {
    const std::vector<Case> cases{
        {"a link of ten minutes", 0.4, Nanoseconds(100'000'000), 600, 0.0091},
        {"a link of ten minutes and a stage of many periods", 0.4, Nanoseconds(100'000'000), 600, 1.2345},
        {"a link of ten seconds", 0.4, Nanoseconds(100'000'000), 10.3, 0.0911},
        {"a thousandth of a CPU", 0.001, Nanoseconds(100'000'000), 0.001, 0.0091},
        {"a thousandth of a CPU behind a link of ten minutes", 0.001, Nanoseconds(100'000'000), 600, 0.0091},
        {"a billionth of a CPU", 1e-9, Nanoseconds(100'000'000), 0.001, 0.0091},
        {"times that dwarf the period", 0.4, Nanoseconds(1000), 9e9, 0.0091},
    };
    for (const Case& given : cases) {
        CAPTURE(given.name);
        const SimulatedLatency simulated = simulate_quota(on_one_node(given), {{{0, 1}, "small"}}, pipeline_of(given));
        const Seconds busy(given.busy_seconds);
        const Seconds leg(given.leg_seconds);
        const ReplayResult replayed =
            replay({{given.cpus, to_seconds(given.period)}}, {{{0, busy, busy}}, {leg, leg}}, {});
        CHECK(simulated.mean.count() == doctest::Approx(replayed.mean.count()).epsilon(2e-3));
        CHECK(simulated.p95.count() == doctest::Approx(replayed.p95.count()).epsilon(2e-3));
        // Throttled, the stage takes its refill, give or take the period it starts and the one it ends in; a clock of
        // times that dwarf the period cannot tell it from its busy time.
        const double stage = simulated.mean.count() - 2 * given.leg_seconds;
        const double period = to_seconds(given.period).count();
        const double rounding = 1e-13 * 332 * given.leg_seconds;
        CHECK(stage >= given.busy_seconds - rounding);
        CHECK(stage <= given.busy_seconds / given.cpus + 2 * period + rounding);
        if (given.busy_seconds > 2 * given.cpus * period) {
            CHECK(stage >= given.busy_seconds / given.cpus - 2 * period - rounding);
        }
    }
}

}  // namespace carbonedge
