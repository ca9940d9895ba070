#include "lib/gate/verdict.h"

#include <doctest/doctest.h>

namespace carbonedge {

TEST_CASE("gate verdict: every outcome has its exit status under each policy") {
    struct Row {
        GateOutcome outcome;
        ExitStatus report;
        ExitStatus pass;
        ExitStatus fail;
    };
    constexpr ExitStatus kOk = ExitStatus::kOk;
    constexpr ExitStatus kBad = ExitStatus::kNegativeVerdict;
    constexpr ExitStatus kUnclear = ExitStatus::kInconclusive;
    const Row rows[] = {{GateOutcome::kPass, kOk, kOk, kOk},
                        {GateOutcome::kImprovement, kOk, kOk, kOk},
                        {GateOutcome::kInconclusive, kUnclear, kOk, kBad},
                        {GateOutcome::kNotComparable, kUnclear, kUnclear, kUnclear},
                        {GateOutcome::kRegression, kBad, kBad, kBad}};
    for (const Row& row : rows) {
        CAPTURE(gate_outcome_name(row.outcome));
        CHECK(gate_exit_status(row.outcome, InconclusivePolicy::kReport) == row.report);
        CHECK(gate_exit_status(row.outcome, InconclusivePolicy::kPass) == row.pass);
        CHECK(gate_exit_status(row.outcome, InconclusivePolicy::kFail) == row.fail);
    }
}

TEST_CASE("gate verdict: an empty one compared nothing and is no pass") {
    const GateVerdict nothing;
    CHECK(gate_exit_status(nothing.outcome, InconclusivePolicy::kPass) == ExitStatus::kInconclusive);
    CHECK(gate_headline(nothing) == "not comparable: nothing was compared");
}

TEST_CASE("gate verdict: the headline says what, by how much, how sure, and where") {
    GateVerdict verdict;
    verdict.outcome = GateOutcome::kRegression;
    GateFinding total;
    total.outcome = GateOutcome::kRegression;
    total.change = 0.052;
    total.change_low = 0.041;
    total.change_high = 0.06;
    total.relative_limit = 0.03;
    verdict.findings.push_back(total);
    GateBlame blame;
    blame.key = QuantityKey{GateMetric::kLatency, GateScope::kLayer, "features.3"};
    blame.change = 0.4;
    verdict.blames.push_back(blame);
    CHECK(gate_headline(verdict) ==
          "regression: latency +5.2 % (99 % interval +4.1 to +6.0 %, limit 3 %); layer features.3 +40.0 %");

    verdict.outcome = GateOutcome::kNotComparable;
    verdict.findings.clear();
    verdict.mismatches.push_back({"hardware", "EPYC", "Xeon", false});
    CHECK(gate_headline(verdict) == "not comparable: other hardware (Xeon against EPYC)");
}

TEST_CASE("gate verdict: names read back") {
    for (const GateMetric metric : all_gate_metrics()) CHECK(find_gate_metric(gate_metric_name(metric)) == metric);
    for (const GateScope scope : {GateScope::kTotal, GateScope::kStage, GateScope::kLayer}) {
        CHECK(find_gate_scope(gate_scope_name(scope)) == scope);
    }
    CHECK_FALSE(find_gate_metric("latencies"));
}

}  // namespace carbonedge
