#include "tests/support/random_run_log.h"

#include "tests/support/random_profile.h"

namespace carbonedge {
namespace {

bool coin(SeededRandom& random) { return random.below(2) == 1; }
std::int64_t count(SeededRandom& random) { return static_cast<std::int64_t>(random.below(1'000'000'000'000)); }
Nanoseconds time(SeededRandom& random) { return Nanoseconds(count(random)); }

EnergyReading random_energy(SeededRandom& random) {
    return {Joules(-awkward_number(random, 1e3)), Joules(awkward_number(random, 1e3)),
            coin(random) ? Provenance::kMeasured : Provenance::kEstimated, awkward_text(random), awkward_text(random)};
}

RequestRecord random_request(SeededRandom& random, std::int64_t id) {
    RequestRecord request;
    request.id = id;
    request.pipeline = static_cast<std::int64_t>(random.below(3));
    request.arrival = time(random);
    request.latency = time(random);
    request.ok = coin(random);
    if (!request.ok) request.error = awkward_text(random);
    if (!request.ok) request.dropped = coin(random);
    if (coin(random)) request.wait = time(random);
    request.return_transfer = -time(random);
    if (coin(random)) request.resubmitted = static_cast<std::int64_t>(random.below(9));
    for (std::uint64_t i = random.below(4); i > 0; --i) {
        request.stages.push_back({awkward_text(random), -time(random), time(random), time(random), time(random),
                                  Bytes(count(random)), Bytes(count(random)),
                                  1 + static_cast<std::int64_t>(random.below(3))});
    }
    if (coin(random)) request.client = awkward_text(random);
    if (coin(random)) request.return_serialise = time(random);
    for (StageRecord& stage : request.stages) {
        if (coin(random)) stage.serialise = time(random);
    }
    return request;
}

FailoverRecord random_failover(SeededRandom& random) {
    FailoverRecord failover;
    failover.at = -time(random);
    if (coin(random)) failover.node = awkward_text(random);
    failover.cause = awkward_text(random);
    failover.noticed_by = awkward_text(random);
    failover.silent = time(random);
    failover.resubmitted = count(random);
    if (coin(random)) failover.recovery = time(random);
    if (coin(random)) failover.returned = time(random);
    return failover;
}

NodeRecord random_node(SeededRandom& random) {
    const auto number = [&random] { return awkward_number(random, 1e6); };
    NodeRecord node;
    node.node = awkward_text(random);
    node.compute_cpu = time(random);
    node.total_cpu = time(random);
    node.throttled = time(random);
    node.peak_memory = Bytes(count(random));
    node.compute_energy = random_energy(random);
    node.transport_energy = random_energy(random);
    node.idle_energy = Joules(number());
    node.compute_grams = GramsCo2e(number());
    node.transport_grams = GramsCo2e(-number());
    node.idle_grams = GramsCo2e(number());
    node.embodied_grams = GramsCo2e(number());
    return node;
}

}  // namespace

RunLog random_run_log(SeededRandom& random, std::size_t requests) {
    RunLog log;
    log.header.tool_version = "0.1.0";
    log.header.date_utc = "2026-01-02T03:04:05Z";
    log.header.machine = awkward_text(random);
    log.header.engine = "process";
    log.header.plan_name = awkward_text(random);
    if (coin(random)) log.header.plan_json = "{\n  \"schema\": \"x\",\n  \"numbers\": [1, 0.5, 1e+300]\n}\n";
    log.header.model_sha256 = "a1b2";
    log.header.requests = count(random);
    if (coin(random)) log.header.rate_per_second = awkward_number(random, 1e6);
    if (coin(random)) log.header.arrivals = coin(random) ? "poisson" : "trace";
    log.header.in_flight = count(random);
    if (coin(random)) log.header.deadline = time(random);
    if (coin(random)) log.header.batches = {1 + static_cast<std::int64_t>(random.below(32)), time(random)};
    log.header.warm_up = count(random);
    log.header.seed = random.next();
    for (std::uint64_t i = random.below(3); i > 0; --i) {
        log.header.limits.push_back({awkward_text(random), awkward_number(random, 64), time(random),
                                     Bytes(count(random)), coin(random), awkward_text(random)});
    }
    for (std::uint64_t i = random.below(3); i > 0; --i) {
        EmulatedLink link{awkward_text(random), awkward_text(random), Nanoseconds(0), BytesPerSecond(0), "", ""};
        if (coin(random)) {
            link.latency = time(random) + Nanoseconds(1);
            link.latency_by = awkward_text(random);
        }
        if (coin(random)) {
            link.bandwidth = BytesPerSecond(awkward_number(random, 1e9) + 1);
            link.bandwidth_by = awkward_text(random);
        }
        log.header.links.push_back(link);
    }
    log.header.meter = awkward_text(random);
    for (std::size_t i = 0; i < requests; ++i)
        log.requests.push_back(random_request(random, static_cast<std::int64_t>(i)));
    for (std::uint64_t i = random.below(3); i > 0; --i) log.failovers.push_back(random_failover(random));
    for (std::uint64_t i = random.below(3); i > 0; --i) {
        log.intensities.push_back(
            {time(random), awkward_text(random), awkward_text(random), CarbonIntensity(awkward_number(random, 1e3))});
    }
    for (std::uint64_t i = random.below(2); i > 0; --i) {
        log.moves.push_back({time(random), time(random), time(random), awkward_text(random), awkward_text(random),
                             awkward_text(random), awkward_number(random, 1), Joules(awkward_number(random, 1e3)),
                             GramsCo2e(awkward_number(random, 1e3))});
    }
    for (std::uint64_t i = random.below(3); i > 0; --i) log.nodes.push_back(random_node(random));
    if (coin(random)) {
        log.end = RunEnd{coin(random),
                         coin(random),
                         time(random),
                         count(random),
                         count(random),
                         count(random),
                         coin(random) ? count(random) : 0,
                         coin(random),
                         awkward_number(random, 1e3),
                         Joules(awkward_number(random, 1e3)),
                         GramsCo2e(awkward_number(random, 1e3)),
                         coin(random) ? count(random) : 0,
                         time(random)};
    }
    return log;
}

}  // namespace carbonedge
