#include "lib/report/gate_junit.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

GateVerdict verdict_with(GateOutcome outcome) {
    GateFinding finding;
    finding.outcome = outcome;
    finding.baseline = 1;
    finding.current = 1.5;
    finding.change = 0.5;
    finding.relative_limit = 0.05;
    finding.baseline_units = 5;
    finding.current_units = 5;
    GateVerdict verdict;
    verdict.outcome = outcome;
    verdict.findings.push_back(finding);
    return verdict;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("gate junit: a build that reads the file ends as one that reads the exit status") {
    for (const GateOutcome outcome : {GateOutcome::kPass, GateOutcome::kImprovement, GateOutcome::kInconclusive,
                                      GateOutcome::kNotComparable, GateOutcome::kRegression}) {
        for (const InconclusivePolicy policy :
             {InconclusivePolicy::kReport, InconclusivePolicy::kPass, InconclusivePolicy::kFail}) {
            CAPTURE(gate_outcome_name(outcome));
            GateVerdict empty;
            empty.outcome = outcome;
            for (const GateVerdict& verdict : {verdict_with(outcome), empty}) {
                const std::string xml = gate_junit(verdict, policy);
                const bool good = contains(xml, " failures=\"0\" errors=\"0\">");
                CHECK(good == (gate_exit_status(outcome, policy) == ExitStatus::kOk));
                CHECK(good == !(contains(xml, "<failure ") || contains(xml, "<error ")));
            }
        }
    }
}

TEST_CASE("gate junit: what is inconclusive and let through is skipped, not passed") {
    const std::string xml = gate_junit(verdict_with(GateOutcome::kInconclusive), InconclusivePolicy::kPass);
    CHECK(contains(xml, "<skipped message=\"inconclusive: latency +50.0 % (limit 5 %)\"/>"));
    CHECK(contains(xml, "skipped=\"1\""));
}

TEST_CASE("gate junit: nothing compared is an error") {
    const std::string xml = gate_junit(GateVerdict(), InconclusivePolicy::kPass);
    CHECK(contains(xml, "<testsuites name=\"carbonedge gate\" tests=\"1\" failures=\"0\" errors=\"1\">"));
    CHECK(contains(xml, "message=\"not comparable: nothing was compared\""));
}

TEST_CASE("gate junit: text that XML cannot hold") {
    struct Row {
        std::string_view text;
        std::string_view escaped;
    };
    const Row rows[] = {
        {"", ""},
        {"plain \xC3\xA4", "plain \xC3\xA4"},
        {"<a & \"b\">", "&lt;a &amp; &quot;b&quot;&gt;"},
        {"]]>", "]]&gt;"},
        {"one\ntwo\tthree\r", "one&#10;two&#9;three&#13;"},
        {"\x01|\x1B", "\xEF\xBF\xBD|\xEF\xBF\xBD"},
        {"\xFF", "\xEF\xBF\xBD"},
        {"a\xC3", "a\xEF\xBF\xBD"},
        {"\xC0\xAF\x62", "\xEF\xBF\xBD\xEF\xBF\xBD\x62"},
        {"\xEF\xBF\xBF<\xEF\xBF\xBE", "\xEF\xBF\xBD&lt;\xEF\xBF\xBD"},
        {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
    };
    for (const Row& row : rows) CHECK(xml_escaped(row.text) == row.escaped);
}

}  // namespace carbonedge
