#include "lib/report/sampled_rounds.h"

#include "lib/base/quantile.h"

#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

constexpr double kFreeShare = 0.95;  // CPU time / wall time of a pass that had its CPU to itself
constexpr double kLowerQuartile = 0.25;

bool is_free(const SampledPasses& passes, std::size_t pass, int threads) {
    if (threads > 1) return true;
    return static_cast<double>(passes.whole_cpu[pass].count()) >=
           kFreeShare * static_cast<double>(passes.whole[pass].count());
}

double quantile_of(std::vector<double> values, double probability) {
    std::sort(values.begin(), values.end());
    return quantile(values, probability);
}

double seconds(Nanoseconds time) { return to_seconds(time).count(); }

/// Median over the passes that count.
double middle(const SampledPasses& passes, const std::vector<Nanoseconds>& times, bool all, int threads) {
    std::vector<double> values;
    for (std::size_t i = 0; i < times.size(); ++i) {
        if (all || is_free(passes, i, threads)) values.push_back(seconds(times[i]));
    }
    return values.empty() ? 0 : quantile_of(std::move(values), 0.5);
}

/// Middle of the ratios to the reference, pass by pass where both count.
double middle_ratio(const SampledPasses& passes, const SampledPasses& reference, bool by_cpu_time, int threads) {
    const auto& times = by_cpu_time ? passes.whole_cpu : passes.whole;
    const auto& others = by_cpu_time ? reference.whole_cpu : reference.whole;
    std::vector<double> ratios;
    for (std::size_t i = 0; i < std::min(times.size(), others.size()); ++i) {
        const bool counts = by_cpu_time || (is_free(passes, i, threads) && is_free(reference, i, threads));
        if (counts && others[i].count() > 0) ratios.push_back(seconds(times[i]) / seconds(others[i]));
    }
    return ratios.empty() ? 0 : quantile_of(std::move(ratios), 0.5);
}

}  // namespace

std::size_t undisturbed_passes(const SampledPasses& passes, int threads) {
    std::size_t free = 0;
    for (std::size_t i = 0; i < passes.whole.size(); ++i) free += is_free(passes, i, threads) ? 1 : 0;
    return free;
}

RoundValues round_values(const Samples& samples, std::size_t subject, bool by_cpu_time,
                         std::optional<std::size_t> reference) {
    const int threads = samples.subjects[subject].threads;
    RoundValues values;
    values.rows.resize(samples.subjects[subject].layers.size());
    values.shares.resize(values.rows.size());
    for (const SampleRound& round : samples.rounds) {
        const SampledPasses& passes = round.subjects[subject];
        const auto whole = [&](bool cpu) {
            const auto own = [&](const SampledPasses& one) {
                return middle(one, cpu ? one.whole_cpu : one.whole, cpu, threads);
            };
            if (!reference) return own(passes);
            const SampledPasses& other = round.subjects[*reference];
            const double ratio = middle_ratio(passes, other, cpu, threads);
            return ratio > 0 ? own(other) * ratio : own(passes);
        };
        values.latency.push_back(whole(by_cpu_time));
        values.cpu_time.push_back(whole(true));
        double sum = 0;
        for (std::size_t row = 0; row < passes.rows.size(); ++row) {
            std::vector<double> times;
            for (const Nanoseconds time : passes.rows[row]) times.push_back(seconds(time));
            values.rows[row].push_back(quantile_of(std::move(times), kLowerQuartile));
            sum += values.rows[row].back();
        }
        for (std::size_t row = 0; row < passes.rows.size(); ++row) {
            values.shares[row].push_back(sum > 0 ? values.rows[row].back() / sum : 0);
        }
    }
    return values;
}

}  // namespace carbonedge
