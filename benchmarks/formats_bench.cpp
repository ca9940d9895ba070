// What reading and writing files costs, in bytes per second, beside floors that nothing can beat: one pass over the
// same bytes that looks for line ends, and one that checks UTF-8. The budget: partition, plan and report start in under
// 10 ms.
#include "lib/base/utf8.h"
#include "lib/cluster/cluster_file.h"
#include "lib/formats/csv.h"
#include "lib/formats/json.h"
#include "lib/partition/plan_file.h"
#include "lib/profile/profile_file.h"
#include "lib/runlog/run_log_file.h"
#include "tests/support/random_cluster.h"
#include "tests/support/random_plan.h"
#include "tests/support/random_profile.h"
#include "tests/support/random_run_log.h"

#include <benchmark/benchmark.h>
#include <algorithm>
#include <string>

namespace carbonedge {
namespace {

const std::string& profile_text(std::size_t layers) {
    static const auto make = [](std::size_t size) {
        SeededRandom random(1);
        return write_profile(random_profile(random, size));
    };
    static const std::string kSmall = make(150);
    static const std::string kLarge = make(1'000);
    return layers == 150 ? kSmall : kLarge;
}

/// 150 layers, 3 nodes, 1 or 2 profiles and pipelines.
const std::string& plan_text() {
    static const std::string kText = [] {
        SeededRandom random(2);
        return write_plan(random_plan(random, 150, 3));
    }();
    return kText;
}

void count_bytes(benchmark::State& state, const std::string& text) {
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(text.size()));
    state.counters["bytes"] = static_cast<double>(text.size());
}

void floor_line_ends(benchmark::State& state) {
    const std::string& text = profile_text(1'000);
    for (auto _ : state) benchmark::DoNotOptimize(std::count(text.begin(), text.end(), '\n'));
    count_bytes(state, text);
}
BENCHMARK(floor_line_ends);

void floor_utf8(benchmark::State& state) {
    const std::string& text = profile_text(1'000);
    for (auto _ : state) benchmark::DoNotOptimize(first_malformed_utf8(text));
    count_bytes(state, text);
}
BENCHMARK(floor_utf8);

void read_csv_alone(benchmark::State& state) {
    const std::string& all = profile_text(1'000);
    const std::string text = all.substr(all.find("\nindex,") + 1);
    for (auto _ : state) benchmark::DoNotOptimize(read_csv(text, "p.csv"));
    count_bytes(state, text);
}
BENCHMARK(read_csv_alone)->Unit(benchmark::kMicrosecond);

void read_profile_rows(benchmark::State& state) {
    const std::string& text = profile_text(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) benchmark::DoNotOptimize(read_profile(text, "p.csv"));
    count_bytes(state, text);
}
BENCHMARK(read_profile_rows)->Arg(150)->Arg(1'000)->Unit(benchmark::kMicrosecond);

void write_profile_rows(benchmark::State& state) {
    const std::string& text = profile_text(static_cast<std::size_t>(state.range(0)));
    const Profile profile = read_profile(text, "p.csv");
    for (auto _ : state) benchmark::DoNotOptimize(write_profile(profile));
    count_bytes(state, text);
}
BENCHMARK(write_profile_rows)->Arg(150)->Arg(1'000)->Unit(benchmark::kMicrosecond);

void read_json_of_a_plan(benchmark::State& state) {
    const std::string& text = plan_text();
    for (auto _ : state) benchmark::DoNotOptimize(read_json(text, "p.json"));
    count_bytes(state, text);
}
BENCHMARK(read_json_of_a_plan)->Unit(benchmark::kMicrosecond);

void read_whole_plan(benchmark::State& state) {
    const std::string& text = plan_text();
    for (auto _ : state) benchmark::DoNotOptimize(read_plan(text, "p.json"));
    count_bytes(state, text);
}
BENCHMARK(read_whole_plan)->Unit(benchmark::kMicrosecond);

void write_whole_plan(benchmark::State& state) {
    const std::string& text = plan_text();
    const Plan plan = read_plan(text, "p.json");
    for (auto _ : state) benchmark::DoNotOptimize(write_plan(plan));
    count_bytes(state, text);
}
BENCHMARK(write_whole_plan)->Unit(benchmark::kMicrosecond);

void tell_schema(benchmark::State& state) {
    const std::string& text = plan_text();
    for (auto _ : state) benchmark::DoNotOptimize(schema_of(text));
}
BENCHMARK(tell_schema);

void read_cluster_of_ten(benchmark::State& state) {
    SeededRandom random(3);
    const std::string text = write_cluster(random_cluster(random, 10));
    for (auto _ : state) benchmark::DoNotOptimize(read_cluster(text, "c.ini"));
    count_bytes(state, text);
}
BENCHMARK(read_cluster_of_ten)->Unit(benchmark::kMicrosecond);

void read_run_log_of_a_thousand(benchmark::State& state) {
    SeededRandom random(4);
    const std::string text = write_run_log(random_run_log(random, 1'000));
    for (auto _ : state) benchmark::DoNotOptimize(read_run_log(text, "r.jsonl"));
    count_bytes(state, text);
}
BENCHMARK(read_run_log_of_a_thousand)->Unit(benchmark::kMicrosecond);

void write_one_request(benchmark::State& state) {
    SeededRandom random(5);
    const RunLog log = random_run_log(random, 1);
    for (auto _ : state) benchmark::DoNotOptimize(request_line(log.requests.front()));
}
BENCHMARK(write_one_request);

}  // namespace
}  // namespace carbonedge
