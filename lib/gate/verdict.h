#pragma once

#include "lib/base/errors.h"
#include "lib/gate/gated_quantity.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// What a gate says, of one number and of all. The verdict of all is its worst: regression, then not comparable, then
/// inconclusive, then improvement, then pass.
enum class GateOutcome { kPass, kImprovement, kInconclusive, kNotComparable, kRegression };

/// "pass", "improvement", "inconclusive", "not comparable", "regression".
std::string_view gate_outcome_name(GateOutcome outcome);

/// How the two sides were measured, which decides what can be known (docs/gate.md).
enum class GateDesign {
    kExact,        ///< computed, not measured: no noise
    kInterleaved,  ///< rounds with both sides measured in turns
    kRepeated,     ///< several separate runs on each side
    kPredicted,    ///< enough baseline runs to foretell where the next one falls
    kSingle,       ///< so few runs that their own samples are all there is
};
std::string_view gate_design_name(GateDesign design);  ///< "exact", "interleaved", "repeated", "predicted", "single"

/// One comparison. Values in the metric's SI unit; changes are relative: 0.05 is 5 % more than the baseline.
struct GateFinding {
    QuantityKey key;
    GateOutcome outcome = GateOutcome::kInconclusive;
    double baseline = 0;
    double current = 0;
    double change = 0;                 ///< estimate of current / baseline - 1; infinite where the baseline is 0
    std::optional<double> change_low;  ///< bounds of the change by the gate's confidence; absent: cannot be bounded
    std::optional<double> change_high;
    std::optional<double> p_value;   ///< of "no worse", corrected for all that were looked at together
    double relative_limit = 0;       ///< 0.05
    double absolute_floor = 0;       ///< smaller differences are ignored, in the metric's unit
    double noise = 0;                ///< relative; variation that the bounds do not contain
    std::size_t baseline_units = 0;  ///< independent runs or rounds; 1 for a single run
    std::size_t current_units = 0;
    std::optional<std::size_t> more_units;  ///< inconclusive: runs or rounds more, each side, that would decide
    std::string reason;                     ///< why inconclusive or not comparable, one line; "" otherwise
};

/// A layer or stage whose share of a regression is known.
struct GateBlame {
    QuantityKey key;
    double change = 0;          ///< relative
    double difference = 0;      ///< in the metric's unit
    double share_of_total = 0;  ///< difference / the total's difference; NaN where the total has none
    bool certain = false;       ///< its own bound, corrected for all layers, passes noise
};

/// What a difference in joules or grams comes from.
enum class GateCause { kTime, kPower, kTransfer, kElectricity, kEmbodied };
std::string_view gate_cause_name(GateCause cause);  ///< "time", "power", "transfer", "electricity", "embodied"

struct GateCauseShare {
    GateMetric metric = GateMetric::kCarbon;  ///< of the total
    GateCause cause = GateCause::kTime;
    double difference = 0;  ///< in the metric's unit; the causes of one metric sum to its difference
};

/// In what the sides do not count the same thing.
struct GateMismatch {
    std::string aspect;  ///< "hardware", "inputs", "provenance", ...: what --allow takes
    std::string baseline;
    std::string current;
    bool allowed = false;
};

struct GateRename {
    std::string before;
    std::string after;
};

/// The one value from which text, JSON, Markdown, JUnit and the exit status come.
struct GateVerdict {
    GateOutcome outcome = GateOutcome::kNotComparable;  ///< nothing compared is not comparable, never a pass
    GateDesign design = GateDesign::kSingle;
    std::string baseline;  ///< "main.profile.csv", "last 10 of history.jsonl"
    std::string current;
    double confidence = 0.99;            ///< of claims of change
    std::vector<GateFinding> findings;   ///< totals first, then stages, then layers, in the order of the current file
    std::vector<GateBlame> blames;       ///< largest first; only with a regression
    std::vector<GateCauseShare> causes;  ///< where the sides have joules
    std::vector<GateMismatch> mismatches;
    std::vector<std::string> added;    ///< layers or stages that the baseline does not have
    std::vector<std::string> removed;  ///< and that the current does not have
    std::vector<GateRename> renamed;
    std::vector<std::string> notes;
};

/// What CI does with a verdict that is neither good nor bad: --inconclusive.
enum class InconclusivePolicy { kReport, kPass, kFail };

/// 0 for pass and improvement, 1 for a regression, 3 for inconclusive and not comparable. kPass and kFail turn an
/// inconclusive verdict into 0 or 1; one that is not comparable stays 3, since nothing was compared.
ExitStatus gate_exit_status(GateOutcome outcome, InconclusivePolicy policy);

/// One finding for people: "latency of layer body +216.5 % (99 % interval +206.1 to +223.4 %, limit 10 %)".
std::string gate_finding_text(const GateFinding& finding, double confidence);

/// One line for people: "regression: latency +5.2 % (99 % interval +4.1 to +6.0 %, limit 3 %), layer features.3".
std::string gate_headline(const GateVerdict& verdict);

}  // namespace carbonedge
