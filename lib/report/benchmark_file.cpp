#include "lib/report/benchmark_file.h"

#include "lib/base/errors.h"
#include "lib/base/utf8.h"
#include "lib/formats/json.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <map>
#include <optional>

namespace carbonedge {
namespace {

constexpr std::int64_t kMostRepetitions = std::int64_t{1} << 31U;
constexpr std::int64_t kLargestSize = std::int64_t{1} << 53U;

double seconds_per_unit(const JsonCursor& row) {
    const auto unit = row.find("time_unit");
    if (!unit) return 1e-9;
    const std::string name = unit->text();
    if (name == "ns") return 1e-9;
    if (name == "us") return 1e-6;
    if (name == "ms") return 1e-3;
    if (name == "s") return 1;
    unit->refuse(fmt::format("'time_unit' is {}, expected ns, us, ms or s", quoted_for_message(name)));
}

std::string text_or_empty(const JsonCursor& object, std::string_view key) {
    const auto found = object.find(key);
    return found ? found->text() : "";
}

bool is_true(const JsonCursor& object, std::string_view key) {
    const auto found = object.find(key);
    return found && found->boolean();
}

std::string file_name_of(const std::string& path) { return path.substr(path.find_last_of("/\\") + 1); }

/// Cores and caches: what a machine is, without what changes from one container or moment to the next.
std::string hardware_of(const JsonCursor& context) {
    std::string text;
    if (const auto cpus = context.find("num_cpus")) text = fmt::format("{} cpus", cpus->integer(1, kMostRepetitions));
    std::vector<std::int64_t> sizes;
    if (const auto caches = context.find("caches")) {
        for (const JsonCursor& cache : caches->elements()) sizes.push_back(cache.at("size").integer(0, kLargestSize));
    }
    if (!sizes.empty()) text += fmt::format(", caches {}", fmt::join(sizes, " "));
    return text;
}

/// What a file of aggregates says of one benchmark.
struct Aggregates {
    std::optional<double> wall_middle;
    std::optional<double> cpu_middle;
    bool middle_is_median = false;
};

class GoogleBenchmarkReader {
public:
    BenchmarkTimings read(const JsonCursor& root) {
        const JsonCursor context = root.at("context");
        timings_.tool = "Google Benchmark";
        timings_.program = file_name_of(text_or_empty(context, "executable"));
        timings_.hardware = hardware_of(context);
        timings_.date_utc = text_or_empty(context, "date");
        const JsonCursor rows = root.at("benchmarks");
        for (const JsonCursor& row : rows.elements()) take(row);
        add_aggregates();
        return std::move(timings_);
    }

private:
    void take(const JsonCursor& row) {
        const JsonCursor name = row.at("name");
        if (is_true(row, "error_occurred")) {
            name.refuse(fmt::format("benchmark {} failed ({}): its time says nothing", quoted_for_message(name.text()),
                                    text_or_empty(row, "error_message")));
        }
        if (is_true(row, "skipped")) return;
        const auto run_name = row.find("run_name");
        const std::string benchmark = run_name ? run_name->text() : name.text();
        const std::string type = text_or_empty(row, "run_type");
        if (type == "aggregate") {
            take_aggregate(row, benchmark);
        } else {
            BenchmarkTiming& timing = find_or_add(benchmark);
            const double unit = seconds_per_unit(row);
            timing.wall.push_back(unit * row.at("real_time").number(0));
            timing.cpu.push_back(unit * row.at("cpu_time").number(0));
        }
    }

    void take_aggregate(const JsonCursor& row, const std::string& benchmark) {
        const std::string what = text_or_empty(row, "aggregate_name");
        if (what != "mean" && what != "median") return;
        if (!aggregates_.contains(benchmark)) order_.push_back(benchmark);
        Aggregates& all = aggregates_[benchmark];
        const double unit = seconds_per_unit(row);
        if (what == "mean" && all.middle_is_median) return;
        all.wall_middle = unit * row.at("real_time").number(0);
        all.cpu_middle = unit * row.at("cpu_time").number(0);
        all.middle_is_median = what == "median";
    }

    void add_aggregates() {
        for (const std::string& name : order_) {
            const Aggregates& all = aggregates_.at(name);
            if (places_.contains(name) || !all.wall_middle) continue;
            BenchmarkTiming& timing = find_or_add(name);
            timing.wall = {*all.wall_middle};
            timing.cpu = {*all.cpu_middle};
        }
    }

    BenchmarkTiming& find_or_add(const std::string& name) {
        const auto [found, is_new] = places_.try_emplace(name, timings_.benchmarks.size());
        if (is_new) {
            timings_.benchmarks.emplace_back();
            timings_.benchmarks.back().name = name;
        }
        return timings_.benchmarks[found->second];
    }

    BenchmarkTimings timings_;
    std::map<std::string, std::size_t> places_;
    std::map<std::string, Aggregates> aggregates_;
    std::vector<std::string> order_;
};

void check_statuses(const JsonCursor& result, const std::string& name) {
    const auto codes = result.find("exit_codes");
    if (!codes || codes->is_null()) return;
    std::optional<std::int64_t> first;
    for (const JsonCursor& code : codes->elements()) {
        if (code.is_null()) code.refuse(fmt::format("a run of {} was killed", quoted_for_message(name)));
        const std::int64_t status = code.integer();
        if (first && *first != status) {
            code.refuse(fmt::format("runs of {} ended with different statuses, {} and {}: their times say nothing",
                                    quoted_for_message(name), *first, status));
        }
        first = status;
    }
}

BenchmarkTimings read_hyperfine(const JsonCursor& root) {
    BenchmarkTimings timings;
    timings.tool = "hyperfine";
    timings.fresh_processes = true;
    for (const JsonCursor& result : root.at("results").elements()) {
        BenchmarkTiming timing;
        const JsonCursor command = result.at("command");
        timing.name = command.text();
        check_statuses(result, timing.name);
        for (const BenchmarkTiming& before : timings.benchmarks) {
            if (before.name != timing.name) continue;
            command.refuse(fmt::format("{} is there twice: give each its name (hyperfine --command-name)",
                                       quoted_for_message(timing.name)));
        }
        const JsonCursor times = result.at("times");
        for (const JsonCursor& time : times.elements()) timing.wall.push_back(time.number(0));
        if (timing.wall.empty()) times.refuse("'times' is empty, expected a run or more");
        timings.benchmarks.push_back(std::move(timing));
    }
    return timings;
}

/// The first key of a JSON object; "" where the text is none.
std::string_view first_key(std::string_view text) {
    const auto skip_blanks = [&] { text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size())); };
    skip_blanks();
    if (!text.starts_with('{')) return "";
    text.remove_prefix(1);
    skip_blanks();
    if (!text.starts_with('"')) return "";
    text.remove_prefix(1);
    const std::size_t end = text.find('"');
    return end == std::string_view::npos ? "" : text.substr(0, end);
}

}  // namespace

bool looks_like_benchmarks(std::string_view text) {
    const std::string_view key = first_key(text);
    return key == "context" || key == "results";
}

BenchmarkTimings read_benchmarks(std::string_view text, const std::string& file) {
    const JsonDocument document = read_json(text, file);
    const JsonCursor root = document.root();
    BenchmarkTimings timings = root.find("results") ? read_hyperfine(root) : GoogleBenchmarkReader().read(root);
    if (timings.benchmarks.empty()) throw InputError(file, 1, "has no benchmark that was timed");
    return timings;
}

}  // namespace carbonedge
