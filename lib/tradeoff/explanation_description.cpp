#include "lib/tradeoff/explanation_description.h"

#include "lib/cluster/intensity_notes.h"
#include "lib/tradeoff/plain_numbers.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

using Kind = LimitPrice::Kind;

std::string name_of(Objective objective) { return std::string(objective_name(objective)); }

std::string per_unit(Objective objective) {
    switch (unit_of(objective)) {
        case Unit::kCarbon:
            return "g";
        case Unit::kEnergy:
            return "J";
        case Unit::kTime:
            return "ms";
        default:
            return "point of score";
    }
}

/// A limit's price as people say it: ms, MB, nodes or requests a second for each gram, joule, ms or point.
struct ShownPrice {
    double number = 0;
    std::string unit;
};

std::optional<ShownPrice> shown_price(Objective objective, const LimitPrice& limit) {
    const std::optional<double> price = limit.price();
    if (!price) return std::nullopt;
    const double scale = unit_of(objective) == Unit::kTime ? 1e-3 : 1.0;  // per ms instead of per second
    const std::string each = per_unit(objective);
    switch (limit.kind) {
        case Kind::kLatencyMean:
        case Kind::kLatencyP95:
            return ShownPrice{1e3 * scale * *price, "ms per " + each};
        case Kind::kMemory:
            return ShownPrice{1e-6 * scale * *price, "MB per " + each};
        case Kind::kThroughput:
            return ShownPrice{scale * *price, "requests/s per " + each};
        case Kind::kMaxNodes:
            return ShownPrice{scale * *price, "nodes per " + each};
        case Kind::kOther:
            break;
    }
    return std::nullopt;
}

std::string amount_text(Kind kind, double amount) {
    switch (kind) {
        case Kind::kLatencyMean:
        case Kind::kLatencyP95:
            return duration_text(Seconds(amount));
        case Kind::kMemory:
            return bytes_text(Bytes(static_cast<std::int64_t>(std::ceil(amount))));
        case Kind::kThroughput:
            return fmt::format("{:.4g}/s", amount);
        case Kind::kMaxNodes:
            return fmt::format("{:.0f} node{}", amount, amount == 1 ? "" : "s");
        case Kind::kOther:
            break;
    }
    return "";
}

std::string amount_unit(Kind kind) {
    switch (kind) {
        case Kind::kLatencyMean:
        case Kind::kLatencyP95:
            return "s";
        case Kind::kMemory:
            return "B";
        case Kind::kThroughput:
            return "requests/s";
        case Kind::kMaxNodes:
            return "nodes";
        case Kind::kOther:
            break;
    }
    return "";
}

std::string relax_word(Kind kind) { return kind == Kind::kThroughput ? "less" : "more"; }

std::string figure_text(const FigureRange& range, double value) {
    if (range.unit == FigureRange::Unit::kIntensity) return intensity_text(CarbonIntensity(value));
    return value > 0 ? bandwidth_text(BytesPerSecond(value)) : "not limited";
}

double more_percent(const Explanation& explanation, double value) {
    return explanation.best_value > 0 ? 100 * (value - explanation.best_value) / explanation.best_value : 0.0;
}

std::string plan_sentence(const PlanningProblem& problem, const std::string& name, const Explanation& explanation) {
    const Objective objective = problem.objective;
    const std::string subject =
        fmt::format("{} ({}) takes {} a request", name, placement_text(problem.cluster, explanation.plan),
                    value_text(objective, explanation.plan_value));
    const std::string proven = explanation.proven ? "proven" : "as far as the search went";
    if (explanation.plan_is_best) {
        return fmt::format("{}, the least {} within its limits ({}).", subject, name_of(objective), proven);
    }
    const std::string best =
        fmt::format("the best plan ({}) takes {}", placement_text(problem.cluster, explanation.best),
                    value_text(objective, explanation.best_value));
    if (!explanation.broken.empty()) {
        return fmt::format("{} but breaks {}; {} and is explained here.", subject, fmt::join(explanation.broken, "; "),
                           best);
    }
    return fmt::format("{}; {}, {:.3g} % less, and is explained here.", subject, best,
                       100 * (explanation.plan_value - explanation.best_value) / explanation.plan_value);
}

std::string limit_sentence(Objective objective, const Explanation& explanation) {
    std::vector<std::string> parts;
    for (const LimitPrice& limit : explanation.limits) {
        if (!limit.binds) continue;
        if (limit.relaxed_by) {
            parts.push_back(fmt::format("{} binds: {} {} would save {}", limit.text,
                                        amount_text(limit.kind, *limit.relaxed_by), relax_word(limit.kind),
                                        value_text(objective, limit.saving)));
        } else {
            parts.push_back(
                fmt::format("{} binds: without it {} less", limit.text, value_text(objective, limit.saving)));
        }
    }
    if (parts.empty()) return "No limit binds: without any one of them the plan would be the same.";
    std::string text = fmt::format("{}.", fmt::join(parts, "; "));
    text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
    return text;
}

std::string change_sentence(const PlanningProblem& problem, const Explanation& explanation) {
    const Alternative& next = explanation.alternatives.front();
    std::string text = next.placement ? fmt::format("The next best plan ({}) takes {:.3g} % more",
                                                    placement_text(problem.cluster, *next.placement),
                                                    more_percent(explanation, next.value))
                                      : std::string("There is no other plan");
    // The figure that is nearest to changing it, by ratio.
    const FigureRange* nearest = nullptr;
    double least = 1e300;
    std::string where;
    for (const FigureRange& range : explanation.figures) {
        const auto consider = [&](const std::optional<double>& at, const std::string& word) {
            if (!at || !(range.now > 0) || !(*at > 0)) return;
            const double ratio = std::abs(std::log(*at / range.now));
            if (ratio >= least * (1 - 1e-6)) return;  // of equals the first
            least = ratio;
            nearest = &range;
            where = fmt::format("{} {}", word, figure_text(range, *at));
        };
        consider(range.below, "below");
        consider(range.above, "above");
    }
    if (nearest == nullptr) return text + "; no intensity or bandwidth alone would change the decision.";
    return text + fmt::format("; the nearest change: {} {} (now {}).", nearest->what, where,
                              figure_text(*nearest, nearest->now));
}

FactList decision_facts(Objective objective, const Explanation& explanation) {
    FactList facts{"decision", "The decision", {}};
    const Unit unit = unit_of(objective);
    facts.add("objective", "minimises", Unit::kText, name_of(objective));
    facts.add("plan_value", "the plan", unit, cell_of(objective, explanation.plan_value));
    facts.add("best_value", "the best", unit, cell_of(objective, explanation.best_value));
    facts.add("plan_is_best", "the plan is the best", Unit::kText,
              std::string(explanation.plan_is_best ? "yes" : "no"));
    facts.add("proven", "proven", Unit::kText, std::string(explanation.proven ? "yes" : "no"));
    facts.add("problems_solved", "problems solved", Unit::kCount,
              static_cast<std::int64_t>(explanation.problems_solved));
    return facts;
}

Table limit_table(const PlanningProblem& problem, const Explanation& explanation) {
    const Objective objective = problem.objective;
    const Unit unit = unit_of(objective);
    Table table{"limits", "What limits cost", {}, {}, {}};
    table.columns = {{"limit", "limit", Unit::kText, "", false},
                     {"binds", "binds", Unit::kText, "", false},
                     {"relax_by", "relax by", Unit::kText, "", false},
                     {"relax_by_exact", "exactly", Unit::kNumber, "exact", false},
                     {"exact_unit", "in", Unit::kText, "exact", false},
                     {"saving", "saves", unit, "saving", false},
                     {"price", "price", Unit::kNumber, "", false},
                     {"price_unit", "in", Unit::kText, "", false},
                     {"saving_without", "without it", unit, "saving", false},
                     {"placement", "the plan that comes in", Unit::kText, "", false}};
    for (const LimitPrice& limit : explanation.limits) {
        TableRow row(table);
        row.set("limit", limit.text).set("binds", std::string(limit.binds ? "yes" : "no"));
        if (limit.binds) {
            row.set("saving", cell_of(objective, limit.saving))
                .set("saving_without", cell_of(objective, limit.saving_without))
                .set("placement", placement_text(problem.cluster, limit.placement));
            if (limit.relaxed_by) {
                row.set("relax_by", amount_text(limit.kind, *limit.relaxed_by))
                    .set("relax_by_exact", *limit.relaxed_by)
                    .set("exact_unit", amount_unit(limit.kind));
            }
            if (const auto price = shown_price(objective, limit)) {
                row.set("price", price->number).set("price_unit", price->unit);
            }
        }
        row.add();
    }
    return table;
}

Table alternative_table(const PlanningProblem& problem, const Explanation& explanation) {
    const Objective objective = problem.objective;
    const std::string name = name_of(objective);
    const CostTable costs(problem);
    Table table{"alternatives", "Other plans", {}, {}, {}};
    table.columns = {{"what", "plan", Unit::kText, "", false},
                     {name, name, unit_of(objective), "", false},
                     {"more", "more", Unit::kPercent, "", true},
                     {"mean_latency", "mean latency", Unit::kTime, "", false},
                     {"placement", "placement", Unit::kText, "", false}};
    const auto add = [&](const std::string& what, const Placement& placement, double value) {
        TableRow(table)
            .set("what", what)
            .set(name, cell_of(objective, value))
            .set("more", more_percent(explanation, value))
            .set("mean_latency", to_nanoseconds(Seconds(cost_of(costs, placement).mean_latency())))
            .set("placement", placement_text(problem.cluster, placement))
            .add();
    };
    add("best", explanation.best, explanation.best_value);
    if (!explanation.plan_is_best) add("the plan", explanation.plan, explanation.plan_value);
    for (const Alternative& alternative : explanation.alternatives) {
        if (alternative.placement) {
            add(alternative.what, *alternative.placement, alternative.value);
        } else {
            TableRow(table).set("what", alternative.what + ": none").add();
        }
    }
    return table;
}

Table change_table(const PlanningProblem& problem, const Explanation& explanation) {
    Table table{"changes", "What would change the decision", {}, {}, {}};
    table.columns = {{"figure", "figure", Unit::kText, "", false},      {"now", "now", Unit::kText, "", false},
                     {"direction", "", Unit::kText, "", false},         {"at", "at", Unit::kText, "", false},
                     {"at_exact", "exactly", Unit::kNumber, "", false}, {"exact_unit", "in", Unit::kText, "", false},
                     {"placement", "then", Unit::kText, "", false}};
    for (const FigureRange& range : explanation.figures) {
        const std::string unit = range.unit == FigureRange::Unit::kIntensity ? "g/kWh" : "B/s";
        const auto add = [&](const std::string& direction, double at, const std::optional<Placement>& placement) {
            TableRow(table)
                .set("figure", range.what)
                .set("now", figure_text(range, range.now))
                .set("direction", direction)
                .set("at", figure_text(range, at))
                .set("at_exact", at)
                .set("exact_unit", unit)
                .set("placement",
                     placement ? placement_text(problem.cluster, *placement) : std::string("no plan meets the limits"))
                .add();
        };
        if (range.below) add("below", *range.below, range.below_placement);
        if (range.above) add("above", *range.above, range.above_placement);
        if (!range.below && !range.above) {
            TableRow(table)
                .set("figure", range.what)
                .set("now", figure_text(range, range.now))
                .set("direction", std::string("never"))
                .add();
        }
    }
    return table;
}

Table node_table(const PlanningProblem& problem, const Explanation& explanation) {
    const Objective objective = problem.objective;
    Table table{"nodes", "Why each node is used or not", {}, {}, {}};
    table.columns = {{"node", "node", Unit::kText, "", false},
                     {"used", "used", Unit::kText, "", false},
                     {"reason", "why", Unit::kText, "", false},
                     {name_of(objective), "otherwise", unit_of(objective), "", false},
                     {"placement", "placement", Unit::kText, "", false}};
    for (const NodeReason& node : explanation.nodes) {
        TableRow row(table);
        row.set("node", node.node).set("used", std::string(node.used ? "yes" : "no")).set("reason", node.reason);
        if (node.placement) {
            row.set(name_of(objective), cell_of(objective, node.value))
                .set("placement", placement_text(problem.cluster, *node.placement));
        }
        row.add();
    }
    return table;
}

}  // namespace

Document describe_explanation(const PlanningProblem& problem, const std::string& plan_name,
                              const Explanation& explanation) {
    Document document{"explanation", fmt::format("Why {}", plan_name), {}, {}, {}};
    document.opening = {plan_sentence(problem, plan_name, explanation), limit_sentence(problem.objective, explanation),
                        change_sentence(problem, explanation)};
    document.sections.emplace_back(decision_facts(problem.objective, explanation));
    document.sections.emplace_back(limit_table(problem, explanation));
    document.sections.emplace_back(alternative_table(problem, explanation));
    document.sections.emplace_back(change_table(problem, explanation));
    document.sections.emplace_back(node_table(problem, explanation));
    if (problem.objective == Objective::kScore) {
        document.notes.emplace_back("the references of the score are held where they are, whatever figure moves");
    }
    for (const std::string& note : carbon_notes(problem.cluster)) document.notes.push_back(note);
    document.notes.push_back(fmt::format("idle policy {}", idle_policy_name(problem.cluster.idle_policy)));
    return document;
}

}  // namespace carbonedge
