#include "lib/gate/verdict.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cmath>

namespace carbonedge {
namespace {

std::string percent(double relative) { return fmt::format("{:+.1f}", 100 * relative); }

/// Why a change beyond its limit passes; "" where there is nothing to explain.
std::string_view why_it_passes(const GateFinding& finding) {
    if (finding.outcome != GateOutcome::kPass || !(finding.change > finding.relative_limit)) return "";
    const bool below_floor = std::abs(finding.current - finding.baseline) <= finding.absolute_floor;
    return below_floor ? ", but below the absolute floor" : ", but not certain; the whole is judged by itself";
}

}  // namespace

std::string_view gate_outcome_name(GateOutcome outcome) {
    constexpr std::array<std::string_view, 5> kNames{"pass", "improvement", "inconclusive", "not comparable",
                                                     "regression"};
    return kNames[static_cast<std::size_t>(outcome)];
}

std::string_view gate_design_name(GateDesign design) {
    constexpr std::array<std::string_view, 5> kNames{"exact", "interleaved", "repeated", "predicted", "single"};
    return kNames[static_cast<std::size_t>(design)];
}

std::string_view gate_cause_name(GateCause cause) {
    constexpr std::array<std::string_view, 5> kNames{"time", "power", "transfer", "electricity", "embodied"};
    return kNames[static_cast<std::size_t>(cause)];
}

ExitStatus gate_exit_status(GateOutcome outcome, InconclusivePolicy policy) {
    switch (outcome) {
        case GateOutcome::kPass:
        case GateOutcome::kImprovement:
            return ExitStatus::kOk;
        case GateOutcome::kRegression:
            return ExitStatus::kNegativeVerdict;
        case GateOutcome::kNotComparable:
            return ExitStatus::kInconclusive;
        case GateOutcome::kInconclusive:
            break;
    }
    if (policy == InconclusivePolicy::kPass) return ExitStatus::kOk;
    return policy == InconclusivePolicy::kFail ? ExitStatus::kNegativeVerdict : ExitStatus::kInconclusive;
}

std::string gate_finding_text(const GateFinding& finding, double confidence) {
    std::string text = fmt::format("{} {} %", quantity_text(finding.key), percent(finding.change));
    std::string inside;
    if (finding.change_low && finding.change_high && *finding.change_low < *finding.change_high) {
        inside = fmt::format("{:g} % interval {} to {} %, ", 100 * confidence, percent(*finding.change_low),
                             percent(*finding.change_high));
    }
    return fmt::format("{} ({}limit {:g} %{})", text, inside, 100 * finding.relative_limit, why_it_passes(finding));
}

std::string gate_headline(const GateVerdict& verdict) {
    std::string text(gate_outcome_name(verdict.outcome));
    std::string mismatches;
    for (const GateMismatch& mismatch : verdict.mismatches) {
        if (mismatch.allowed) continue;
        mismatches += fmt::format("{}{} ({} against {})", mismatches.empty() ? "" : ", ", mismatch.aspect,
                                  mismatch.current, mismatch.baseline);
    }
    // The finding that decides: the first of the verdict's own kind, or where all passed the first of all.
    const auto decides = std::find_if(verdict.findings.begin(), verdict.findings.end(),
                                      [&](const GateFinding& found) { return found.outcome == verdict.outcome; });
    if (verdict.outcome == GateOutcome::kNotComparable && !mismatches.empty()) {
        text += ": other " + mismatches;
    } else if (decides == verdict.findings.end()) {
        text += ": nothing was compared";
    } else if (verdict.outcome == GateOutcome::kNotComparable) {
        text += fmt::format(": {}: {}", quantity_text(decides->key), decides->reason);
    } else {
        text += ": " + gate_finding_text(*decides, verdict.confidence);
        if (!decides->reason.empty()) text += "; " + decides->reason;
    }
    if (verdict.outcome == GateOutcome::kRegression && !verdict.blames.empty()) {
        const GateBlame& blame = verdict.blames.front();
        text += fmt::format("; {} {} {} %", gate_scope_name(blame.key.scope), blame.key.name, percent(blame.change));
    }
    return text;
}

}  // namespace carbonedge
