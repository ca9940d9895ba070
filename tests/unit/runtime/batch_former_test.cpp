#include "lib/runtime/batch_former.h"

#include "lib/base/random.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <optional>

namespace carbonedge {
namespace {

using std::chrono::milliseconds;

const char kStageA = 'a';
const char kStageB = 'b';
constexpr Nanoseconds kNow = std::chrono::seconds(100);

/// 10 ms and 4 ms more for every request beyond the first.
Nanoseconds pass_time(std::size_t batch) {
    return milliseconds(10) + milliseconds(4) * static_cast<std::int64_t>(batch - 1);
}

WaitingRequest waiting(const char& stage, Nanoseconds ago, std::optional<Nanoseconds> left = {}) {
    return {&stage, kNow - ago, left ? kNow + *left : Nanoseconds(0)};
}

}  // namespace

TEST_CASE("a batch is of one stage, in the order of arrival, up to its limit") {
    const std::vector<WaitingRequest> queue{waiting(kStageA, milliseconds(3)), waiting(kStageB, milliseconds(3)),
                                            waiting(kStageA, milliseconds(2)), waiting(kStageA, milliseconds(1))};
    struct Case {
        std::int64_t largest;
        Nanoseconds longest_wait;
        std::vector<std::size_t> members;
        Nanoseconds start_in;
    };
    const std::vector<Case> cases{
        {1, milliseconds(50), {0}, milliseconds(0)},         // no batches
        {2, milliseconds(50), {0, 2}, milliseconds(0)},      // full
        {3, milliseconds(50), {0, 2, 3}, milliseconds(0)},   // just full
        {4, milliseconds(0), {0, 2, 3}, milliseconds(0)},    // takes what is there
        {4, milliseconds(50), {0, 2, 3}, milliseconds(47)},  // waits until the oldest has waited 50 ms
        {4, milliseconds(2), {0, 2, 3}, milliseconds(0)},    // it has waited longer
    };
    for (const Case& example : cases) {
        CAPTURE(example.largest);
        CAPTURE(example.longest_wait.count());
        const NextBatch batch = next_batch(queue, {example.largest, example.longest_wait}, pass_time, kNow);
        CHECK(batch.members == example.members);
        CHECK(batch.start - kNow == example.start_in);
    }
}

TEST_CASE("a batch starts early and small enough for the deadlines of its members") {
    struct Case {
        const char* what;
        std::vector<Nanoseconds> left;  ///< of requests that came now
        std::size_t members;
        Nanoseconds start_in;
    };
    const std::vector<Case> cases{
        {"one more would take 18 ms", {milliseconds(30), milliseconds(100)}, 2, milliseconds(12)},
        {"no time to wait", {milliseconds(18), milliseconds(100)}, 2, milliseconds(0)},
        {"three would be too slow for the first",
         {milliseconds(15), milliseconds(100), milliseconds(100)},
         2,
         milliseconds(0)},
        {"two would be too slow for the first", {milliseconds(11), milliseconds(100)}, 1, milliseconds(0)},
        {"nothing helps", {milliseconds(1), milliseconds(100)}, 1, milliseconds(0)},
        {"the last of them is the tightest",
         {milliseconds(100), milliseconds(100), milliseconds(15)},
         2,
         milliseconds(0)},
        {"time enough", {milliseconds(500)}, 1, milliseconds(40)},
    };
    for (const Case& example : cases) {
        CAPTURE(example.what);
        std::vector<WaitingRequest> queue;
        for (const Nanoseconds left : example.left) queue.push_back(waiting(kStageA, Nanoseconds(0), left));
        const NextBatch batch = next_batch(queue, {8, milliseconds(40)}, pass_time, kNow);
        CHECK(batch.members.size() == example.members);
        CHECK(batch.start - kNow == example.start_in);
    }
}

TEST_CASE("whatever waits: the first is in the batch, limits hold, nobody who could be in time is made late") {
    SeededRandom random(17);
    for (int round = 0; round < 5'000; ++round) {
        std::vector<WaitingRequest> queue;
        for (std::uint64_t i = 1 + random.below(12); i > 0; --i) {
            const Nanoseconds left = milliseconds(random.below(2) == 0 ? 1 + random.below(60) : 1'000);
            queue.push_back(waiting(random.below(3) == 0 ? kStageB : kStageA, milliseconds(random.below(30)), left));
        }
        const BatchLimits limits{1 + static_cast<std::int64_t>(random.below(8)), milliseconds(random.below(20))};
        const NextBatch batch = next_batch(queue, limits, pass_time, kNow);
        REQUIRE(!batch.members.empty());
        CHECK(batch.members.front() == 0);
        CHECK(std::is_sorted(batch.members.begin(), batch.members.end()));
        CHECK(static_cast<std::int64_t>(batch.members.size()) <= limits.largest);
        CHECK(batch.start >= kNow);
        CHECK(batch.start <= std::max(kNow, queue[0].received + limits.longest_wait));
        for (const std::size_t member : batch.members) {
            CHECK(queue[member].stage == queue[0].stage);
            if (batch.members.size() == 1 || queue[member].ready_by < kNow + pass_time(1)) continue;
            CHECK(batch.start + pass_time(batch.members.size()) <= queue[member].ready_by);
        }
    }
}

TEST_CASE("pass times: known sizes by their average, others in proportion, the least of single requests") {
    PassTimes times;
    CHECK(times.expected(4) == Nanoseconds(0));
    CHECK(times.least() == Nanoseconds(0));
    times.record(1, milliseconds(10));
    CHECK(times.expected(1) == milliseconds(10));
    CHECK(times.expected(4) == milliseconds(40));
    times.record(4, milliseconds(22));
    CHECK(times.expected(4) == milliseconds(22));
    CHECK(times.expected(3) == milliseconds(30));
    CHECK(times.expected(8) == milliseconds(44));
    times.record(1, milliseconds(20));
    CHECK(times.expected(1) == milliseconds(11));
    times.record(1, milliseconds(8));
    CHECK(times.least() == milliseconds(8));
}

}  // namespace carbonedge
