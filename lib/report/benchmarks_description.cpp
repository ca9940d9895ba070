#include "lib/base/quantile.h"
#include "lib/report/descriptions.h"

#include <fmt/format.h>
#include <algorithm>

namespace carbonedge {
namespace {

Cell time_cell(double seconds) { return to_nanoseconds(Seconds(seconds)); }

void set_times(TableRow& row, const std::vector<double>& values) {
    std::vector<double> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    row.set("wall_median", time_cell(quantile(sorted, 0.5)));
    if (sorted.size() < 2) return;
    row.set("wall_q1", time_cell(quantile(sorted, 0.25)));
    row.set("wall_q3", time_cell(quantile(sorted, 0.75)));
    row.set("wall_min", time_cell(sorted.front()));
}

std::vector<std::string> opening(const BenchmarkTimings& timings) {
    std::size_t fewest = timings.benchmarks.front().wall.size();
    for (const BenchmarkTiming& timing : timings.benchmarks) fewest = std::min(fewest, timing.wall.size());
    const std::string of = timings.program.empty() ? "" : fmt::format(" of {}", timings.program);
    const std::string sure =
        fewest < 2 ? "Each was timed once, or the file has only the middle: how sure that is cannot be seen."
                   : fmt::format("Each was timed {} times or more; {}.", fewest,
                                 timings.fresh_processes ? "each time was a process of its own"
                                                         : "all in one process, which hides what differs between two");
    return {fmt::format("{} timed {} benchmark{}{}.", timings.tool, timings.benchmarks.size(),
                        timings.benchmarks.size() == 1 ? "" : "s", of),
            "What they emit is not known: the file has no joules.", sure};
}

}  // namespace

Document describe_benchmarks(const BenchmarkTimings& timings) {
    Document document{"benchmarks", fmt::format("Benchmarks by {}", timings.tool), {}, {}, {}};
    FactList facts{"measurement", "", {}};
    facts.add("tool", "tool", Unit::kText, timings.tool);
    if (!timings.program.empty()) facts.add("program", "program", Unit::kText, timings.program);
    if (!timings.hardware.empty()) facts.add("hardware", "hardware", Unit::kText, timings.hardware);
    if (!timings.date_utc.empty()) facts.add("date", "date", Unit::kText, timings.date_utc);
    document.sections.emplace_back(std::move(facts));
    Table table{"benchmarks", "Benchmarks", {}, {}, {}};
    table.columns = {{"name", "name", Unit::kText, "", false},
                     {"times", "times", Unit::kCount, "", false},
                     {"wall_median", "median", Unit::kTime, "wall", false},
                     {"wall_q1", "quartile", Unit::kTime, "wall", false},
                     {"wall_q3", "quartile", Unit::kTime, "wall", false},
                     {"wall_min", "least", Unit::kTime, "wall", false},
                     {"cpu_median", "CPU time", Unit::kTime, "wall", false}};
    for (const BenchmarkTiming& timing : timings.benchmarks) {
        TableRow row(table);
        row.set("name", timing.name);
        row.set("times", static_cast<std::int64_t>(timing.wall.size()));
        set_times(row, timing.wall);
        if (!timing.cpu.empty()) {
            std::vector<double> sorted = timing.cpu;
            std::sort(sorted.begin(), sorted.end());
            row.set("cpu_median", time_cell(quantile(sorted, 0.5)));
        }
        row.add();
    }
    document.sections.emplace_back(std::move(table));
    document.opening = opening(timings);
    return document;
}

}  // namespace carbonedge
