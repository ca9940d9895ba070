#include "lib/gate/decision.h"

#include "lib/base/quantile.h"
#include "lib/gate/block_bootstrap.h"
#include "lib/gate/randomisation.h"
#include "lib/gate/rank_intervals.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <numeric>

namespace carbonedge {
namespace {

constexpr std::size_t kResamples = 2000;
constexpr std::size_t kLeastForPrediction = 5;
/// Sessions stray further than a normal distribution lets them: however many there are, the tails of Student's t with
/// this many degrees of freedom are kept (docs/gate.md).
constexpr double kMostFreedom = 5;
constexpr std::size_t kHopeless = 1000;  // runs more that nobody takes
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Logarithms of current / baseline: the estimate, its bounds by the claims' confidence and by that of a pass, and the
/// p-values of claims.
struct Shift {
    double estimate = 0;
    std::optional<double> low;
    std::optional<double> high;
    std::optional<double> pass_low;
    std::optional<double> pass_high;
    std::optional<double> p_increase;
    std::optional<double> p_decrease;
};

double relative(double log_ratio) { return std::expm1(log_ratio); }

double median_of(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return quantile(values, 0.5);
}

double mean_of(std::span<const double> values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::vector<double> logarithms(std::span<const double> values) {
    std::vector<double> logs;
    for (const double value : values) logs.push_back(std::log(value));
    return logs;
}

bool all_positive(const MeasuredSide& side) {
    return !side.units.empty() && std::all_of(side.units.begin(), side.units.end(), [](double v) { return v > 0; }) &&
           std::all_of(side.samples.begin(), side.samples.end(), [](double v) { return v > 0; });
}

struct Tails {
    double claim = 0.005;
    double pass = 0.05;
};

Tails tails_of(const GateRules& rules) { return {(1 - rules.confidence) / 2, 1 - rules.pass_confidence}; }

void set_bounds(Shift& shift, const RankEstimate& claim, const RankEstimate& pass) {
    shift.estimate = claim.estimate;
    shift.low = claim.low;
    shift.high = claim.high;
    shift.pass_low = pass.low;
    shift.pass_high = pass.high;
}

std::vector<Shift> interleaved_shifts(std::span<const ComparedQuantity> family, Tails tails, std::uint64_t seed) {
    std::vector<std::vector<double>> differences;
    std::vector<Shift> shifts(family.size());
    for (std::size_t q = 0; q < family.size(); ++q) {
        std::vector<double> each;
        for (std::size_t r = 0; r < family[q].baseline.units.size(); ++r) {
            each.push_back(std::log(family[q].current.units[r] / family[q].baseline.units[r]));
        }
        set_bounds(shifts[q], signed_rank_estimate(each, tails.claim), signed_rank_estimate(each, tails.pass));
        differences.push_back(std::move(each));
    }
    const FamilyEvidence evidence = sign_flip_evidence(differences, seed);
    for (std::size_t q = 0; q < family.size(); ++q) {
        shifts[q].p_increase = evidence.increase[q];
        shifts[q].p_decrease = evidence.decrease[q];
    }
    return shifts;
}

std::vector<Shift> repeated_shifts(std::span<const ComparedQuantity> family, Tails tails, std::uint64_t seed) {
    std::vector<std::vector<double>> before;
    std::vector<std::vector<double>> after;
    std::vector<Shift> shifts(family.size());
    for (std::size_t q = 0; q < family.size(); ++q) {
        before.push_back(logarithms(family[q].baseline.units));
        after.push_back(logarithms(family[q].current.units));
        set_bounds(shifts[q], rank_sum_estimate(before[q], after[q], tails.claim),
                   rank_sum_estimate(before[q], after[q], tails.pass));
    }
    const FamilyEvidence evidence = permutation_evidence(before, after, seed);
    for (std::size_t q = 0; q < family.size(); ++q) {
        shifts[q].p_increase = evidence.increase[q];
        shifts[q].p_decrease = evidence.decrease[q];
    }
    return shifts;
}

/// Where the mean of the next runs falls, foretold by the spread of the baseline's (Student's t on logarithms). A
/// Bonferroni correction: each run brings one number a quantity, which is nothing to permute.
Shift predicted_shift(const ComparedQuantity& quantity, Tails tails, std::size_t family_size) {
    const std::vector<double> before = logarithms(quantity.baseline.units);
    const std::vector<double> after = logarithms(quantity.current.units);
    const auto n = static_cast<double>(before.size());
    const double centre = mean_of(before);
    double squares = 0;
    for (const double value : before) squares += (value - centre) * (value - centre);
    const double error = std::sqrt(squares / (n - 1)) * std::sqrt(1 / n + 1 / static_cast<double>(after.size()));
    const boost::math::students_t student(std::min(n - 1, kMostFreedom));
    Shift shift;
    shift.estimate = mean_of(after) - centre;
    const double claim =
        boost::math::quantile(boost::math::complement(student, tails.claim / static_cast<double>(family_size)));
    const double pass = boost::math::quantile(boost::math::complement(student, tails.pass));
    shift.low = shift.estimate - claim * error;
    shift.high = shift.estimate + claim * error;
    shift.pass_low = shift.estimate - pass * error;
    shift.pass_high = shift.estimate + pass * error;
    return shift;
}

/// Standard error of the logarithm of a single run's value, from its samples in blocks, else as it states it; absent
/// where nothing is known.
std::optional<double> within_run_error(const MeasuredSide& side, std::uint64_t seed) {
    if (side.units.size() == 1 && side.samples.size() >= 6) {
        std::vector<double> medians = logarithms(bootstrap_medians(side.samples, kResamples, seed));
        const double centre = mean_of(medians);
        double squares = 0;
        for (const double value : medians) squares += (value - centre) * (value - centre);
        return std::sqrt(squares / static_cast<double>(medians.size()));
    }
    if (side.units.size() == 1 && side.standard_error > 0) return side.standard_error / side.units.front();
    if (side.units.size() < 2) return std::nullopt;
    const std::vector<double> logs = logarithms(side.units);
    const double centre = mean_of(logs);
    double squares = 0;
    for (const double value : logs) squares += (value - centre) * (value - centre);
    return std::sqrt(squares / static_cast<double>(logs.size() - 1) / static_cast<double>(logs.size()));
}

Shift single_shift(const ComparedQuantity& quantity, Tails tails, std::size_t family_size, std::uint64_t seed) {
    Shift shift;
    shift.estimate = std::log(median_of(quantity.current.units) / median_of(quantity.baseline.units));
    const auto before = within_run_error(quantity.baseline, seed);
    const auto after = within_run_error(quantity.current, seed + 1);
    if (!before || !after) return shift;
    const double error = std::hypot(*before, *after);
    const boost::math::normal normal;
    const double claim =
        boost::math::quantile(boost::math::complement(normal, tails.claim / static_cast<double>(family_size)));
    const double pass = boost::math::quantile(boost::math::complement(normal, tails.pass));
    shift.low = shift.estimate - claim * error;
    shift.high = shift.estimate + claim * error;
    shift.pass_low = shift.estimate - pass * error;
    shift.pass_high = shift.estimate + pass * error;
    return shift;
}

double noise_of(GateDesign design, const GateRules& rules) {
    switch (design) {
        case GateDesign::kSingle:
            return rules.noise_of_runs;
        case GateDesign::kRepeated:
        case GateDesign::kPredicted:
            return rules.noise_of_sessions;
        case GateDesign::kExact:
        case GateDesign::kInterleaved:
            break;
    }
    return 0;
}

std::string_view unit_word(GateDesign design) { return design == GateDesign::kInterleaved ? "rounds" : "runs"; }

/// "1 run", "8 rounds".
std::string counted(std::size_t units, GateDesign design) {
    const std::string_view word = unit_word(design);
    return fmt::format("{} {}", units, units == 1 ? word.substr(0, word.size() - 1) : word);
}

/// How many units more would bring a bound that is `half_width` from the estimate to within `room`.
std::optional<std::size_t> units_to_decide(std::size_t units, double half_width, double room) {
    if (room <= 0) return std::nullopt;
    const double factor = half_width / room;
    const double wanted = std::ceil(static_cast<double>(units) * factor * factor * 1.1);
    if (!(wanted < static_cast<double>(kHopeless))) return std::nullopt;
    return std::max<std::size_t>(1,
                                 static_cast<std::size_t>(wanted) - std::min(units, static_cast<std::size_t>(wanted)));
}

void explain_inconclusive(GateFinding& finding, const Shift& shift, GateDesign design, const GateRules& rules) {
    const std::size_t units = std::min(finding.baseline_units, finding.current_units);
    const GateDesign wanted = design == GateDesign::kInterleaved ? design : GateDesign::kRepeated;
    const std::size_t least = least_units(wanted, rules.confidence);
    if (!shift.low || !shift.high || (units < least && design != GateDesign::kPredicted)) {
        finding.more_units = least > units ? least - units : 1;
        finding.reason = fmt::format("{} a side cannot decide, at least {} are needed", counted(units, design), least);
        return;
    }
    const bool looks_worse = finding.change > finding.relative_limit;
    if (finding.noise > 0 &&
        (looks_worse ? finding.change <= finding.noise : finding.noise >= finding.relative_limit)) {
        finding.reason = fmt::format(
            "separate runs differ by up to {:g} % by themselves, as much as {}: measure both in turns (profile "
            "--against)",
            100 * finding.noise, looks_worse ? "this change" : "the limit");
        return;
    }
    const double room =
        looks_worse ? finding.change - finding.noise : finding.relative_limit - finding.noise - finding.change;
    const double half_width = looks_worse ? finding.change - relative(*shift.low)
                                          : relative(shift.pass_high.value_or(*shift.high)) - finding.change;
    finding.more_units = units_to_decide(units, half_width, room);
    finding.reason =
        finding.more_units
            ? fmt::format("the spread of {} {} is too wide; about {} more would decide", units, unit_word(design),
                          *finding.more_units)
            : fmt::format(
                  "the spread is far too wide, or the change about as large as the limit: more {} will hardly decide",
                  unit_word(design));
}

void classify(GateFinding& finding, const Shift& shift, GateDesign design, const GateRules& rules) {
    const double tail = tails_of(rules).claim;
    const double difference = finding.current - finding.baseline;
    const bool enough = std::abs(difference) > finding.absolute_floor;
    const auto sure = [&](const std::optional<double>& p_value) { return !p_value || *p_value <= tail; };
    const bool sure_worse = shift.low && relative(*shift.low) > finding.noise && sure(shift.p_increase);
    const bool sure_better = shift.high && relative(*shift.high) < -finding.noise && sure(shift.p_decrease);
    if (finding.change > finding.relative_limit && enough && sure_worse) {
        finding.outcome = GateOutcome::kRegression;
    } else if (finding.change < -finding.relative_limit && enough && sure_better) {
        finding.outcome = GateOutcome::kImprovement;
    } else {
        // A pass is a claim too: worse by the limit, or by the floor where that is more, can be ruled out.
        const double room = finding.baseline > 0
                                ? std::max(finding.relative_limit, finding.absolute_floor / finding.baseline)
                                : finding.relative_limit;
        const bool ruled_out = shift.pass_high && relative(*shift.pass_high) + finding.noise < room;
        // Among dozens of layers some are always too noisy for that, and the total covers them together: where one
        // limit is for all, a layer is open only if it looks worse by itself and the correction for all of them is in
        // the way.
        const bool looks_worse = finding.change > finding.relative_limit && difference > finding.absolute_floor &&
                                 shift.low && relative(*shift.low) > finding.noise;
        const bool one_of_many = finding.key.scope == GateScope::kLayer && !rules.is_named(finding.key) &&
                                 rules.limit_of({finding.key.metric, GateScope::kTotal, ""});
        const bool passes = ruled_out || (one_of_many && shift.low && !looks_worse);
        finding.outcome = passes ? GateOutcome::kPass : GateOutcome::kInconclusive;
        if (!passes) explain_inconclusive(finding, shift, design, rules);
    }
}

GateFinding exact_finding(const ComparedQuantity& quantity, const GateLimit& limit) {
    GateFinding finding;
    finding.key = quantity.key;
    finding.baseline = quantity.baseline.units.front();
    finding.current = quantity.current.units.front();
    finding.baseline_units = 1;
    finding.current_units = 1;
    finding.relative_limit = limit.relative;
    finding.absolute_floor = limit.floor;
    const double difference = finding.current - finding.baseline;
    finding.change = difference == 0         ? 0
                     : finding.baseline != 0 ? difference / finding.baseline
                     : difference > 0        ? kInfinity
                                             : -kInfinity;
    finding.change_low = finding.change;
    finding.change_high = finding.change;
    const bool enough = std::abs(difference) > limit.floor;
    finding.outcome = enough && finding.change > limit.relative    ? GateOutcome::kRegression
                      : enough && finding.change < -limit.relative ? GateOutcome::kImprovement
                                                                   : GateOutcome::kPass;
    return finding;
}

GateFinding unusable_finding(const ComparedQuantity& quantity, const GateLimit& limit) {
    GateFinding finding;
    finding.key = quantity.key;
    finding.outcome = GateOutcome::kNotComparable;
    finding.relative_limit = limit.relative;
    finding.absolute_floor = limit.floor;
    finding.baseline_units = quantity.baseline.units.size();
    finding.current_units = quantity.current.units.size();
    if (!quantity.baseline.units.empty()) finding.baseline = median_of(quantity.baseline.units);
    if (!quantity.current.units.empty()) finding.current = median_of(quantity.current.units);
    finding.reason = "a side has no value above 0";
    return finding;
}

std::vector<Shift> shifts_of(GateDesign design, std::span<const ComparedQuantity> family, const GateRules& rules,
                             std::uint64_t seed) {
    const Tails tails = tails_of(rules);
    if (design == GateDesign::kInterleaved) return interleaved_shifts(family, tails, seed);
    if (design == GateDesign::kRepeated) return repeated_shifts(family, tails, seed);
    std::vector<Shift> shifts;
    for (const ComparedQuantity& quantity : family) {
        shifts.push_back(design == GateDesign::kPredicted ? predicted_shift(quantity, tails, family.size())
                                                          : single_shift(quantity, tails, family.size(), seed));
    }
    return shifts;
}

/// 1 - 0.99 is a little more than 0.01: counts of units must not hang on that.
constexpr double kRounding = 1e-9;

}  // namespace

std::size_t least_units(GateDesign design, double confidence) {
    const double tail = (1 - confidence) / 2 + kRounding;
    std::size_t units = 1;
    if (design == GateDesign::kInterleaved) {
        while (least_sign_flip_p(units) > tail) ++units;
    } else if (design == GateDesign::kRepeated) {
        while (least_permutation_p(units, units) > tail) ++units;
    } else if (design == GateDesign::kPredicted) {
        units = kLeastForPrediction;
    }
    return units;
}

GateDesign design_of(const SideConditions& conditions, std::size_t baseline_units, std::size_t current_units,
                     double confidence) {
    if (conditions.exact) return GateDesign::kExact;
    if (conditions.interleaved) return GateDesign::kInterleaved;
    const double tail = (1 - confidence) / 2 + kRounding;
    // Where the baseline's spread shows what differs between sessions, it says more than runs that could be exchanged.
    if (conditions.baseline_spans_sessions && baseline_units >= kLeastForPrediction) return GateDesign::kPredicted;
    if (least_permutation_p(baseline_units, current_units) <= tail) return GateDesign::kRepeated;
    return baseline_units >= kLeastForPrediction ? GateDesign::kPredicted : GateDesign::kSingle;
}

std::vector<GateFinding> decide(std::span<const ComparedQuantity> family, const GateRules& rules,
                                const SideConditions& conditions, std::uint64_t seed) {
    std::vector<ComparedQuantity> usable;
    std::vector<GateFinding> findings;
    for (const ComparedQuantity& quantity : family) {
        const GateLimit limit = rules.limit_of(quantity.key).value_or(GateLimit{0, 0});
        const bool has_units = !quantity.baseline.units.empty() && !quantity.current.units.empty();
        if (conditions.exact && has_units) {
            findings.push_back(exact_finding(quantity, limit));
        } else if (all_positive(quantity.baseline) && all_positive(quantity.current)) {
            usable.push_back(quantity);
            GateFinding finding;
            finding.key = quantity.key;
            findings.push_back(finding);
        } else {
            findings.push_back(unusable_finding(quantity, limit));
        }
    }
    if (usable.empty()) return findings;

    const GateDesign design = design_of(conditions, usable.front().baseline.units.size(),
                                        usable.front().current.units.size(), rules.confidence);
    const std::vector<Shift> shifts = shifts_of(design, usable, rules, seed);
    std::size_t next = 0;
    for (GateFinding& finding : findings) {
        if (next == usable.size() || finding.key != usable[next].key) continue;
        const ComparedQuantity& quantity = usable[next];
        const Shift& shift = shifts[next];
        ++next;
        const GateLimit limit = rules.limit_of(quantity.key).value_or(GateLimit{0, 0});
        finding.baseline = median_of(quantity.baseline.units);
        finding.change = relative(shift.estimate);
        finding.current = finding.baseline * (1 + finding.change);
        if (shift.low) finding.change_low = relative(*shift.low);
        if (shift.high) finding.change_high = relative(*shift.high);
        finding.p_value = shift.estimate >= 0 ? shift.p_increase : shift.p_decrease;
        finding.relative_limit = limit.relative;
        finding.absolute_floor = limit.floor;
        finding.noise = noise_of(design, rules);
        finding.baseline_units = quantity.baseline.units.size();
        finding.current_units = quantity.current.units.size();
        classify(finding, shift, design, rules);
    }
    return findings;
}

GateOutcome worst_outcome(std::span<const GateFinding> findings) {
    if (findings.empty()) return GateOutcome::kNotComparable;
    GateOutcome worst = GateOutcome::kPass;
    for (const GateFinding& finding : findings) worst = std::max(worst, finding.outcome);
    return worst;
}

}  // namespace carbonedge
