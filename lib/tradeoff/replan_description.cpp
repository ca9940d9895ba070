#include "lib/tradeoff/replan_description.h"

#include "lib/tradeoff/plain_numbers.h"
#include "lib/units/text.h"

#include <fmt/format.h>

namespace carbonedge {
namespace {

std::string value_name(Objective objective) { return std::string(objective_name(objective)); }

std::string times_text(std::int64_t count) {
    if (count == 0) return "never";
    return count == 1 ? "once" : fmt::format("{} times", count);
}

bool counts_moving(Objective objective) { return objective == Objective::kCarbon || objective == Objective::kEnergy; }

double moving_value(Objective objective, const MoveAccount& account) {
    return objective == Objective::kEnergy ? account.joules.value() : account.grams.value();
}

std::string verdict_sentence(const std::string& plan_name, const MoveDecision& decision) {
    switch (decision.verdict) {
        case MoveVerdict::kMove:
            return fmt::format("Move from {}: the new plan {}.", plan_name, decision.reason);
        case MoveVerdict::kMustMove:
            return fmt::format("{} must move: {}.", plan_name, decision.reason);
        case MoveVerdict::kStay:
            return fmt::format("{} stays: {}.", plan_name,
                               decision.reason == "nothing saves more than what runs"
                                   ? decision.reason
                                   : "the best plan " + decision.reason);
    }
    return "";
}

std::string cost_sentence(Objective objective, const MoveDecision& decision) {
    const MoveAccount& account = decision.account;
    std::string text;
    if (decision.running_value) {
        text = fmt::format("A request takes {} as it runs and {} at best; ",
                           value_text(objective, *decision.running_value), value_text(objective, decision.best_value));
    }
    if (account.moves.empty()) return text + "no node would get another stage.";
    return text + fmt::format("moving ships {} of weights to {} node{}, takes {}, and costs {} and {}.",
                              bytes_text(account.weights), account.moves.size(), account.moves.size() == 1 ? "" : "s",
                              duration_text(account.downtime), energy_text(account.joules),
                              value_text(Objective::kCarbon, account.grams.value()));
}

std::string policy_sentence(Objective objective, const MovePolicy& policy) {
    std::string text = fmt::format("A move has to save at least {:.3g} %", 100 * policy.least_saving);
    if (counts_moving(objective)) {
        text += fmt::format(" and to be paid back within {} at {:.3g} requests a second", span_text(policy.payback),
                            policy.requests_per_second);
    }
    return text + ".";
}

FactList decision_facts(Objective objective, const MoveDecision& decision, const MovePolicy& policy) {
    const std::string name = value_name(objective);
    const Unit unit = unit_of(objective);
    FactList facts{"decision", "The decision", {}};
    facts.add("verdict", "verdict", Unit::kText, std::string(verdict_name(decision.verdict)));
    facts.add("reason", "reason", Unit::kText, decision.reason);
    facts.add("running_" + name, "running: " + name, unit,
              decision.running_value ? cell_of(objective, *decision.running_value) : Cell());
    facts.add("best_" + name, "best: " + name, unit, cell_of(objective, decision.best_value));
    facts.add("saving", "saving", Unit::kPercent, decision.running_value ? Cell(100 * decision.saving()) : Cell());
    facts.add("running_latency", "running: latency", Unit::kTime,
              decision.running_cost ? Cell(to_nanoseconds(Seconds(decision.running_cost->mean_latency()))) : Cell());
    facts.add("best_latency", "best: latency", Unit::kTime, to_nanoseconds(Seconds(decision.best_cost.mean_latency())));
    facts.add("moving_weights", "moving: weights", Unit::kSize, decision.account.weights);
    facts.add("moving_time", "moving: time", Unit::kTime, to_nanoseconds(decision.account.downtime));
    facts.add("moving_energy", "moving: energy", Unit::kEnergy, decision.account.joules);
    facts.add("moving_carbon", "moving: carbon", Unit::kCarbon, decision.account.grams);
    facts.add("payback", "paid back after", Unit::kTime,
              decision.payback && decision.payback->count() < 9e9 ? Cell(to_nanoseconds(*decision.payback)) : Cell());
    if (decision.payback) {
        facts.add("payback_requests", "paid back after requests", Unit::kNumber,
                  decision.payback->count() * policy.requests_per_second);
    }
    facts.add("rate", "rate", Unit::kPerSecond, policy.requests_per_second);
    facts.add("least_saving", "least saving", Unit::kPercent, 100 * policy.least_saving);
    facts.add("payback_limit", "payback limit", Unit::kTime, to_nanoseconds(policy.payback));
    return facts;
}

Table stage_changes(const Cluster& cluster, const RunningPipeline& running, const Placement& best,
                    const MoveDecision& decision) {
    Table table{"changes", "What every node would do", {}, {}, {}};
    table.columns = {{"node", "node", Unit::kText, "", false},       {"change", "change", Unit::kText, "", false},
                     {"before", "before", Unit::kText, "", false},   {"after", "after", Unit::kText, "", false},
                     {"weights", "weights", Unit::kSize, "", false}, {"time", "time", Unit::kTime, "", false},
                     {"energy", "energy", Unit::kEnergy, "", false}, {"carbon", "carbon", Unit::kCarbon, "", false}};
    const auto layers_text = [](LayerRange layers) { return fmt::format("{}-{}", layers.first, layers.end - 1); };
    const auto before = [&](const std::string& node) -> Cell {
        for (const RunningStage& stage : running) {
            if (stage.node == node) return layers_text(stage.layers);
        }
        return {};
    };
    for (const PlacedStage& stage : best) {
        const std::string& node = cluster.nodes[stage.node].name;
        TableRow row(table);
        row.set("node", node).set("before", before(node)).set("after", layers_text(stage.layers));
        bool changed = false;
        for (const StageMove& move : decision.account.moves) {
            if (move.node != node) continue;
            changed = true;
            row.set("weights", move.weights)
                .set("time", to_nanoseconds(move.time))
                .set("energy", move.joules)
                .set("carbon", move.grams);
        }
        row.set("change", std::string(changed ? "gets a stage" : "keeps its stage")).add();
    }
    for (const std::string& node : decision.account.released) {
        TableRow(table).set("node", node).set("before", before(node)).set("change", std::string("released")).add();
    }
    return table;
}

struct Totals {
    double first = 0;
    bool first_allowed = true;
    double policy = 0;
    double best = 0;
    double moving = 0;
    std::int64_t moves = 0;
};

Totals totals_of(const std::vector<WalkedStep>& steps, Objective objective, double requests) {
    Totals totals;
    for (const WalkedStep& step : steps) {
        totals.first_allowed = totals.first_allowed && step.first_value.has_value();
        totals.first += step.first_value.value_or(0) * requests;
        totals.policy += step.value * requests;
        totals.best += step.lower_bound * requests;
        if (step.decision.verdict == MoveVerdict::kStay) continue;
        totals.moving += moving_value(objective, step.decision.account);
        ++totals.moves;
    }
    return totals;
}

Table step_table(const PlanningProblem& problem, const std::vector<WalkedStep>& steps,
                 const std::vector<UtcSeconds>& times) {
    const Objective objective = problem.objective;
    const std::string name = value_name(objective);
    const Unit unit = unit_of(objective);
    Table table{"steps", "The steps", {}, {}, {}};
    table.columns = {{"start_utc", "from", Unit::kText, "", false},
                     {"verdict", "verdict", Unit::kText, "", false},
                     {"running_" + name, "running", unit, name, false},
                     {"best_" + name, "best", unit, name, false},
                     {"saving", "saving", Unit::kPercent, "", false},
                     {"moving_carbon", "moving costs", Unit::kCarbon, "", false},
                     {"payback", "paid back after", Unit::kTime, "", false},
                     {"proven", "proven", Unit::kText, "", false},
                     {"placement", "in force", Unit::kText, "", false}};
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const WalkedStep& step = steps[i];
        const MoveDecision& decision = step.decision;
        TableRow row(table);
        row.set("start_utc", utc_text(times[i]))
            .set("verdict", std::string(verdict_name(decision.verdict)))
            .set("best_" + name, cell_of(objective, decision.best_value))
            .set("moving_carbon", decision.account.grams)
            .set("proven", std::string(step.proven ? "yes" : "no"))
            .set("placement", placement_text(problem.cluster, step.placement));
        if (decision.running_value) {
            row.set("running_" + name, cell_of(objective, *decision.running_value))
                .set("saving", 100 * decision.saving());
        }
        if (decision.payback && decision.payback->count() < 9e9) row.set("payback", to_nanoseconds(*decision.payback));
        row.add();
    }
    return table;
}

}  // namespace

Document describe_move(const PlanningProblem& problem, const std::string& plan_name, const RunningPipeline& running,
                       const Placement& best, const MoveDecision& decision, const MovePolicy& policy) {
    Document document{"update", fmt::format("Whether to move {}", plan_name), {}, {}, {}};
    document.opening = {verdict_sentence(plan_name, decision), cost_sentence(problem.objective, decision),
                        policy_sentence(problem.objective, policy)};
    document.sections.emplace_back(decision_facts(problem.objective, decision, policy));
    document.sections.emplace_back(stage_changes(problem.cluster, running, best, decision));
    return document;
}

Document describe_walk(const PlanningProblem& problem, const std::string& plan_name,
                       const std::vector<WalkedStep>& steps, const std::vector<UtcSeconds>& times,
                       std::chrono::seconds step, const MovePolicy& policy) {
    const Objective objective = problem.objective;
    const double requests = policy.requests_per_second * static_cast<double>(step.count());
    const Totals totals = totals_of(steps, objective, requests);
    Document document{"update", fmt::format("{} through {} steps", plan_name, steps.size()), {}, {}, {}};
    const bool summed = counts_moving(objective);
    FactList facts{"totals", "Totals", {}};
    const Unit unit = unit_of(objective);
    facts.add("steps", "steps", Unit::kCount, static_cast<std::int64_t>(steps.size()));
    facts.add("moves", "moves", Unit::kCount, totals.moves);
    if (summed) {
        const auto total = [&](double value) { return cell_of(objective, value); };
        const double with_moves = totals.policy + totals.moving;
        facts.add("held", "the running plan held", unit, totals.first_allowed ? total(totals.first) : Cell());
        facts.add("policy", "this policy, moves included", unit, total(with_moves));
        facts.add("moves_cost", "of which moves", unit, total(totals.moving));
        facts.add("best", "no schedule emits less than", unit, total(totals.best));
        document.opening.push_back(fmt::format(
            "Over {} steps of {} the policy moves {} and comes to {}{}.", steps.size(),
            span_text(Seconds(static_cast<double>(step.count()))), times_text(totals.moves),
            value_text(objective, with_moves),
            totals.first_allowed && totals.first > 0
                ? fmt::format(", {:.3g} % {} than the running plan held all along",
                              100 * std::abs(totals.first - with_moves) / totals.first,
                              with_moves <= totals.first ? "less" : "more")
                : std::string(totals.first_allowed ? "" : "; the running plan would not be allowed all along")));
        document.opening.push_back(
            fmt::format("No schedule can come to less than {}, moves for free: {} is {:.3g} % above it.",
                        value_text(objective, totals.best), value_text(objective, with_moves),
                        totals.best > 0 ? 100 * (with_moves - totals.best) / totals.best : 0.0));
    } else {
        document.opening.push_back(
            fmt::format("Over {} steps the policy moves {}.", steps.size(), times_text(totals.moves)));
    }
    document.opening.push_back(policy_sentence(objective, policy));
    document.sections.emplace_back(std::move(facts));
    document.sections.emplace_back(step_table(problem, steps, times));
    return document;
}

}  // namespace carbonedge
