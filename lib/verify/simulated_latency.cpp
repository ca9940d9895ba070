#include "lib/verify/simulated_latency.h"

#include "lib/scheduler/request_router.h"
#include "lib/verify/quota_clock.h"

#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

constexpr int kSets = 4;
constexpr std::size_t kWarmUp = 32;
constexpr std::size_t kCounted = 300;

Seconds at_rank(const std::vector<double>& sorted, double fraction) {
    const double position = std::ceil(fraction * static_cast<double>(sorted.size())) - 1;
    return Seconds(sorted[static_cast<std::size_t>(std::max(0.0, position))]);
}

/// One set of offsets counts for a share of the whole.
void add_set(SimulatedLatency& result, std::vector<double> latencies) {
    double sum = 0;
    for (const double latency : latencies) sum += latency;
    std::sort(latencies.begin(), latencies.end());
    result.mean += Seconds(sum / static_cast<double>(latencies.size()) / kSets);
    result.p50_low += at_rank(latencies, 0.48) / kSets;
    result.p50_high += at_rank(latencies, 0.52) / kSets;
    result.p95_low += at_rank(latencies, 0.935) / kSets;
    result.p95_high += at_rank(latencies, 0.965) / kSets;
    result.p95 += at_rank(latencies, 0.95) / kSets;
}

/// A pipeline with the positions of its nodes in the cluster.
struct Route {
    const RecomputedPipeline* pipeline;
    std::vector<std::size_t> nodes;
};

/// When a request that enters at `now` is answered.
double answered(const Route& route, std::vector<QuotaClock>& clocks, double now) {
    const RecomputedPipeline& pipeline = *route.pipeline;
    for (std::size_t s = 0; s < pipeline.stages.size(); ++s) {
        now += pipeline.transfers[s].time.count();
        const RecomputedStage& stage = pipeline.stages[s];
        const Seconds drawn = stage.refill > Seconds(0) ? stage.cpu : Seconds(0);
        now = clocks[route.nodes[s]].serve(now, stage.busy.count(), drawn.count());
    }
    return now + pipeline.transfers.back().time.count();
}

/// `disturbance` is what latencies are told to the router with, relative and in turn up and down.
SimulatedRouting simulate(const Plan& plan, const std::vector<Route>& routes, double disturbance) {
    SimulatedRouting result;
    result.shares.assign(routes.size(), 0);
    const std::size_t counted = kCounted + routes.size() - kCounted % routes.size();
    const double part = 1 / static_cast<double>(counted * kSets);
    for (int set = 0; set < kSets; ++set) {
        RequestRouter router(plan);
        std::vector<QuotaClock> clocks = quota_clocks(plan.cluster, set);
        std::vector<double> latencies;
        double now = 0;
        for (std::size_t request = 0; request < kWarmUp + counted; ++request) {
            const std::size_t chosen = router.choose();
            const double done = answered(routes[chosen], clocks, now);
            const double sign = (request + chosen) % 2 == 0 ? 1 : -1;
            router.finished(chosen, Seconds((done - now) * (1 + sign * disturbance)));
            if (request >= kWarmUp) {
                latencies.push_back(done - now);
                result.shares[chosen] += part;
            }
            now = done;
        }
        add_set(result.latency, std::move(latencies));
    }
    return result;
}

}  // namespace

SimulatedLatency simulate_quota(const Plan& plan, const std::vector<NamedStage>& stages,
                                const RecomputedPipeline& pipeline) {
    Route route{&pipeline, {}};
    for (const NamedStage& stage : stages) route.nodes.push_back(find_node(plan.cluster, stage.node)->value());
    SimulatedLatency result;
    for (int set = 0; set < kSets; ++set) {
        std::vector<QuotaClock> clocks = quota_clocks(plan.cluster, set);
        std::vector<double> latencies;
        double now = 0;
        for (std::size_t request = 0; request < kWarmUp + kCounted; ++request) {
            const double done = answered(route, clocks, now);
            if (request >= kWarmUp) latencies.push_back(done - now);
            now = done;
        }
        add_set(result, std::move(latencies));
    }
    return result;
}

std::optional<SimulatedRouting> simulate_routing(const Plan& plan, const std::vector<RecomputedPipeline>& recomputed) {
    std::vector<Route> routes;
    for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
        routes.push_back({&recomputed[p], {}});
        for (const PlannedStage& stage : plan.pipelines[p].stages) {
            routes.back().nodes.push_back(find_node(plan.cluster, stage.node)->value());
        }
    }
    SimulatedRouting result = simulate(plan, routes, 0);
    for (const double disturbance : {1e-10, -1e-10}) {
        if (simulate(plan, routes, disturbance).shares != result.shares) return std::nullopt;
    }
    return result;
}

}  // namespace carbonedge
