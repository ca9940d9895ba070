#include "lib/profiler/pass_statistics.h"

#include "lib/measure/statistics.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <numeric>
#include "lib/base/quantile.h"

namespace carbonedge {
namespace {

constexpr double kFreeShare = 0.95;
constexpr std::size_t kLeastFree = 6;  // fewer have no 95 % interval of their median
constexpr double kSumLimit = 0.05;
constexpr double kMarksLimit = 0.03;
constexpr double kShareAllowance = 0.05;

Nanoseconds whole_nanoseconds(double value) { return Nanoseconds(std::llround(value)); }

std::vector<double> shares(const std::vector<PassTime>& passes) {
    std::vector<double> values;
    for (const PassTime& pass : passes) values.push_back(pass.wall > 0 ? pass.cpu / pass.wall : 0);
    return values;
}

std::vector<bool> free_passes(const std::vector<PassTime>& passes, int threads) {
    std::vector<double> ascending = shares(passes);
    std::sort(ascending.begin(), ascending.end());
    const double reference = threads == 1 ? 1.0 : quantile(ascending, 0.9);
    std::vector<bool> free;
    for (const PassTime& pass : passes) free.push_back(is_undisturbed(pass, reference));
    return free;
}

std::size_t count(const std::vector<bool>& flags) {
    return static_cast<std::size_t>(std::count(flags.begin(), flags.end(), true));
}

template <class Value>
std::vector<double> chosen(const std::vector<Value>& passes, const std::vector<bool>& counts, double Value::*field) {
    std::vector<double> values;
    for (std::size_t i = 0; i < passes.size(); ++i) {
        if (counts[i]) values.push_back(passes[i].*field);
    }
    return values;
}

std::vector<double> chosen(const std::vector<double>& samples, const std::vector<bool>& counts) {
    std::vector<double> values;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        if (counts[i]) values.push_back(samples[i]);
    }
    return values;
}

}  // namespace

bool is_undisturbed(const PassTime& pass, double reference) { return pass.cpu >= kFreeShare * reference * pass.wall; }

PassFilter filter_disturbed(const PairedPasses& passes, int threads, bool limited) {
    PassFilter filter;
    filter.whole.assign(passes.whole.size(), true);
    filter.marked.assign(passes.marked.size(), true);
    if ((threads > 1 && !limited) || passes.whole.empty()) return filter;
    const std::vector<bool> whole = free_passes(passes.whole, threads);
    const std::vector<bool> marked = free_passes(passes.marked, threads);
    filter.excluded = passes.whole.size() - count(whole) + passes.marked.size() - count(marked);
    filter.by_cpu_time = count(whole) < kLeastFree || count(marked) < kLeastFree;
    if (!filter.by_cpu_time) {
        filter.whole = whole;
        filter.marked = marked;
    }
    return filter;
}

void fill_times(Profile& profile, const PairedPasses& passes, const PassFilter& filter, const PowerCurve& curve) {
    const auto time = filter.by_cpu_time ? &PassTime::cpu : &PassTime::wall;
    const SampleSummary whole = summarise(chosen(passes.whole, filter.whole, time));
    const double whole_cpu = summarise(chosen(passes.whole, filter.whole, &PassTime::cpu)).mean;
    profile.whole_median = whole_nanoseconds(whole.median);
    profile.whole_mean = whole_nanoseconds(whole.mean);
    profile.whole_cpu_mean = whole_nanoseconds(whole_cpu);

    std::vector<double> row_cpu;
    for (const std::vector<double>& samples : passes.row_cpu) row_cpu.push_back(summarise(samples).mean);
    const double all_rows = std::accumulate(row_cpu.begin(), row_cpu.end(), 0.0);
    for (std::size_t row = 0; row < profile.layers.size(); ++row) {
        LayerProfile& layer = profile.layers[row];
        const SampleSummary summary =
            summarise(filter.by_cpu_time ? passes.row_cpu[row] : chosen(passes.rows[row], filter.marked));
        layer.latency_median = whole_nanoseconds(summary.median);
        layer.latency_q1 = whole_nanoseconds(summary.q1);
        layer.latency_q3 = whole_nanoseconds(summary.q3);
        layer.latency_min = whole_nanoseconds(summary.min);
        layer.latency_mean = whole_nanoseconds(summary.mean);
        layer.samples = static_cast<std::int64_t>(summary.count);
        layer.cpu_mean = whole_nanoseconds(all_rows > 0 ? whole_cpu * row_cpu[row] / all_rows : 0);
        layer.energy = estimate_energy(to_seconds(layer.cpu_mean), curve);
    }
}

std::vector<ProfileCheck> check_passes(const Profile& profile, const PairedPasses& passes, const PassFilter& filter) {
    double rows = 0;
    for (const LayerProfile& layer : profile.layers) rows += static_cast<double>(layer.latency_median.count());
    const double ratio = rows / static_cast<double>(profile.whole_median.count());
    const double value = std::abs(ratio - 1);
    std::vector<ProfileCheck> checks;
    checks.push_back({"sum-of-layers", value, kSumLimit, value <= kSumLimit,
                      fmt::format("sum of layer medians / median of the whole = {:.4f}", ratio)});

    // One of the pair free and the other not compares nothing; CPU times compare always, with one thread.
    std::vector<double> by_wall;
    std::vector<double> by_cpu;
    for (std::size_t i = 0; i < passes.whole.size(); ++i) {
        by_cpu.push_back(passes.marked[i].cpu / passes.whole[i].cpu - 1);
        if (filter.whole[i] && filter.marked[i]) by_wall.push_back(passes.marked[i].wall / passes.whole[i].wall - 1);
    }
    const bool use_cpu = filter.by_cpu_time || by_wall.size() < kLeastFree;
    const double overhead = std::abs(median(use_cpu ? by_cpu : by_wall));
    checks.push_back({"marks-overhead", overhead, kMarksLimit, overhead <= kMarksLimit,
                      fmt::format("median over {} pairs of marked / unmarked {} time - 1",
                                  use_cpu ? by_cpu.size() : by_wall.size(), use_cpu ? "cpu" : "wall")});

    // Where the passes had to wait for their CPU, wall time says nothing; a library's spinning threads still show as
    // CPU time beyond that of the thread that runs the model.
    const bool by_own = filter.by_cpu_time && profile.threads == 1;
    double cpu = 0;
    double base = 0;
    for (std::size_t i = 0; i < passes.whole.size(); ++i) {
        if (!filter.whole[i]) continue;
        cpu += passes.whole[i].cpu;
        base += by_own ? passes.whole[i].own_cpu : passes.whole[i].wall;
    }
    const double limit = profile.threads + kShareAllowance;
    const double share = base > 0 ? cpu / base : 0;
    checks.push_back({"cpu-share", share, limit, share <= limit,
                      by_own ? "CPU time of the process / of the thread that runs the model, unmarked passes"
                             : "CPU time / wall time of the unmarked passes"});
    return checks;
}

}  // namespace carbonedge
