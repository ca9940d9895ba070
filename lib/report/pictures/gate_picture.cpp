#include "lib/report/pictures/gate_picture.h"

#include "lib/report/pictures/specifications.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

constexpr std::size_t kMostShown = 60;

std::string label_of(const QuantityKey& key) {
    return key.name.empty() ? std::string(gate_metric_name(key.metric))
                            : fmt::format("{} of {}", gate_metric_name(key.metric), key.name);
}

Cell percent(std::optional<double> change) { return change && std::isfinite(*change) ? Cell(*change * 100) : Cell(); }

std::vector<const GateFinding*> most_telling(const GateVerdict& verdict) {
    std::vector<const GateFinding*> findings;
    for (const GateFinding& finding : verdict.findings) findings.push_back(&finding);
    if (findings.size() <= kMostShown) return findings;
    const auto rank = [](const GateFinding& finding) {
        return finding.key.scope == GateScope::kTotal ? 2 : finding.outcome == GateOutcome::kRegression ? 1 : 0;
    };
    std::stable_sort(findings.begin(), findings.end(), [&](const GateFinding* a, const GateFinding* b) {
        if (rank(*a) != rank(*b)) return rank(*a) > rank(*b);
        return std::abs(a->change) > std::abs(b->change);
    });
    findings.resize(kMostShown);
    return findings;
}

}  // namespace

Picture gate_picture(const GateVerdict& verdict) {
    Picture picture;
    picture.name = "gate";
    picture.title = fmt::format("The gate: {}", gate_outcome_name(verdict.outcome));
    Table table{"findings",
                "Findings",
                {{"quantity", "quantity", Unit::kText, "", false},
                 {"outcome", "verdict", Unit::kText, "", false},
                 {"change", "change", Unit::kPercent, "", true},
                 {"low", "low", Unit::kPercent, "", true},
                 {"high", "high", Unit::kPercent, "", true},
                 {"limit", "limit", Unit::kPercent, "", false},
                 {"reason", "reason", Unit::kText, "", false}},
                {},
                {}};
    const auto findings = most_telling(verdict);
    RowPlot plot;
    double low = 0;
    double high = 0;
    for (const GateFinding* finding : findings) {
        table.add_row({label_of(finding->key), std::string(gate_outcome_name(finding->outcome)),
                       percent(finding->change), percent(finding->change_low), percent(finding->change_high),
                       finding->relative_limit * 100, finding->reason});
        PlotRow row{label_of(finding->key), {}, {}, std::string(gate_outcome_name(finding->outcome))};
        if (std::isfinite(finding->change)) {
            row.mark = finding->change * 100;
            const double from = finding->change_low.value_or(finding->change) * 100;
            const double to = finding->change_high.value_or(finding->change) * 100;
            if (std::isfinite(from) && std::isfinite(to)) {
                row.segments.push_back({from, to, '-'});
                low = std::min({low, from, *row.mark});
                high = std::max({high, to, *row.mark});
            }
            row.value = fmt::format("{:+.1f} %  {}", *row.mark, row.value);
        }
        plot.rows.push_back(std::move(row));
    }
    plot.rule = 0;
    plot.low_text = fmt::format("{:+.1f} %", low);
    plot.high_text = fmt::format("{:+.1f} %", high);
    picture.plot = std::move(plot);
    picture.caption = fmt::format(
        "Change of {} to {}: the estimate, its {:.0f} % interval where it can be bounded, and the limit (upright "
        "tick).",
        verdict.current, verdict.baseline, verdict.confidence * 100);
    const bool passes_beyond = std::any_of(findings.begin(), findings.end(), [](const GateFinding* finding) {
        return finding->outcome == GateOutcome::kPass && finding->change > finding->relative_limit;
    });
    if (passes_beyond) {
        picture.caption += " What passes beyond its limit is a layer whose change is below the floor or not certain.";
    }
    if (findings.size() < verdict.findings.size()) {
        picture.caption += fmt::format(
            " Of {} numbers the {} that say most are shown: totals, regressions, then the "
            "largest changes.",
            verdict.findings.size(), findings.size());
    }
    picture.specification = std::string(gate_specification);
    picture.numbers = {std::move(table)};
    return picture;
}

}  // namespace carbonedge
