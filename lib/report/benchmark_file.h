#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// One benchmark of a file, in seconds of one iteration or run.
struct BenchmarkTiming {
    std::string name;
    std::vector<double> wall;  ///< one a repetition (Google Benchmark) or run (hyperfine), in order; not empty
    std::vector<double> cpu;   ///< the same of CPU time; empty: not known

    bool operator==(const BenchmarkTiming&) const = default;
};

/// What other tools timed: the JSON of Google Benchmark (--benchmark_out) or hyperfine (--export-json).
struct BenchmarkTimings {
    std::string tool;              ///< "Google Benchmark", "hyperfine"
    std::string program;           ///< file name of the executable; "" where the file has none
    std::string hardware;          ///< "2 cpus, caches 32768 524288"; "" where the file has none
    std::string date_utc;          ///< as the file has it; "" where it has none
    bool fresh_processes = false;  ///< each value is a process of its own, not a repetition in one
    std::vector<BenchmarkTiming> benchmarks;

    bool operator==(const BenchmarkTimings&) const = default;
};

/// Whether a text begins as the JSON of one of these tools.
bool looks_like_benchmarks(std::string_view text);

/// Reads either. Where Google Benchmark repeated, its iterations are taken and its aggregates not; a file of aggregates
/// alone gives their median (or mean). Benchmarks that the program skipped are left out. Refuses a
/// benchmark that failed and one whose runs ended with different statuses, since their times say nothing. Throws
/// InputError with file and line.
BenchmarkTimings read_benchmarks(std::string_view text, const std::string& file);

}  // namespace carbonedge
