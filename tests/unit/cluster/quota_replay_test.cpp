#include "lib/cluster/quota_replay.h"
#include "lib/base/random.h"

#include <doctest/doctest.h>
#include <algorithm>

namespace carbonedge {
namespace {

using namespace std::chrono_literals;

ReplayPipeline single(Seconds busy, Seconds cpu) { return {{{0, busy, cpu}}, {0s, 0s}}; }

class Alternating : public ReplayRouter {
public:
    std::size_t choose() override { return next_++ % 2; }
    void finished(std::size_t, Seconds) override {}

private:
    std::size_t next_ = 0;
};

struct Kept final : ReplayObserver, ReplayRouter {
    void reached(Seconds now) override {
        CHECK(now >= last);
        last = now;
    }
    void finished(const ReplayedRequest& request) override { requests.push_back(request); }
    std::size_t choose() override { return 0; }
    void finished(std::size_t, Seconds) override {}

    Seconds last{0};
    std::vector<ReplayedRequest> requests;
};

}  // namespace

TEST_CASE("a 10 ms network under 40 ms per 100 ms has median 10, mean 25 and p95 70 ms") {
    const ReplayResult result = replay({{0.4, 100ms}}, single(10ms, 10ms), {});
    CHECK(result.p50.count() == doctest::Approx(0.010).epsilon(0.02));
    CHECK(result.mean.count() == doctest::Approx(0.025).epsilon(0.04));
    CHECK(result.p95.count() == doctest::Approx(0.071).epsilon(0.03));
    // A network that leaves no multiple of the quota behind spreads the wait: 9.8 ms measured, mean 24, p95 72.
    const ReplayResult measured = replay({{0.4, 100ms}}, single(9.8ms, 9.8ms), {});
    CHECK(measured.p50.count() == doctest::Approx(0.0098).epsilon(0.01));
    CHECK(measured.mean.count() == doctest::Approx(0.0245).epsilon(0.04));
    CHECK(measured.p95.count() == doctest::Approx(0.070).epsilon(0.05));
}

TEST_CASE("without a quota that bites every latency is the sum of the parts") {
    const ReplayPipeline pipeline{{{0, 10ms, 9ms}, {1, 20ms, 12ms}}, {1ms, 2ms, 3ms}};
    const ReplayResult result = replay({{1.0, 100ms}, {0.6, 100ms}}, pipeline, {});
    CHECK(result.mean.count() == doctest::Approx(0.036).epsilon(1e-12));
    CHECK(result.p50.count() == doctest::Approx(0.036).epsilon(1e-12));
    CHECK(result.p95.count() == doctest::Approx(0.036).epsilon(1e-12));
}

TEST_CASE("many requests in flight reach one over the slowest stage or leg") {
    const ReplayPipeline pipeline{{{0, 10ms, 9ms}, {1, 20ms, 12ms}}, {1ms, 2ms, 3ms}};
    ReplayLoad load;
    load.in_flight = 8;
    CHECK(replay({{1.0, 100ms}, {0.6, 100ms}}, pipeline, load).throughput_per_second ==
          doctest::Approx(50).epsilon(0.02));
    const ReplayPipeline slow_leg{{{0, 10ms, 9ms}}, {40ms, 1ms}};
    CHECK(replay({{1.0, 100ms}}, slow_leg, load).throughput_per_second == doctest::Approx(25).epsilon(0.02));
}

TEST_CASE("an open loop below capacity queues nothing") {
    ReplayLoad load;
    load.rate_per_second = 20;
    const ReplayResult result = replay({{1.0, 100ms}}, single(10ms, 9ms), load);
    CHECK(result.mean.count() == doctest::Approx(0.010).epsilon(1e-9));
    CHECK(result.throughput_per_second == doctest::Approx(20).epsilon(0.02));
}

TEST_CASE("more threads than cpus burn the quota faster than the clock") {
    // 4 threads for 10 ms = 40 CPU-ms, the whole quota of a period: one request a period.
    const ReplayResult result = replay({{0.4, 100ms}}, single(10ms, 40ms), {});
    CHECK(result.mean.count() == doctest::Approx(0.1).epsilon(0.02));
}

TEST_CASE("a stage of many periods costs its CPU time over the rate") {
    const ReplayResult result = replay({{0.01, 100ms}}, single(10s, 10s), {});
    CHECK(result.mean.count() == doctest::Approx(1000).epsilon(0.001));
}

TEST_CASE("requests alternate over two pipelines that share a node") {
    const std::vector<ReplayPipeline> pipelines{{{{0, 10ms, 5ms}}, {0s, 0s}}, {{{1, 30ms, 15ms}}, {0s, 0s}}};
    Alternating router;
    const ReplayResult result =
        replay({{1, 100ms}, {1, 100ms}}, pipelines, {}, [&]() -> ReplayRouter& { return router; });
    CHECK(result.pipeline_shares[0] == doctest::Approx(0.5));
    CHECK(result.mean.count() == doctest::Approx(0.020));
    CHECK(result.pipeline_latencies[1].count() == doctest::Approx(0.030));
}

TEST_CASE("the replayed mean is never below max(A, B), and meets it where one node is throttled back to back") {
    SeededRandom random(7);
    for (int round = 0; round < 300; ++round) {
        CAPTURE(round);
        const std::size_t stages = 1 + random.below(3);
        std::vector<QuotaNode> nodes;
        ReplayPipeline pipeline;
        pipeline.legs.emplace_back(random.uniform(0, 0.01));
        double sum = pipeline.legs[0].count();
        double slowest = 0;
        for (std::size_t s = 0; s < stages; ++s) {
            const double busy = random.uniform(0.001, 0.08);
            const double cpu = busy * random.uniform(0.5, 3.0);
            nodes.push_back({random.uniform(0.1, 2.0), Seconds(random.uniform(0.02, 0.2))});
            pipeline.stages.push_back({s, Seconds(busy), Seconds(cpu)});
            pipeline.legs.emplace_back(random.uniform(0, 0.01));
            sum += busy + pipeline.legs.back().count();
            slowest = std::max(slowest, cpu / nodes.back().cpus);
        }
        ReplayLoad load;
        load.requests = 3000;
        const ReplayResult result = replay(nodes, pipeline, load);
        // The counted window may start anywhere in a period, which is worth at most one period over the window.
        CHECK(result.mean.count() >= std::max(sum, slowest) * (1 - 1e-9) - 0.2 / 3000);
        if (stages == 1 && slowest > 1.5 * sum) CHECK(result.mean.count() == doctest::Approx(slowest).epsilon(0.02));
    }
}

TEST_CASE("each replayed request adds up to its latency, and the requests are those of the replay") {
    const std::vector<QuotaNode> nodes{{0.4, 100ms}, {1, 100ms}};
    const ReplayPipeline pipeline{{{0, 10ms, 10ms}, {1, 20ms, 20ms}}, {1ms, 2ms, 3ms}};
    ReplayLoad load;
    load.in_flight = 3;
    load.requests = 200;
    Kept kept;
    replay_each(nodes, {pipeline}, load, kept, kept);
    REQUIRE(kept.requests.size() == 200);
    double sum = 0;
    for (const ReplayedRequest& request : kept.requests) {
        Seconds parts = request.return_transfer;
        for (const ReplayedRequest::Stage& stage : request.stages)
            parts += stage.transfer + stage.queue + stage.compute;
        CHECK(parts.count() == doctest::Approx(request.latency.count()).epsilon(1e-9));
        sum += request.latency.count();
    }
    load.warm_up = 0;
    load.phases = 1;
    CHECK(sum / 200 == doctest::Approx(replay(nodes, pipeline, load).mean.count()));
}

TEST_CASE("arrivals at given times are kept to") {
    const ReplayPipeline pipeline{{{0, 10ms, 0s}}, {0s, 0s}};
    ReplayLoad load;
    load.arrivals = {0s, 5ms, 100ms};
    load.requests = 3;
    Kept kept;
    replay_each({{1, 100ms}}, {pipeline}, load, kept, kept);
    REQUIRE(kept.requests.size() == 3);
    CHECK(kept.requests[0].latency.count() == doctest::Approx(0.010));
    CHECK(kept.requests[1].latency.count() == doctest::Approx(0.015));
    CHECK(kept.requests[1].stages[0].queue.count() == doctest::Approx(0.005));
    CHECK(kept.requests[2].arrival.count() == doctest::Approx(0.1));
    CHECK(kept.requests[2].latency.count() == doctest::Approx(0.010));
}

}  // namespace carbonedge
