#include "lib/report/benchmark_file.h"
#include "lib/report/gate_evidence.h"
#include "lib/report/input_file.h"
#include "tests/support/error_text.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

constexpr const char* kGoogle = R"({"context": {"date": "2026-01-01", "executable": "/a/b/bench", "num_cpus": 2,
 "caches": [{"type": "Data", "size": 32768}]},
 "benchmarks": [
 {"name": "a", "run_name": "a", "run_type": "iteration", "real_time": 2.0, "cpu_time": 1.5, "time_unit": "us"},
 {"name": "a", "run_name": "a", "run_type": "iteration", "real_time": 4.0, "cpu_time": 2.5, "time_unit": "us"},
 {"name": "a_mean", "run_name": "a", "run_type": "aggregate", "aggregate_name": "mean", "real_time": 9, "cpu_time": 9},
 {"name": "b", "run_type": "iteration", "skipped": true},
 {"name": "c", "real_time": 7, "cpu_time": 6, "items_per_second": 3}]})";

constexpr const char* kHyperfine = R"({"results": [
 {"command": "x 1", "mean": 1, "times": [1.0, 1.5, 2.0], "exit_codes": [0, 0, 0]},
 {"command": "x 2", "mean": 1, "times": [3.0, 2.5], "exit_codes": [1, 1], "parameters": {"n": "2"}}]})";

}  // namespace

TEST_CASE("JSON of Google Benchmark: iterations not aggregates in seconds what was skipped is left out") {
    const BenchmarkTimings timings = read_benchmarks(kGoogle, "g.json");
    CHECK(timings.tool == "Google Benchmark");
    CHECK(timings.program == "bench");
    CHECK(timings.hardware == "2 cpus, caches 32768");
    REQUIRE(timings.benchmarks.size() == 2);
    CHECK(timings.benchmarks[0].name == "a");
    REQUIRE(timings.benchmarks[0].wall.size() == 2);
    CHECK(timings.benchmarks[0].wall[1] == doctest::Approx(4e-6));
    CHECK(timings.benchmarks[0].cpu[0] == doctest::Approx(1.5e-6));
    CHECK(timings.benchmarks[1].wall.front() == doctest::Approx(7e-9));
    CHECK_FALSE(timings.fresh_processes);
}

TEST_CASE("JSON of Google Benchmark with aggregates alone: the median") {
    const auto row = [](const char* what, double time) {
        return std::string(R"({"name": "a_x", "run_name": "a", "run_type": "aggregate", "repetitions": 4, )") +
               R"("aggregate_name": ")" + what + R"(", "time_unit": "ms", "cpu_time": 1, "real_time": )" +
               std::to_string(time) + "}";
    };
    const std::string text = R"({"context": {}, "benchmarks": [)" + row("mean", 3) + "," + row("median", 2) + "," +
                             row("stddev", 0.5) + "," + row("cv", 0.1) + "]}";
    const BenchmarkTimings timings = read_benchmarks(text, "g.json");
    REQUIRE(timings.benchmarks.size() == 1);
    CHECK(timings.benchmarks[0].wall == std::vector<double>{0.002});
}

TEST_CASE("JSON of hyperfine: every run, each a process of its own") {
    const BenchmarkTimings timings = read_benchmarks(kHyperfine, "h.json");
    CHECK(timings.tool == "hyperfine");
    CHECK(timings.fresh_processes);
    REQUIRE(timings.benchmarks.size() == 2);
    CHECK(timings.benchmarks[0].wall == std::vector<double>{1.0, 1.5, 2.0});
    CHECK(timings.benchmarks[0].cpu.empty());
}

TEST_CASE("what says nothing about time is refused with its line") {
    const std::pair<const char*, const char*> cases[] = {
        {R"({"results": [{"command": "a", "times": [1, 2], "exit_codes": [0, 139]}]})",
         "h.json:1: runs of 'a' ended with different statuses, 0 and 139: their times say nothing"},
        {R"({"results": [{"command": "a", "times": [1], "exit_codes": [null]}]})", "h.json:1: a run of 'a' was killed"},
        {R"({"results": [{"command": "a", "times": []}]})", "h.json:1: 'times' is empty, expected a run or more"},
        {R"({"results": [{"command": "a", "times": [1]}, {"command": "a", "times": [1]}]})",
         "h.json:1: 'a' is there twice: give each its name (hyperfine --command-name)"},
        {R"({"results": []})", "h.json:1: has no benchmark that was timed"},
        {R"({"context": {}, "benchmarks": [{"name": "a", "error_occurred": true, "error_message": "no GPU"}]})",
         "h.json:1: benchmark 'a' failed (no GPU): its time says nothing"},
        {R"({"context": {}, "benchmarks": [{"name": "a", "real_time": 1, "cpu_time": 1, "time_unit": "h"}]})",
         "h.json:1: 'time_unit' is 'h', expected ns, us, ms or s"},
    };
    for (const auto& [text, message] : cases) {
        CHECK(error_text([&text = text] { (void)read_benchmarks(text, "h.json"); }) == message);
    }
}

TEST_CASE("benchmarks are layers to the gate runs of hyperfine are runs repetitions in one process are not") {
    const Evidence google = evidence_of(read_report_input(kGoogle, "g.json"), "g.json", {});
    CHECK(google.layers.size() == 2);
    for (const EvidenceQuantity& quantity : google.quantities) {
        CHECK(quantity.key.scope == GateScope::kLayer);
        CHECK(quantity.units.size() == 1);
    }
    const Evidence hyperfine = evidence_of(read_report_input(kHyperfine, "h.json"), "h.json", {});
    REQUIRE(hyperfine.quantities.size() == 2);
    for (const EvidenceQuantity& quantity : hyperfine.quantities) CHECK(quantity.units.size() == 2);
    const char* alone = R"({"results": [{"command": "x", "times": [1.0, 1.5, 2.0]}]})";
    const Evidence one = evidence_of(read_report_input(alone, "h.json"), "h.json", {});
    REQUIRE(one.quantities.size() == 2);
    CHECK(one.quantities[1].key.scope == GateScope::kTotal);
}

}  // namespace carbonedge
