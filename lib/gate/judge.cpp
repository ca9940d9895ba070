#include "lib/gate/judge.h"

#include "lib/base/quantile.h"
#include "lib/gate/decision.h"
#include "lib/gate/layer_matching.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace carbonedge {
namespace {

constexpr std::size_t kMostBlamed = 10;
constexpr double kLeastShare = 0.1;  // of the total's difference, for a layer that is blamed without being certain

const EvidenceQuantity* find_quantity(const Evidence& evidence, const QuantityKey& key) {
    for (const EvidenceQuantity& quantity : evidence.quantities) {
        if (quantity.key == key) return &quantity;
    }
    return nullptr;
}

/// One number over all files of a side; absent where a file does not have it. `file_is_unit`: rounds of one file are of
/// one session, and count once where sessions are what is compared.
struct JoinedSide {
    MeasuredSide side;
    bool exact = false;
};
std::optional<JoinedSide> join(const std::vector<Evidence>& files, const QuantityKey& key, bool file_is_unit) {
    JoinedSide joined;
    for (const Evidence& file : files) {
        const EvidenceQuantity* found = find_quantity(file, key);
        if (found == nullptr || found->units.empty()) return std::nullopt;
        if (file_is_unit) {
            std::vector<double> sorted = found->units;
            std::sort(sorted.begin(), sorted.end());
            joined.side.units.push_back(quantile(sorted, 0.5));
        } else {
            joined.side.units.insert(joined.side.units.end(), found->units.begin(), found->units.end());
        }
        joined.side.samples = found->samples;
        joined.side.standard_error = found->standard_error;
        joined.exact = found->exact;
    }
    if (joined.side.units.size() != 1) {
        joined.side.samples.clear();
        joined.side.standard_error = 0;
    }
    return joined;
}

std::string values_text(const std::vector<Evidence>& files, const std::string& aspect) {
    std::set<std::string> values;
    for (const Evidence& file : files) {
        const auto found = file.aspects.find(aspect);
        if (found != file.aspects.end()) values.insert(found->second);
    }
    return values.empty() ? "not stated" : fmt::format("{}", fmt::join(values, " | "));
}

std::vector<GateMismatch> find_mismatches(const EvidencePair& sides, const std::vector<std::string>& allowed) {
    std::vector<GateMismatch> mismatches;
    for (const std::string& aspect : gate_aspects()) {
        const std::string before = values_text(sides.baseline, aspect);
        const std::string after = values_text(sides.current, aspect);
        // Several values on one side are no better than different sides.
        const bool mixed = before.find(" | ") != std::string::npos || after.find(" | ") != std::string::npos;
        if (before == after && !mixed) continue;
        const bool is_allowed = std::find(allowed.begin(), allowed.end(), aspect) != allowed.end();
        mismatches.push_back({aspect, before, after, is_allowed});
        // Of two kinds of file everything else differs too.
        if (aspect == "kind" && !is_allowed) break;
    }
    return mismatches;
}

/// "other hardware" where the metric may not be compared; "" where it may.
std::string forbidden_by(const std::vector<GateMismatch>& mismatches, GateMetric metric) {
    for (const GateMismatch& mismatch : mismatches) {
        if (!mismatch.allowed && aspect_concerns(mismatch.aspect, metric)) return "other " + mismatch.aspect;
    }
    return "";
}

GateFinding not_compared(const QuantityKey& key, const GateLimit& limit, std::string reason) {
    GateFinding finding;
    finding.key = key;
    finding.outcome = GateOutcome::kNotComparable;
    finding.relative_limit = limit.relative;
    finding.absolute_floor = limit.floor;
    finding.reason = std::move(reason);
    return finding;
}

bool has_total(const std::vector<Evidence>& files, GateMetric metric) {
    return std::all_of(files.begin(), files.end(), [&](const Evidence& file) {
        return find_quantity(file, {metric, GateScope::kTotal, ""}) != nullptr;
    });
}

/// A layer among many that is too noisy to be shown is covered by the total (decision.cpp): where all layers are
/// limited and the total is not, it gets their limit, if both sides have it.
GateRules with_totals(GateRules rules, const EvidencePair& sides) {
    const std::vector<GateLimitRow> given = rules.limits;
    for (const GateLimitRow& row : given) {
        if (row.key.scope != GateScope::kLayer || !row.key.name.empty()) continue;
        const QuantityKey total{row.key.metric, GateScope::kTotal, ""};
        if (rules.limit_of(total) || !has_total(sides.baseline, row.key.metric) ||
            !has_total(sides.current, row.key.metric)) {
            continue;
        }
        rules.limits.push_back({total, row.limit});
    }
    return rules;
}

class Judgement {
public:
    Judgement(const EvidencePair& sides, const GateRules& rules, const JudgeOptions& options)
        : sides_(sides), rules_(with_totals(rules, sides)), options_(options) {
        verdict_.confidence = rules.confidence;
        verdict_.mismatches = find_mismatches(sides, options.allowed);
        if (!sides.baseline.empty() && !sides.current.empty()) {
            matching_ = match_layers(sides.baseline.back().layers, sides.current.back().layers);
        }
        verdict_.added = matching_.added;
        verdict_.removed = matching_.removed;
        verdict_.renamed = matching_.renamed;
    }

    GateVerdict take() {
        if (sides_.baseline.empty() || sides_.current.empty()) return std::move(verdict_);
        for (const GateScope scope : {GateScope::kTotal, GateScope::kStage, GateScope::kLayer}) judge_scope(scope);
        report_missing_limits();
        note_partial_layers();
        verdict_.outcome = worst_outcome(verdict_.findings);
        if (verdict_.outcome == GateOutcome::kRegression) blame();
        find_causes();
        return std::move(verdict_);
    }

private:
    [[nodiscard]] QuantityKey baseline_key(const QuantityKey& key) const {
        QuantityKey before = key;
        const auto found = matching_.baseline_name.find(key.name);
        if (key.scope == GateScope::kLayer && found != matching_.baseline_name.end()) before.name = found->second;
        return before;
    }

    /// What both sides have of a scope, measured and computed apart; `metric` absent: of all metrics that are limited.
    void collect(GateScope scope, std::optional<GateMetric> metric, std::vector<ComparedQuantity>& measured,
                 std::vector<ComparedQuantity>& exact) const {
        for (const EvidenceQuantity& quantity : sides_.current.back().quantities) {
            const QuantityKey& key = quantity.key;
            if (key.scope != scope) continue;
            if (metric ? key.metric != *metric : !rules_.limit_of(key)) continue;
            if (!forbidden_by(verdict_.mismatches, key.metric).empty()) continue;
            const auto before = join(sides_.baseline, baseline_key(key), sides_.baseline_spans_sessions);
            const auto after = join(sides_.current, key, sides_.baseline_spans_sessions);
            if (!before || !after) continue;  // named by note_partial_layers(), or new
            (before->exact && after->exact ? exact : measured).push_back({key, before->side, after->side});
        }
    }

    void judge_scope(GateScope scope) {
        std::vector<ComparedQuantity> measured;
        std::vector<ComparedQuantity> exact;
        collect(scope, std::nullopt, measured, exact);
        const SideConditions noisy{false, sides_.interleaved, sides_.baseline_spans_sessions};
        if (!measured.empty() && !design_known_) {
            verdict_.design = design_of(noisy, measured.front().baseline.units.size(),
                                        measured.front().current.units.size(), rules_.confidence);
            design_known_ = true;
        } else if (!exact.empty() && !design_known_) {
            verdict_.design = GateDesign::kExact;
        }
        for (GateFinding& finding : decide(measured, rules_, noisy, options_.seed)) add(std::move(finding));
        for (GateFinding& finding : decide(exact, rules_, {true, false, false}, options_.seed)) add(std::move(finding));
    }

    void add(GateFinding finding) { verdict_.findings.push_back(std::move(finding)); }

    /// A limit that met no number must not look like a pass.
    void report_missing_limits() {
        for (const GateLimitRow& row : rules_.limits) {
            const bool met =
                std::any_of(verdict_.findings.begin(), verdict_.findings.end(), [&](const GateFinding& finding) {
                    return finding.key.metric == row.key.metric && finding.key.scope == row.key.scope &&
                           (row.key.name.empty() || finding.key.name == row.key.name);
                });
            if (met) continue;
            std::string reason = forbidden_by(verdict_.mismatches, row.key.metric);
            if (reason.empty()) reason = missing_reason(row.key);
            add(not_compared(row.key, row.limit, std::move(reason)));
        }
    }

    /// A layer that only some of the baseline's files have is not compared; that is said.
    void note_partial_layers() {
        std::set<std::string> names;
        for (const EvidenceQuantity& quantity : sides_.current.back().quantities) {
            const QuantityKey key = baseline_key(quantity.key);
            if (!rules_.limit_of(quantity.key) || find_quantity(sides_.baseline.back(), key) == nullptr) continue;
            const bool everywhere =
                std::all_of(sides_.baseline.begin(), sides_.baseline.end(),
                            [&](const Evidence& file) { return find_quantity(file, key) != nullptr; });
            if (!everywhere) names.insert(quantity.key.name);
        }
        if (names.empty()) return;
        verdict_.notes.push_back(
            fmt::format("not in every file of the baseline, and not compared: {}", fmt::join(names, ", ")));
    }

    [[nodiscard]] std::string missing_reason(const QuantityKey& key) const {
        const auto has = [&](const std::vector<Evidence>& files) {
            return std::all_of(files.begin(), files.end(), [&](const Evidence& file) {
                return std::any_of(file.quantities.begin(), file.quantities.end(), [&](const EvidenceQuantity& found) {
                    return found.key.metric == key.metric && found.key.scope == key.scope &&
                           (key.name.empty() || found.key.name == key.name);
                });
            });
        };
        const std::string what = fmt::format("{} of {}", gate_metric_name(key.metric),
                                             key.name.empty() ? std::string(gate_scope_name(key.scope)) : key.name);
        const bool before = has(sides_.baseline);
        const bool after = has(sides_.current);
        if (before && after) return fmt::format("the sides have no {} in common", gate_scope_name(key.scope));
        return fmt::format("{} does not have the {}",
                           !before && !after ? "either side"
                           : before          ? "the current side"
                                             : "the baseline",
                           what);
    }

    /// The total's difference of a metric, from its finding or judged for this; NaN where it is not known.
    [[nodiscard]] double total_difference(GateMetric metric) const {
        std::vector<ComparedQuantity> measured;
        std::vector<ComparedQuantity> exact;
        collect(GateScope::kTotal, metric, measured, exact);
        const bool is_exact = measured.empty();
        const std::vector<GateFinding> found =
            decide(is_exact ? exact : measured, rules_, {is_exact, sides_.interleaved, sides_.baseline_spans_sessions},
                   options_.seed);
        if (found.empty()) return std::numeric_limits<double>::quiet_NaN();
        return found.front().current - found.front().baseline;
    }

    void blame() {
        const auto worst = std::find_if(verdict_.findings.begin(), verdict_.findings.end(),
                                        [](const GateFinding& one) { return one.outcome == GateOutcome::kRegression; });
        const GateMetric metric = worst->key.metric;
        const double total = total_difference(metric);
        const bool has_layers = !sides_.current.back().layers.empty();
        const GateScope scope = has_layers ? GateScope::kLayer : GateScope::kStage;
        std::vector<ComparedQuantity> measured;
        std::vector<ComparedQuantity> exact;
        collect(scope, metric, measured, exact);
        std::vector<GateBlame> blames;
        const double tail = (1 - rules_.confidence) / 2;
        for (const bool is_exact : {false, true}) {
            const SideConditions conditions{is_exact, !is_exact && sides_.interleaved, sides_.baseline_spans_sessions};
            for (const GateFinding& one : decide(is_exact ? exact : measured, rules_, conditions, options_.seed)) {
                GateBlame entry;
                entry.key = one.key;
                entry.change = one.change;
                entry.difference = one.current - one.baseline;
                entry.certain = one.change > 0 && one.change_low && *one.change_low > one.noise &&
                                (!one.p_value || *one.p_value <= tail);
                blames.push_back(entry);
            }
        }
        for (const std::string& name : matching_.added) add_new_layer({metric, scope, name}, blames);
        for (GateBlame& entry : blames) entry.share_of_total = entry.difference / total;
        std::erase_if(blames, [&](const GateBlame& entry) {
            return entry.difference <= 0 || (!entry.certain && !(entry.share_of_total >= kLeastShare));
        });
        std::stable_sort(blames.begin(), blames.end(), [](const GateBlame& left, const GateBlame& right) {
            if (left.certain != right.certain) return left.certain;
            return left.difference > right.difference;
        });
        if (blames.size() > kMostBlamed) blames.resize(kMostBlamed);
        verdict_.blames = std::move(blames);
    }

    /// A layer that was not there before takes all of its time more.
    void add_new_layer(const QuantityKey& key, std::vector<GateBlame>& blames) const {
        const auto found = join(sides_.current, key, false);
        if (!found || found->side.units.empty()) return;
        GateBlame entry;
        entry.key = key;
        entry.change = std::numeric_limits<double>::infinity();
        double sum = 0;
        for (const double value : found->side.units) sum += value;
        entry.difference = sum / static_cast<double>(found->side.units.size());
        entry.certain = true;
        blames.push_back(entry);
    }

    void find_causes() {
        const auto& before = sides_.baseline.back().factors;
        const auto& after = sides_.current.back().factors;
        if (!before || !after) return;
        const auto append = [&](GateMetric metric, const CauseSplit& split) {
            const bool compared =
                std::any_of(verdict_.findings.begin(), verdict_.findings.end(), [&](const GateFinding& finding) {
                    return finding.key.metric == metric && finding.outcome != GateOutcome::kNotComparable;
                });
            if (!compared) return;
            const std::pair<GateCause, double> parts[] = {{GateCause::kTime, split.time.value()},
                                                          {GateCause::kPower, split.power.value()},
                                                          {GateCause::kTransfer, split.overhead.value()},
                                                          {GateCause::kElectricity, split.electricity.value()},
                                                          {GateCause::kEmbodied, split.embodied.value()}};
            for (const auto& [cause, difference] : parts) verdict_.causes.push_back({metric, cause, difference});
        };
        append(GateMetric::kCarbon, split_difference(*before, *after));
        append(GateMetric::kSci, split_difference(*before, *after));
        // Joules are grams at an intensity of one gram a joule.
        const auto in_joules = [](CarbonFactors factors) {
            factors.intensity = CarbonIntensity(kJoulesPerKilowattHour);
            factors.embodied = GramsCo2e(0);
            return factors;
        };
        append(GateMetric::kEnergy, split_difference(in_joules(*before), in_joules(*after)));
    }

    const EvidencePair& sides_;
    const GateRules rules_;
    const JudgeOptions& options_;
    GateVerdict verdict_;
    LayerMatching matching_;
    bool design_known_ = false;
};

}  // namespace

bool aspect_concerns(const std::string& aspect, GateMetric metric) {
    const bool carbon = metric == GateMetric::kCarbon || metric == GateMetric::kSci;
    const bool joules = carbon || metric == GateMetric::kEnergy;
    if (aspect == "signal" || aspect == "scope" || aspect == "embodied" || aspect == "intensity") return carbon;
    if (aspect == "provenance" || aspect == "source" || aspect == "boundary" || aspect == "idle") return joules;
    if (aspect == "clock") return metric == GateMetric::kLatency;
    return true;
}

std::vector<std::string> gate_aspects() {
    return {"kind",       "hardware", "inputs",   "threads", "limits", "load",  "clock",
            "provenance", "source",   "boundary", "idle",    "signal", "scope", "embodied"};
}

GateVerdict judge(const EvidencePair& sides, const GateRules& rules, const JudgeOptions& options) {
    return Judgement(sides, rules, options).take();
}

}  // namespace carbonedge
