#include "benchmarks/gate_study/trials.h"

#include "lib/base/random.h"
#include "lib/gate/judge.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <map>
#include <numeric>

namespace carbonedge {
namespace {

using Rounds = std::vector<const RecordedRound*>;

double mean_of(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double variance_of(const std::vector<double>& values) {
    const double centre = mean_of(values);
    double squares = 0;
    for (const double value : values) squares += (value - centre) * (value - centre);
    return squares / static_cast<double>(values.size() - 1);
}

/// Welch's t-test: is `after` larger?
bool t_test_claims(const std::vector<double>& before, const std::vector<double>& after, double tail) {
    if (before.size() < 2 || after.size() < 2) return false;
    const double a = variance_of(before) / static_cast<double>(before.size());
    const double b = variance_of(after) / static_cast<double>(after.size());
    if (a + b <= 0) return false;
    const double t = (mean_of(after) - mean_of(before)) / std::sqrt(a + b);
    const double freedom =
        (a + b) * (a + b) /
        (a * a / static_cast<double>(before.size() - 1) + b * b / static_cast<double>(after.size() - 1));
    const boost::math::students_t student(freedom);
    return boost::math::cdf(boost::math::complement(student, t)) <= tail;
}

void judge_others(const Rounds& before, const Rounds& after, double factor, const GateRules& rules,
                  TrialCounts& counts) {
    std::vector<double> old_rounds;
    std::vector<double> new_rounds;
    std::vector<double> old_passes;
    std::vector<double> new_passes;
    for (const RecordedRound* round : before) {
        old_rounds.push_back(baseline_value(*round));
        old_passes.insert(old_passes.end(), round->baseline_passes.begin(), round->baseline_passes.end());
    }
    for (const RecordedRound* round : after) {
        new_rounds.push_back(factor * current_value(*round));
        for (const double pass : round->current_passes) new_passes.push_back(factor * pass);
    }
    const double limit = rules.limits.front().limit.relative;
    const double tail = (1 - rules.confidence) / 2;
    counts.ratio += mean_of(new_passes) / mean_of(old_passes) > 1 + limit ? 1 : 0;
    counts.t_of_rounds += t_test_claims(old_rounds, new_rounds, tail) ? 1 : 0;
    counts.t_of_passes += t_test_claims(old_passes, new_passes, tail) ? 1 : 0;
}

void judge_gate(const EvidencePair& pair, const GateRules& rules, TrialCounts& counts) {
    const GateVerdict verdict = judge(pair, rules, {});
    const bool total = verdict.findings.front().outcome == GateOutcome::kRegression;
    counts.gate += total ? 1 : 0;
    counts.gate_open += verdict.findings.front().outcome == GateOutcome::kInconclusive ? 1 : 0;
    counts.gate_layer += verdict.outcome == GateOutcome::kRegression ? 1 : 0;
}

Rounds drawn(const Rounds& rounds, std::size_t count, SeededRandom& random) {
    Rounds all = rounds;
    for (std::size_t i = 0; i < count; ++i) std::swap(all[i], all[i + random.below(all.size() - i)]);
    all.resize(count);
    return all;
}

}  // namespace

TrialCounts run_trials(const Recording& recording, const std::vector<const RecordedRound*>& rounds, TrialKind kind,
                       std::size_t units, double factor, std::size_t trials, bool with_layers, const GateRules& rules,
                       std::uint64_t seed) {
    TrialCounts counts;
    SeededRandom random(seed);
    for (; counts.trials < trials; ++counts.trials) {
        if (kind == TrialKind::kInterleaved) {
            const Rounds chosen = drawn(rounds, units, random);
            judge_others(chosen, chosen, factor, rules, counts);
            judge_gate(interleaved_pair(recording, chosen, factor, with_layers), rules, counts);
            continue;
        }
        // Two stretches of successive rounds that do not touch, in either order.
        const std::size_t last = rounds.size() - units;
        std::size_t first = random.below(last + 1);
        std::size_t second = random.below(last + 1);
        while ((first > second ? first - second : second - first) < 2 * units) second = random.below(last + 1);
        const auto stretch = [&](std::size_t from) {
            return Rounds(rounds.begin() + static_cast<std::ptrdiff_t>(from),
                          rounds.begin() + static_cast<std::ptrdiff_t>(from + units));
        };
        const Rounds before = stretch(first);
        const Rounds after = stretch(second);
        judge_others(before, after, factor, rules, counts);
        judge_gate(separate_pair(before, after, factor), rules, counts);
    }
    return counts;
}

TrialCounts history_trials(const std::vector<const RecordedRound*>& rounds, std::size_t past, double factor,
                           std::size_t trials, const GateRules& rules, std::uint64_t seed) {
    std::map<std::string, Rounds> sessions;
    for (const RecordedRound* round : rounds) sessions[round->run].push_back(round);
    std::vector<const Rounds*> all;
    for (const auto& [run, session] : sessions) all.push_back(&session);
    TrialCounts counts;
    SeededRandom random(seed);
    for (; counts.trials < trials; ++counts.trials) {
        for (std::size_t i = 0; i <= past; ++i) std::swap(all[i], all[i + random.below(all.size() - i)]);
        EvidencePair pair;
        pair.baseline_spans_sessions = true;
        for (std::size_t i = 0; i < past; ++i) {
            pair.baseline.push_back(separate_pair(*all[i], *all[i], 1).baseline.front());
        }
        pair.current.push_back(separate_pair(*all[past], *all[past], factor).current.front());
        judge_gate(pair, rules, counts);
    }
    return counts;
}

Share share_of(std::size_t count, std::size_t trials) {
    using boost::math::binomial_distribution;
    constexpr double kTail = 0.025;
    const auto n = static_cast<double>(trials);
    const auto k = static_cast<double>(count);
    return {k / n, count == 0 ? 0 : binomial_distribution<>::find_lower_bound_on_p(n, k, kTail),
            count == trials ? 1 : binomial_distribution<>::find_upper_bound_on_p(n, k, kTail)};
}

}  // namespace carbonedge
