// What other tools timed: JSON of Google Benchmark and hyperfine. What is read has a time for each benchmark.
#include "lib/base/errors.h"
#include "lib/report/benchmark_file.h"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    try {
        const BenchmarkTimings timings = read_benchmarks(text, "fuzz");
        if (timings.benchmarks.empty()) std::abort();
        for (const BenchmarkTiming& timing : timings.benchmarks) {
            if (timing.wall.empty()) std::abort();
            for (const double seconds : timing.wall) {
                if (!(seconds >= 0)) std::abort();
            }
        }
    } catch (const InputError&) {
    }
    return 0;
}
