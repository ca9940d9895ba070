#include "lib/profiler/split_fidelity.h"

#include "lib/base/quantile.h"
#include "lib/profiler/boundary_fit.h"
#include "lib/profiler/equality_check.h"
#include "lib/profiler/stage_chain.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <map>

namespace carbonedge {
namespace {

constexpr double kLeastStage = 1e6;  // nanoseconds; shorter stages are ruled by the clock and the caches
constexpr double kPredictionLimit = 0.10;
constexpr double kChainLimit = 0.03;

double rows_between(const Profile& profile, const LayerRange& range) {
    double sum = 0;
    for (std::size_t row = range.first; row < range.end; ++row) {
        sum += static_cast<double>(profile.layers[row].latency_median.count());
    }
    return sum;
}

class Splitter {
public:
    Splitter(Model& model, const Profile& profile, const SplitOptions& options, const ProfilerProgress& progress)
        : model_(model), profile_(profile), options_(options), progress_(progress) {
        reference_ = model.run_reference(model.inputs());
    }

    /// Cuts are tried once; a cut that serves calibration and check alike keeps its figures.
    const SplitTrial& try_cut(const Cut& cut) {
        const auto known = trials_.find(cut.position);
        if (known != trials_.end()) return known->second;
        const std::vector<LayerRange> ranges{{0, cut.position}, {cut.position, profile_.layers.size()}};
        StageChain chain(model_, ranges, options_.folder);
        SplitTrial trial;
        trial.cut = cut;
        trial.difference = compare_outputs(reference_, chain.run(model_.inputs()));
        const ChainTimes times = time_chain(model_, chain, options_.pairs, options_.threads, quiet());
        for (std::size_t stage = 0; stage < 2; ++stage) {
            trial.rows_ns[stage] = rows_between(profile_, ranges[stage]);
            trial.measured_ns[stage] = times.stage_ratio[stage] * static_cast<double>(profile_.whole_median.count());
        }
        return trials_.emplace(cut.position, trial).first->second;
    }

    ProfileCheck chain_check(const std::vector<Cut>& cuts) {
        const std::vector<LayerRange> ranges = balanced_stages(profile_, cuts, options_.chain_stages);
        StageChain chain(model_, ranges, options_.folder);
        const std::size_t pairs = std::max(options_.pairs, options_.chain_pairs);
        const ChainTimes times = time_chain(model_, chain, pairs, options_.threads, quiet());
        const double value = std::abs(times.chain_ratio - 1);
        return {"chain-time", value, kChainLimit, value <= kChainLimit,
                fmt::format("{} stages / whole = {:.4f} [{:.4f}, {:.4f}], median of {} alternated pairs, {} time",
                            ranges.size(), times.chain_ratio, times.chain_ratio_low, times.chain_ratio_high,
                            times.pairs, times.by_cpu_time ? "cpu" : "wall")};
    }

private:
    /// A user may stop between passes; the share done is told cut by cut.
    [[nodiscard]] ProfilerProgress quiet() const {
        return [this](const std::string&, double) { progress_("splitting", -1); };
    }

    Model& model_;
    const Profile& profile_;
    const SplitOptions& options_;
    const ProfilerProgress& progress_;
    std::vector<HostTensor> reference_;
    std::map<std::size_t, SplitTrial> trials_;
};

BoundaryCost calibrate(const std::vector<SplitTrial>& trials) {
    std::vector<BoundarySample> samples;
    for (const SplitTrial& trial : trials) {
        for (std::size_t stage = 0; stage < 2; ++stage) {
            samples.push_back({1, static_cast<double>(trial.cut.bytes.value()),
                               trial.measured_ns[stage] - trial.rows_ns[stage], trial.measured_ns[stage]});
        }
    }
    return fit_boundary(samples);
}

/// "rows 0 to 11 predicted 1.23 ms, measured 1.45 ms" of the stage with the largest error.
std::string worst_stage_text(const SplitFidelity& result, std::size_t rows) {
    double worst = -1;
    std::string text;
    for (const SplitTrial& trial : result.trials) {
        for (std::size_t stage = 0; stage < 2; ++stage) {
            const double measured = trial.measured_ns[stage];
            const double predicted = predicted_ns(trial, stage, result.boundary);
            const double error = std::abs(predicted / measured - 1);
            if (measured < kLeastStage || error <= worst) continue;
            worst = error;
            text = fmt::format("rows {} to {} predicted {}, measured {}", stage == 0 ? 0 : trial.cut.position,
                               (stage == 0 ? trial.cut.position : rows) - 1, duration_text(Seconds(predicted * 1e-9)),
                               duration_text(Seconds(measured * 1e-9)));
        }
    }
    return text;
}

void add_prediction_checks(SplitFidelity& result, std::size_t rows) {
    std::vector<double> errors = prediction_errors(result.trials, result.boundary);
    if (errors.empty()) {
        result.warnings.push_back("stage prediction not checked: no stage of at least 1 ms");
        return;
    }
    std::sort(errors.begin(), errors.end());
    const double p90 = quantile(errors, 0.9);
    result.checks.push_back({"stage-prediction-p90", p90, kPredictionLimit, p90 <= kPredictionLimit,
                             fmt::format("|predicted / measured - 1| over {} stages of at least 1 ms at {} cuts",
                                         errors.size(), result.trials.size())});
    result.checks.push_back({"stage-prediction-worst", errors.back(), kPredictionLimit,
                             errors.back() <= kPredictionLimit, worst_stage_text(result, rows)});
}

/// A wrong output outweighs one that cannot be judged, and that one an equal one.
bool is_worse(const OutputDifference& left, const OutputDifference& right) {
    const auto wrong = [](const OutputDifference& one) { return one.conclusive && !(one.relative <= kEqualOutputs); };
    if (wrong(left) || wrong(right)) return wrong(left) && (!wrong(right) || left.relative > right.relative);
    if (left.conclusive != right.conclusive) return !left.conclusive;
    return left.relative > right.relative;
}

void add_equality_check(SplitFidelity& result, const std::vector<SplitTrial>& trials) {
    const SplitTrial* worst = &trials.front();
    for (const SplitTrial& trial : trials) {
        if (is_worse(trial.difference, worst->difference)) worst = &trial;
    }
    result.checks.push_back(equality_check(
        "chain-equality", worst->difference,
        fmt::format("two chained stages at {} cuts, the worst at cut {}", trials.size(), worst->cut.position)));
}

}  // namespace

double predicted_ns(const SplitTrial& trial, std::size_t stage, const BoundaryCost& cost) {
    return trial.rows_ns[stage] + cost.fixed_ns + cost.per_byte_ns * static_cast<double>(trial.cut.bytes.value());
}

std::vector<double> prediction_errors(const std::vector<SplitTrial>& trials, const BoundaryCost& cost) {
    std::vector<double> errors;
    for (const SplitTrial& trial : trials) {
        for (std::size_t stage = 0; stage < 2; ++stage) {
            if (trial.measured_ns[stage] < kLeastStage) continue;
            errors.push_back(std::abs(predicted_ns(trial, stage, cost) / trial.measured_ns[stage] - 1));
        }
    }
    return errors;
}

SplitFidelity measure_split_fidelity(Model& model, const Profile& profile, const SplitOptions& options,
                                     const ProfilerProgress& progress) {
    SplitFidelity result;
    const std::vector<Cut> legal = inner_legal_cuts(profile);
    if (legal.empty()) {
        result.warnings.push_back("boundary cost not calibrated: the network has no legal cut inside");
        return result;
    }
    const std::vector<Cut> calibration = spread_by_bytes(legal, options.calibration_cuts);
    const std::vector<Cut> checked = spread_by_position(legal, options.check_cuts.value_or(legal.size()), calibration);

    Splitter splitter(model, profile, options, progress);
    const double total = static_cast<double>(calibration.size() + checked.size() + 1);
    double done = 0;
    std::vector<SplitTrial> fitted;
    for (const Cut& cut : calibration) {
        progress(fmt::format("calibrating cut {}", cut.position), done++ / total);
        fitted.push_back(splitter.try_cut(cut));
    }
    result.boundary = calibrate(fitted);
    for (const Cut& cut : checked) {
        progress(fmt::format("checking cut {}", cut.position), done++ / total);
        result.trials.push_back(splitter.try_cut(cut));
    }
    std::vector<SplitTrial> all = fitted;
    all.insert(all.end(), result.trials.begin(), result.trials.end());
    add_equality_check(result, all);
    if (checked.empty()) return result;
    add_prediction_checks(result, profile.layers.size());
    if (static_cast<double>(profile.whole_median.count()) < kLeastStage * static_cast<double>(options.chain_stages)) {
        result.warnings.push_back("chain time not checked: its stages would take less than 1 ms");
        return result;
    }
    progress("timing the chain", done / total);
    result.checks.push_back(splitter.chain_check(legal));
    return result;
}

}  // namespace carbonedge
