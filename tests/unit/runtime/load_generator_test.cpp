#include "lib/runtime/load_generator.h"

#include "tests/unit/runtime/pipeline_fixture.h"

#include <doctest/doctest.h>
#include <algorithm>

namespace carbonedge {
namespace {

using std::chrono::milliseconds;

struct Played {
    LoadOutcome outcome;
    std::vector<RequestRecord> records;  ///< by id
};

Played play(InProcessPipeline& pipeline, const BuiltinStage& stage, const Load& load) {
    const RequestInputs inputs{inputs_of(stage, 1)};
    LoadGenerator generator(pipeline.gateway(), inputs);
    Played played;
    played.outcome =
        generator.run(load, {[] { return std::size_t{0}; }, nullptr},
                      [&](const Answer& answer, std::size_t) { played.records.push_back(answer.record); }, {});
    std::sort(played.records.begin(), played.records.end(),
              [](const RequestRecord& left, const RequestRecord& right) { return left.id < right.id; });
    return played;
}

std::vector<BuiltinStage> slow_stage(Nanoseconds burn) {
    std::vector<BuiltinStage> stages = chain_of(1);
    stages[0].burn = burn;
    return stages;
}

/// The most requests that were between the gateway and their answer at once.
int most_at_once(const std::vector<RequestRecord>& records) {
    std::vector<std::pair<Nanoseconds, int>> changes;
    for (const RequestRecord& record : records) {
        changes.emplace_back(record.arrival + record.wait, 1);
        changes.emplace_back(record.arrival + record.latency, -1);
    }
    std::sort(changes.begin(), changes.end());
    int now = 0;
    int most = 0;
    for (const auto& [time, change] : changes) most = std::max(most, now += change);
    return most;
}

TEST_CASE("in an open loop latency counts from the intended arrival, however late a request could be sent") {
    const std::vector<BuiltinStage> stages = slow_stage(milliseconds(10));
    InProcessPipeline pipeline(stages);
    Load load;
    load.requests = 15;
    load.rate_per_second = 1'000;
    load.most_accepted = 2;
    const Played played = play(pipeline, stages[0], load);
    CHECK(played.outcome.succeeded == 15);
    CHECK(most_at_once(played.records) <= 2);
    for (const RequestRecord& record : played.records) {
        CHECK(record.arrival == milliseconds(record.id));
        // The node needs 10 ms for each of those before it and for itself.
        CHECK(record.latency >= milliseconds(10) * (record.id + 1) - milliseconds(record.id));
        Nanoseconds sum = record.wait + record.return_transfer;
        for (const StageRecord& stage : record.stages) sum += stage.transfer + stage.queue + stage.compute;
        CHECK(sum == record.latency);
    }
    CHECK(played.records.back().wait > milliseconds(50));
}

TEST_CASE("requests of an overload are answered in time, answered late or dropped, and all are accounted for") {
    const std::vector<BuiltinStage> stages = slow_stage(milliseconds(10));
    InProcessPipeline pipeline(stages);
    Load load;
    load.requests = 60;
    load.rate_per_second = 1'000;
    load.poisson = true;
    load.seed = 3;
    load.deadline = milliseconds(120);
    const Played played = play(pipeline, stages[0], load);
    const LoadOutcome& outcome = played.outcome;
    CHECK(outcome.failed == 0);
    CHECK(outcome.succeeded + outcome.dropped == 60);
    // 60 passes take 600 ms, 60 arrivals and the deadline about 180.
    CHECK(outcome.dropped > 20);
    CHECK_FALSE(outcome.first_drop.empty());
    std::int64_t late = 0;
    std::int64_t dropped = 0;
    for (const RequestRecord& record : played.records) {
        CHECK(record.ok != record.dropped);
        dropped += record.dropped ? 1 : 0;
        late += record.ok && record.latency > *load.deadline ? 1 : 0;
        if (record.dropped) CHECK_FALSE(record.error.empty());
    }
    CHECK(dropped == outcome.dropped);
    CHECK(late == outcome.late);
}

TEST_CASE("a recorded load arrives as it was recorded, at its speed") {
    const std::vector<BuiltinStage> stages = chain_of(1);
    InProcessPipeline pipeline(stages);
    Load load;
    load.recorded = std::make_shared<const std::vector<Nanoseconds>>(
        std::vector<Nanoseconds>{milliseconds(0), milliseconds(40), milliseconds(40), milliseconds(200)});
    load.requests = 4;
    load.speed = 4;
    const Played played = play(pipeline, stages[0], load);
    REQUIRE(played.records.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) CHECK(played.records[i].arrival == (*load.recorded)[i] / 4);
    CHECK(played.outcome.wall >= milliseconds(50));
}

TEST_CASE("a closed loop keeps its number in flight") {
    const std::vector<BuiltinStage> stages = slow_stage(milliseconds(1));
    InProcessPipeline pipeline(stages);
    Load load;
    load.requests = 40;
    load.in_flight = 3;
    const Played played = play(pipeline, stages[0], load);
    CHECK(played.outcome.succeeded == 40);
    CHECK(most_at_once(played.records) == 3);
}

}  // namespace
}  // namespace carbonedge
