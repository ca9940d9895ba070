#include "lib/report/gate_markdown.h"

#include "lib/report/cell_text.h"
#include "lib/report/gate_document.h"
#include "lib/report/renderers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace carbonedge {
namespace {

/// As code: what hosts make of plain text, such as mentions and links, they do not make of it there.
std::string as_code(const std::string& name) { return fmt::format("<code>{}</code>", markdown_escaped(name)); }

std::string shown(GateMetric metric, double value, bool plus = false) {
    const std::string text = fact_text(metric_cell(metric, value), metric_report_unit(metric));
    return plus && value > 0 ? "+" + text : text;
}

std::string percent(double relative) {
    return std::isfinite(relative) ? fmt::format("{:+.1f} %", 100 * relative) : std::string();
}

std::string what_of(const QuantityKey& key) {
    const std::string metric(gate_metric_name(key.metric));
    if (key.scope == GateScope::kTotal) return markdown_escaped(metric);
    if (key.name.empty()) return fmt::format("{} of every {}", markdown_escaped(metric), gate_scope_name(key.scope));
    return fmt::format("{} of {} {}", markdown_escaped(metric), gate_scope_name(key.scope), as_code(key.name));
}

std::string interval_text(const GateFinding& finding) {
    if (!finding.change_low || !finding.change_high || !(*finding.change_low < *finding.change_high)) return "";
    return fmt::format("{:+.1f} to {:+.1f} %", 100 * *finding.change_low, 100 * *finding.change_high);
}

std::string findings_table(const std::vector<const GateFinding*>& findings, double confidence) {
    std::string out =
        fmt::format("| number | baseline | current | change | {:g} % interval | limit | verdict |\n", 100 * confidence);
    out += "|---|---:|---:|---:|---:|---:|---|\n";
    for (const GateFinding* finding : findings) {
        const bool compared = finding->baseline_units > 0;
        const GateMetric metric = finding->key.metric;
        const std::string_view outcome = gate_outcome_name(finding->outcome);
        out +=
            fmt::format("| {} | {} | {} | {} | {} | {:g} % | {} |\n", what_of(finding->key),
                        compared ? shown(metric, finding->baseline) : "",
                        compared ? shown(metric, finding->current) : "", compared ? percent(finding->change) : "",
                        compared ? interval_text(*finding) : "", 100 * finding->relative_limit,
                        finding->outcome == GateOutcome::kPass ? std::string(outcome) : fmt::format("**{}**", outcome));
    }
    return out;
}

/// Why numbers are open, each reason once.
std::string reasons_list(const std::vector<const GateFinding*>& findings) {
    std::vector<std::pair<std::string, std::string>> reasons;
    for (const GateFinding* finding : findings) {
        if (finding->reason.empty()) continue;
        std::string reason = finding->reason;
        if (finding->more_units) reason += fmt::format(" ({} more on each side would do)", *finding->more_units);
        const auto known =
            std::find_if(reasons.begin(), reasons.end(), [&](const auto& one) { return one.first == reason; });
        if (known == reasons.end()) {
            reasons.emplace_back(reason, what_of(finding->key));
        } else {
            known->second += ", " + what_of(finding->key);
        }
    }
    std::string out;
    for (const auto& [reason, names] : reasons) out += fmt::format("- {}: {}\n", names, markdown_escaped(reason));
    return out;
}

std::string where_text(const GateVerdict& verdict) {
    std::string out;
    for (const GateBlame& blame : verdict.blames) {
        out += fmt::format("- {} {}: {} ({}", gate_scope_name(blame.key.scope), as_code(blame.key.name),
                           shown(blame.key.metric, blame.difference, true), percent(blame.change));
        if (std::isfinite(blame.share_of_total)) {
            out += fmt::format(", {:.0f} % of the whole difference", 100 * blame.share_of_total);
        }
        out += blame.certain ? ")\n" : "), not certain\n";
    }
    return out.empty() ? out : "**Where it got worse**\n\n" + out + "\n";
}

std::string why_text(const GateVerdict& verdict) {
    std::string out;
    for (const GateFinding& finding : verdict.findings) {
        if (finding.key.scope != GateScope::kTotal || finding.outcome == GateOutcome::kPass) continue;
        std::vector<std::string> parts;
        for (const GateCauseShare& share : verdict.causes) {
            if (share.metric != finding.key.metric || share.difference == 0) continue;
            parts.push_back(
                fmt::format("{} {}", gate_cause_name(share.cause), shown(share.metric, share.difference, true)));
        }
        if (!parts.empty()) out += fmt::format("- {}: {}\n", what_of(finding.key), fmt::join(parts, ", "));
    }
    return out.empty() ? out : "**What the difference comes from**\n\n" + out + "\n";
}

std::string mismatch_text(const GateVerdict& verdict) {
    std::string out;
    for (const GateMismatch& mismatch : verdict.mismatches) {
        out += fmt::format("- {}{}: {} against {}\n", mismatch.aspect, mismatch.allowed ? " (allowed)" : "",
                           as_code(mismatch.current), as_code(mismatch.baseline));
    }
    return out.empty() ? out : "**In what the sides differ**\n\n" + out + "\n";
}

std::string layers_text(const GateVerdict& verdict) {
    std::string out;
    for (const std::string& name : verdict.added) out += fmt::format("- {} is new\n", as_code(name));
    for (const std::string& name : verdict.removed) out += fmt::format("- {} is gone\n", as_code(name));
    for (const GateRename& rename : verdict.renamed) {
        out += fmt::format("- {} was called {}\n", as_code(rename.after), as_code(rename.before));
    }
    return out;
}

std::string folded(const std::string& summary, const std::string& content) {
    return fmt::format("<details><summary>{}</summary>\n\n{}\n</details>\n", summary, content);
}

}  // namespace

std::string gate_markdown(const GateVerdict& verdict) {
    std::vector<const GateFinding*> totals;
    std::vector<const GateFinding*> parts;
    std::vector<const GateFinding*> with_reason;
    for (const GateFinding& finding : verdict.findings) {
        if (finding.key.scope == GateScope::kTotal) {
            totals.push_back(&finding);
        } else if (finding.outcome != GateOutcome::kPass) {
            parts.push_back(&finding);
        }
        if (finding.outcome != GateOutcome::kPass) with_reason.push_back(&finding);
    }
    const Document document = gate_document(verdict, true);
    std::string out = fmt::format("## {}\n\n**{}**\n\n", document.title, markdown_escaped(gate_headline(verdict)));
    if (!totals.empty()) out += findings_table(totals, verdict.confidence) + "\n";
    out += where_text(verdict) + why_text(verdict) + mismatch_text(verdict);
    if (const std::string reasons = reasons_list(with_reason); !reasons.empty())
        out += "**Why open**\n\n" + reasons + "\n";
    out +=
        fmt::format("{} {}\n", markdown_escaped(document.opening.front()), markdown_escaped(document.opening.back()));
    if (!parts.empty()) {
        out += "\n" + folded(fmt::format("Stages and layers that do not just pass: {} of {}", parts.size(),
                                         verdict.findings.size() - totals.size()),
                             findings_table(parts, verdict.confidence));
    }
    if (const std::string layers = layers_text(verdict); !layers.empty()) {
        out += "\n" + folded(fmt::format("Layers that only one side has: {}",
                                         verdict.added.size() + verdict.removed.size() + verdict.renamed.size()),
                             layers);
    }
    if (!verdict.notes.empty()) out += "\n";
    for (const std::string& note : verdict.notes) out += fmt::format("- {}\n", markdown_escaped(note));
    return out;
}

}  // namespace carbonedge
