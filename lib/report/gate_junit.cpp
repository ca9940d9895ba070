#include "lib/report/gate_junit.h"

#include "lib/base/utf8.h"
#include "lib/report/cell_text.h"
#include "lib/report/gate_document.h"
#include "lib/report/markup_entity.h"

#include <fmt/format.h>
#include <algorithm>
#include <vector>

namespace carbonedge {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

/// One case: what an element inside it is called, "" for a good one.
struct JunitCase {
    std::string name;
    std::string_view element;  ///< "", "failure", "error", "skipped"
    std::string_view type;
    std::string message;
    std::string text;
};

struct JunitSuite {
    std::string_view name;
    std::vector<JunitCase> cases;
};

std::string_view element_of(GateOutcome outcome, InconclusivePolicy policy) {
    switch (outcome) {
        case GateOutcome::kPass:
        case GateOutcome::kImprovement:
            return "";
        case GateOutcome::kRegression:
            return "failure";
        case GateOutcome::kNotComparable:
            return "error";
        case GateOutcome::kInconclusive:
            break;
    }
    if (policy == InconclusivePolicy::kPass) return "skipped";
    return policy == InconclusivePolicy::kFail ? "failure" : "error";
}

std::string values_text(const GateFinding& finding) {
    if (finding.baseline_units == 0) return "";
    const auto shown = [&](double value) {
        return fact_text(metric_cell(finding.key.metric, value), metric_report_unit(finding.key.metric));
    };
    return fmt::format("{} against {} of the baseline", shown(finding.current), shown(finding.baseline));
}

std::string message_of(const GateFinding& finding, double confidence) {
    const std::string_view outcome = gate_outcome_name(finding.outcome);
    if (finding.baseline_units == 0) {
        return fmt::format("{}: {}: {}", outcome, quantity_text(finding.key), finding.reason);
    }
    return fmt::format("{}: {}{}{}", outcome, gate_finding_text(finding, confidence),
                       finding.reason.empty() ? "" : "; ", finding.reason);
}

/// What a reader of the failed case wants to know beyond the numbers of the case: where it is, what it comes from.
std::string blame_text(const GateVerdict& verdict, GateMetric metric) {
    std::string text;
    for (const GateBlame& blame : verdict.blames) {
        if (blame.key.metric != metric) continue;
        text += fmt::format("{} {} {:+.1f} %{}\n", gate_scope_name(blame.key.scope), blame.key.name, 100 * blame.change,
                            blame.certain ? "" : " (not certain)");
    }
    for (const GateCauseShare& share : verdict.causes) {
        if (share.metric != metric || share.difference == 0) continue;
        text += fmt::format("{}{} from {}\n", share.difference > 0 ? "+" : "",
                            fact_text(metric_cell(metric, share.difference), metric_report_unit(metric)),
                            gate_cause_name(share.cause));
    }
    return text;
}

JunitCase case_of(const GateFinding& finding, const GateVerdict& verdict, InconclusivePolicy policy) {
    JunitCase one;
    one.name = quantity_text(finding.key);
    one.element = element_of(finding.outcome, policy);
    one.type = gate_outcome_name(finding.outcome);
    one.message = message_of(finding, verdict.confidence);
    one.text = values_text(finding);
    if (!one.text.empty()) one.text += "\n";
    if (finding.outcome == GateOutcome::kRegression && finding.key.scope == GateScope::kTotal) {
        one.text += blame_text(verdict, finding.key.metric);
    }
    return one;
}

std::vector<JunitSuite> suites_of(const GateVerdict& verdict, InconclusivePolicy policy) {
    std::vector<JunitSuite> suites;
    for (const GateScope scope : {GateScope::kTotal, GateScope::kStage, GateScope::kLayer}) {
        JunitSuite suite{gate_scope_name(scope), {}};
        for (const GateFinding& finding : verdict.findings) {
            if (finding.key.scope == scope) suite.cases.push_back(case_of(finding, verdict, policy));
        }
        if (!suite.cases.empty()) suites.push_back(std::move(suite));
    }
    const bool carried = std::any_of(verdict.findings.begin(), verdict.findings.end(),
                                     [&](const GateFinding& one) { return one.outcome == verdict.outcome; });
    if (!carried) {
        const JunitCase alone{"verdict", element_of(verdict.outcome, policy), gate_outcome_name(verdict.outcome),
                              gate_headline(verdict), ""};
        suites.push_back({"verdict", {alone}});
    }
    return suites;
}

std::size_t count_of(const JunitSuite& suite, std::string_view element) {
    return static_cast<std::size_t>(std::count_if(suite.cases.begin(), suite.cases.end(),
                                                  [&](const JunitCase& one) { return one.element == element; }));
}

void append_case(std::string& out, const JunitCase& one, std::string_view suite) {
    out += fmt::format("    <testcase classname=\"carbonedge.gate.{}\" name=\"{}\">\n", suite, xml_escaped(one.name));
    if (one.element == "skipped") {
        out += fmt::format("      <skipped message=\"{}\"/>\n", xml_escaped(one.message));
    } else if (!one.element.empty()) {
        out += fmt::format("      <{0} type=\"{1}\" message=\"{2}\">{3}</{0}>\n", one.element, one.type,
                           xml_escaped(one.message), xml_escaped(one.text));
    } else {
        out += fmt::format("      <system-out>{}</system-out>\n", xml_escaped(one.message + "\n" + one.text));
    }
    out += "    </testcase>\n";
}

void append_suite(std::string& out, const JunitSuite& suite, const GateVerdict& verdict) {
    out += fmt::format(
        "  <testsuite name=\"carbonedge.gate.{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">\n",
        suite.name, suite.cases.size(), count_of(suite, "failure"), count_of(suite, "error"),
        count_of(suite, "skipped"));
    out += "    <properties>\n";
    const auto property = [&](std::string_view name, std::string_view value) {
        out += fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", name, xml_escaped(value));
    };
    property("verdict", gate_headline(verdict));
    property("baseline", verdict.baseline);
    property("current", verdict.current);
    property("design", gate_design_name(verdict.design));
    property("confidence", fmt::format("{:g} %", 100 * verdict.confidence));
    out += "    </properties>\n";
    for (const JunitCase& one : suite.cases) append_case(out, one, suite.name);
    out += "  </testsuite>\n";
}

/// Whether the well-formed sequence is one of U+FFFE and U+FFFF, which XML 1.0 does not have.
bool is_noncharacter(std::string_view sequence) { return sequence == "\xEF\xBF\xBE" || sequence == "\xEF\xBF\xBF"; }

}  // namespace

std::string xml_escaped(std::string_view text) {
    std::string out;
    std::size_t broken = first_malformed_utf8(text);
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (at == broken) {
            out += kReplacement;
            broken = at + 1 + first_malformed_utf8(text.substr(at + 1));
            continue;
        }
        const char letter = text[at];
        const unsigned byte = static_cast<unsigned char>(letter);
        const std::string_view entity = letter == '\'' ? "" : markup_entity(letter);
        if (!entity.empty()) {
            out += entity;
        } else if (letter == '\n' || letter == '\r' || letter == '\t') {
            out += fmt::format("&#{};", byte);
        } else if (byte < 0x20) {
            out += kReplacement;
        } else if (is_noncharacter(text.substr(at, 3))) {
            out += kReplacement;
            at += 2;
        } else {
            out += letter;
        }
    }
    return out;
}

std::string gate_junit(const GateVerdict& verdict, InconclusivePolicy policy) {
    std::string body;
    std::size_t tests = 0;
    std::size_t failures = 0;
    std::size_t errors = 0;
    for (const JunitSuite& suite : suites_of(verdict, policy)) {
        tests += suite.cases.size();
        failures += count_of(suite, "failure");
        errors += count_of(suite, "error");
        append_suite(body, suite, verdict);
    }
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites name=\"carbonedge gate\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n{}</testsuites>\n",
        tests, failures, errors, body);
}

}  // namespace carbonedge
