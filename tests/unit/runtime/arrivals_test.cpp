#include "lib/runtime/arrivals.h"

#include "lib/base/errors.h"
#include "lib/runtime/arrival_trace.h"

#include <doctest/doctest.h>
#include <cmath>
#include <string>
#include <vector>

namespace carbonedge {

TEST_CASE("even arrivals keep their spacing without adding up errors") {
    const auto arrivals = even_arrivals(3);
    CHECK(arrivals->next() == Nanoseconds(0));
    CHECK(arrivals->next() == Nanoseconds(333'333'333));
    for (int i = 2; i < 3'000'000; ++i) arrivals->next();
    CHECK(arrivals->next() == std::chrono::seconds(1'000'000));
}

TEST_CASE("Poisson arrivals have the mean and the variance of their process, the same for a seed") {
    const auto arrivals = poisson_arrivals(200, 7);
    const auto again = poisson_arrivals(200, 7);
    const auto other = poisson_arrivals(200, 8);
    constexpr int kCount = 100'000;
    double last = 0;
    double sum = 0;
    double squares = 0;
    int same = 0;
    for (int i = 0; i < kCount; ++i) {
        const Nanoseconds time = arrivals->next();
        CHECK(time == again->next());
        if (time == other->next()) ++same;
        const double gap = to_seconds(time).count() - last;
        CHECK(gap >= 0);
        last += gap;
        sum += gap;
        squares += gap * gap;
    }
    CHECK(same == 0);
    const double mean = sum / kCount;
    const double deviation = std::sqrt(squares / kCount - mean * mean);
    // An exponential time has a deviation of its mean; 4 standard errors of either.
    CHECK(std::abs(mean * 200 - 1) < 4 / std::sqrt(kCount));
    CHECK(std::abs(deviation * 200 - 1) < 4 * std::sqrt(2.0 / kCount));
}

TEST_CASE("a recorded load is replayed at its speed") {
    const std::vector<Nanoseconds> offsets{Nanoseconds(0), Nanoseconds(1'000), Nanoseconds(1'000), Nanoseconds(7'001)};
    const auto slow = recorded_arrivals(offsets, 0.5);
    const auto fast = recorded_arrivals(offsets, 10);
    for (const Nanoseconds offset : offsets) {
        CHECK(slow->next() == offset * 2);
        CHECK(fast->next() == Nanoseconds(std::llround(static_cast<double>(offset.count()) / 10)));
    }
    CHECK(fast->next() == Nanoseconds(700));
}

TEST_CASE("traces of several makers are read by the names of their columns") {
    struct Case {
        const char* what;
        const char* text;
        TraceColumn wanted;
        std::string column;
        std::vector<std::int64_t> milliseconds;
        bool reordered;
    };
    const std::vector<Case> cases{
        {"calendar times with seven digits",
         "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n"
         "2023-11-16 18:15:50.9305900,396,109\n2023-11-16 18:16:50.6805900,879,55\n",
         {},
         "TIMESTAMP",
         {0, 4250, 64'000},
         false},
        {"hours",
         "arrival_time,length,cpus\n1.5,1,2\n1.75,3,1\n",
         {"arrival_time", "h"},
         "arrival_time",
         {0, 900'000},
         false},
        {"the unit in the name", "id,arrival_ms\na,20.5\nb,10\n", {}, "arrival_ms", {0, 11}, true},
        {"another column",
         "app,func,end_timestamp,duration\nx,y,10.25,3\nx,y,10.75,1\n",
         {"end_timestamp", "s"},
         "end_timestamp",
         {0, 500},
         false},
        {"one request", "offset_s\n3\n", {}, "offset_s", {0}, false},
    };
    for (const Case& example : cases) {
        CAPTURE(example.what);
        const ArrivalTrace trace = read_arrival_trace(example.text, "t.csv", example.wanted);
        CHECK(trace.column == example.column);
        CHECK(trace.reordered == example.reordered);
        REQUIRE(trace.offsets.size() == example.milliseconds.size());
        for (std::size_t i = 0; i < trace.offsets.size(); ++i) {
            // A calendar time in a double is good to some 240 ns.
            const double difference =
                to_seconds(trace.offsets[i]).count() * 1e3 - static_cast<double>(example.milliseconds[i]);
            CHECK(std::abs(difference) <= (example.milliseconds[i] == 11 ? 0.5001 : 1e-3));
        }
    }
}

TEST_CASE("what is no trace is refused with its place") {
    const auto refuse = [](const char* text, const char* message, const TraceColumn& wanted = {}) {
        CHECK_THROWS_WITH_AS(read_arrival_trace(text, "t.csv", wanted), message, InputError);
    };
    refuse("", "t.csv: is empty; expected CSV with a line of column names");
    refuse("time_s\n", "t.csv: holds no request");
    refuse("a,b\n1,2\n",
           "t.csv:1: no column is known to hold arrival times (timestamp, time, datetime, arrival, arrival_time, "
           "start_time, offset); name it with --trace-column, one of 'a', 'b'");
    refuse("time\n12\n",
           "t.csv:2: column 'time' is '12', expected a time such as 2023-11-16 18:15:46.68; where numbers stand there, "
           "name their unit with --trace-column time:s");
    refuse("time_s\n1\nx\n", "t.csv:3: column 'time_s' is 'x', expected a finite number");
    refuse("time_s\nnan\n", "t.csv:2: column 'time_s' is 'nan', expected a finite number");
    refuse("time_h\n0\n1e300\n",
           "t.csv: column 'time_h' spans 4.17e+298 days, at most 366 are taken; is its unit another?");
    CHECK_THROWS_WITH_AS(parse_trace_column("a:weeks", "--trace-column"),
                         "--trace-column: unknown unit 'weeks'; valid: ns, us, ms, s, min, h, d", UsageError);
    CHECK(parse_trace_column("a", "--trace-column").unit.empty());
}

}  // namespace carbonedge
