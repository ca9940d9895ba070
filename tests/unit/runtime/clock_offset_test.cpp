#include "lib/runtime/clock_offset.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <random>

namespace carbonedge {
namespace {

using namespace std::chrono_literals;

/// A round trip to a clock that is `ahead`, with these two ways and this time in between.
ClockRoundTrip trip_of(Nanoseconds asked, Nanoseconds ahead, Nanoseconds there, Nanoseconds work, Nanoseconds back) {
    ClockRoundTrip trip;
    trip.asked = asked;
    trip.received = asked + there + ahead;
    trip.sent = trip.received + work;
    trip.answered = asked + there + work + back;
    return trip;
}

TEST_CASE("a symmetric way gives the offset exactly whatever the other did in between") {
    struct Row {
        Nanoseconds ahead;
        Nanoseconds way;
        Nanoseconds work;
    };
    for (const Row& row : {Row{0ns, 50us, 0ns}, Row{-7h, 50us, 20ms}, Row{400h, 3ms, 1us}, Row{12345ns, 1ns, 0ns}}) {
        const auto offset = estimate_offset({trip_of(90s, row.ahead, row.way, row.work, row.way)}, "");
        REQUIRE(offset);
        CHECK(offset->ahead == row.ahead);
        CHECK(offset->uncertainty == row.way);
    }
}

TEST_CASE("the truth lies within the uncertainty however lopsided the ways are") {
    std::mt19937_64 random(7);
    const auto draw = [&random](std::int64_t most) {
        return Nanoseconds(static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most)));
    };
    for (int repetition = 0; repetition < 500; ++repetition) {
        const Nanoseconds ahead = draw(2'000'000'000'000) - 1'000s;
        std::vector<ClockRoundTrip> trips;
        Nanoseconds least = 1h;
        for (int i = 0; i < 8; ++i) {
            const Nanoseconds there = draw(5'000'000);
            const Nanoseconds back = draw(5'000'000);
            least = std::min(least, there + back);
            trips.push_back(trip_of(draw(1'000'000'000), ahead, there, draw(1'000'000), back));
        }
        const auto offset = estimate_offset(trips, "");
        REQUIRE(offset);
        CHECK(offset->ahead - offset->uncertainty <= ahead);
        CHECK(ahead <= offset->ahead + offset->uncertainty);
        CHECK(offset->uncertainty <= least / 2 + 1ns);
    }
}

TEST_CASE("one kernel has one clock") {
    ClockRoundTrip trip = trip_of(1s, 0ns, 40us, 0ns, 90us);
    trip.origin = "a";
    CHECK(estimate_offset({trip}, "a") == ClockOffset{});
    CHECK(estimate_offset({trip}, "b") == ClockOffset{-25us, 65us});
    CHECK(estimate_offset({trip}, "") == ClockOffset{-25us, 65us});
    CHECK(clock_origin() == clock_origin());
}

TEST_CASE("no offset comes of nothing nor of a clock that goes backwards") {
    CHECK_FALSE(estimate_offset({}, ""));
    ClockRoundTrip backwards = trip_of(1s, 0ns, 40us, 0ns, 40us);
    backwards.sent = backwards.received - 1ns;
    CHECK_FALSE(estimate_offset({backwards}, ""));
    ClockRoundTrip early = trip_of(1s, 0ns, 40us, 1ms, 40us);
    early.answered = early.asked + 1us;
    CHECK_FALSE(estimate_offset({early}, ""));
}

TEST_CASE("a way back of less than no time is taken from the ways before it") {
    struct Row {
        Nanoseconds first;
        Nanoseconds second;
        Nanoseconds back;
        Nanoseconds settled_first;
        Nanoseconds settled_second;
    };
    for (const Row& row : {Row{30us, 20us, 10us, 30us, 20us}, Row{30us, 20us, -5us, 30us, 15us},
                           Row{30us, 20us, -45us, 5us, 0us}, Row{30us, 0us, -30us, 0us, 0us}}) {
        RequestRecord record;
        record.stages.resize(2);
        record.stages[0].transfer = row.first;
        record.stages[0].compute = 1ms;
        record.stages[1].transfer = row.second;
        record.return_transfer = row.back;
        settle_return(record);
        CHECK(record.stages[0].transfer == row.settled_first);
        CHECK(record.stages[0].compute == 1ms);
        CHECK(record.stages[1].transfer == row.settled_second);
        CHECK(record.return_transfer == std::max(row.back, 0ns));
    }
}

}  // namespace
}  // namespace carbonedge
