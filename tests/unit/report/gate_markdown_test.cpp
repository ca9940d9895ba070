#include "lib/report/gate_markdown.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

std::size_t count(const std::string& text, std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

}  // namespace

TEST_CASE("gate markdown: a name cannot become markup, end its cell or unfold what is folded") {
    for (const std::string name : {"a|b", "<b>", "</details>", "`x`", "**y**", "![i](u)", "one\ntwo", "~~z~~", "$m$"}) {
        CAPTURE(name);
        GateFinding finding;
        finding.key = QuantityKey{GateMetric::kLatency, GateScope::kLayer, name};
        finding.outcome = GateOutcome::kRegression;
        finding.baseline_units = 5;
        finding.baseline = 1;
        finding.current = 2;
        finding.change = 1;
        GateVerdict verdict;
        verdict.outcome = GateOutcome::kRegression;
        verdict.findings.push_back(finding);
        GateBlame blame;
        blame.key = finding.key;
        verdict.blames.push_back(blame);
        verdict.added.push_back(name);
        const std::string text = gate_markdown(verdict);
        for (const std::string_view raw : {"a|b", "<b>", " `x`", ">`x`", "![i]", "one\ntwo", ">~~", ">**y", ">$m"}) {
            CHECK(count(text, raw) == 0);
        }
        CHECK(count(text, "<details>") == 2);
        CHECK(count(text, "</details>") == 2);
    }
}

TEST_CASE("gate markdown: each reason stands once, with all that it keeps open") {
    GateVerdict verdict;
    verdict.outcome = GateOutcome::kInconclusive;
    for (const GateMetric metric : {GateMetric::kLatency, GateMetric::kEnergy}) {
        GateFinding finding;
        finding.key.metric = metric;
        finding.baseline_units = 1;
        finding.current_units = 1;
        finding.more_units = 4;
        finding.reason = "too few";
        verdict.findings.push_back(finding);
    }
    CHECK(count(gate_markdown(verdict), "- latency, energy: too few (4 more on each side would do)\n") == 1);
}

}  // namespace carbonedge
