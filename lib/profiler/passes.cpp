#include "lib/profiler/passes.h"

#include "lib/measure/clocks.h"

#include <algorithm>
#include <chrono>

namespace carbonedge {
namespace {

using namespace std::chrono_literals;

constexpr int kLeastWarmPasses = 3;
constexpr Nanoseconds kLeastWarmTime = 200ms;
constexpr std::size_t kLeastCpuPasses = 5;
constexpr std::size_t kMostCpuPasses = 30;

}  // namespace

PassTime timed_pass(const std::function<void()>& work) {
    const Nanoseconds own = thread_cpu_time();
    const Nanoseconds cpu = process_cpu_time();
    const Nanoseconds wall = raw_time();
    work();
    const Nanoseconds wall_end = raw_time();
    const Nanoseconds cpu_end = process_cpu_time();
    const Nanoseconds own_end = thread_cpu_time();
    return {static_cast<double>((wall_end - wall).count()), static_cast<double>((cpu_end - cpu).count()),
            static_cast<double>((own_end - own).count())};
}

void warm_up(Model& model, const ProfilerProgress& progress) {
    const Nanoseconds start = raw_time();
    for (int pass = 0; pass < kLeastWarmPasses || raw_time() - start < kLeastWarmTime; ++pass) {
        progress("warming up", 0);
        model.run_once();
        model.run_marked();
    }
}

PairedPasses take_paired_passes(Model& model, StoppingCriterion& rule, const ProfilerProgress& progress) {
    PairedPasses passes;
    passes.rows.resize(model.layers().size());
    TimedPass marked;
    const auto take_whole = [&] { passes.whole.push_back(timed_pass([&] { model.run_once(); })); };
    const auto take_marked = [&] { passes.marked.push_back(timed_pass([&] { marked = model.run_marked(); })); };

    rule.initialize();
    const Nanoseconds start = raw_time();
    while (!rule.is_finished()) {
        progress("timing layers", 0);
        if (passes.whole.size() % 2 == 0) {
            take_whole();
            take_marked();
        } else {
            take_marked();
            take_whole();
        }
        passes.marked.back().wall = static_cast<double>(marked.whole.count());
        for (std::size_t row = 0; row < passes.rows.size(); ++row) {
            passes.rows[row].push_back(static_cast<double>(marked.rows[row].count()));
        }
        rule.add(Nanoseconds(static_cast<std::int64_t>(passes.whole.back().wall)), raw_time() - start);
    }
    passes.outcome = rule.outcome();

    const std::size_t cpu_passes = std::clamp(passes.whole.size(), kLeastCpuPasses, kMostCpuPasses);
    passes.row_cpu.resize(passes.rows.size());
    for (std::size_t pass = 0; pass < cpu_passes; ++pass) {
        progress("timing cpu", 0);
        const TimedPass with_cpu = model.run_marked(true);
        for (std::size_t row = 0; row < passes.rows.size(); ++row) {
            passes.row_cpu[row].push_back(static_cast<double>(with_cpu.cpu[row].count()));
        }
    }
    return passes;
}

}  // namespace carbonedge
