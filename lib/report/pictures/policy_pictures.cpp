#include "lib/report/pictures/policy_pictures.h"

#include "lib/report/cell_text.h"
#include "lib/report/ledgers.h"
#include "lib/report/pictures/specifications.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

constexpr std::size_t kLabelsAtMost = 12;

/// A number with its interval, where they are known.
template <class Quantity>
struct Estimate {
    Quantity value{};
    std::optional<Quantity> low;
    std::optional<Quantity> high;
};

struct Outcome {
    Estimate<Nanoseconds> latency;
    Estimate<GramsCo2e> carbon;
    bool latency_run = false;
    bool carbon_run = false;
};

Nanoseconds in_nanoseconds(double seconds) { return to_nanoseconds(Seconds(seconds)); }

Outcome outcome_of(const Subject& subject, std::uint64_t seed) {
    Outcome outcome;
    outcome.latency.value = subject.plan.predicted.latency_mean;
    outcome.carbon.value = subject.plan.predicted.parts.grams();
    if (!subject.run) return outcome;
    if (const auto latency = run_latency(*subject.run, seed)) {
        outcome.latency.value = in_nanoseconds(latency->mean);
        outcome.latency_run = true;
        if (latency->mean_interval) {
            outcome.latency.low = in_nanoseconds(latency->mean_interval->low);
            outcome.latency.high = in_nanoseconds(latency->mean_interval->high);
        }
    }
    if (const auto ledger = recorded_ledger(*subject.run, subject.plan, subject.name)) {
        outcome.carbon.value = total_grams(*ledger);
        outcome.carbon_run = true;
        if (const auto spread = energy_spread(*subject.run, *ledger, seed)) {
            outcome.carbon.low = GramsCo2e(spread->grams.low);
            outcome.carbon.high = GramsCo2e(spread->grams.high);
        }
    }
    return outcome;
}

bool on_front(const std::vector<Outcome>& outcomes, std::size_t index) {
    const Outcome& one = outcomes[index];
    return std::none_of(outcomes.begin(), outcomes.end(), [&](const Outcome& other) {
        const bool no_worse = other.latency.value <= one.latency.value && !(one.carbon.value < other.carbon.value);
        const bool better = other.latency.value < one.latency.value || other.carbon.value < one.carbon.value;
        return no_worse && better;
    });
}

/// Whether two points would share a label's place: closer than a fiftieth of what all points span, both ways.
bool same_place(const std::vector<Outcome>& outcomes, std::size_t a, std::size_t b) {
    const auto close = [&](auto value) {
        double low = value(outcomes[a]);
        double high = low;
        for (const Outcome& outcome : outcomes) {
            low = std::min(low, value(outcome));
            high = std::max(high, value(outcome));
        }
        return std::abs(value(outcomes[a]) - value(outcomes[b])) <= (high - low) / 50;
    };
    return close([](const Outcome& outcome) { return to_seconds(outcome.latency.value).count(); }) &&
           close([](const Outcome& outcome) { return outcome.carbon.value.value(); });
}

/// What is written beside each point: the names of the front and of the baseline, those of one place at its first
/// point.
std::vector<std::string> labels_of(std::span<const Subject> subjects, const std::vector<Outcome>& outcomes,
                                   std::size_t baseline) {
    std::vector<std::string> labels(subjects.size());
    std::size_t named = 0;
    for (std::size_t i = 0; i < subjects.size(); ++i) {
        if (i != baseline && (!on_front(outcomes, i) || named++ >= kLabelsAtMost)) continue;
        std::size_t at = 0;
        while (at < i && (labels[at].empty() || !same_place(outcomes, at, i))) ++at;
        labels[at] += (labels[at].empty() ? "" : ", ") + subjects[i].name;
    }
    return labels;
}

char letter_of(std::size_t index) { return static_cast<char>(index < 26 ? 'A' + index : 'a' + (index - 26) % 26); }

PointPlot point_plot(std::span<const Subject> subjects, const std::vector<Outcome>& outcomes, const AxisUnit& latency,
                     const AxisUnit& carbon) {
    PointPlot plot;
    plot.x_title = latency.titled("mean latency");
    plot.y_title = carbon.titled("CO2e of one inference");
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        const double x = static_cast<double>(outcomes[i].latency.value.count()) / latency.divisor;
        const double y = outcomes[i].carbon.value.value() / carbon.divisor;
        plot.points.push_back({x, y, letter_of(i)});
        plot.legend.emplace_back(
            letter_of(i), fmt::format("{}{}: {:.3g} {}, {:.3g} {}", subjects[i].name,
                                      on_front(outcomes, i) ? " (on the front)" : "", x, latency.unit, y, carbon.unit));
    }
    return plot;
}

struct PredictionTables {
    Table latency{"latency",
                  "Latency, predicted and run",
                  {{"what", "what", Unit::kText, "", false},
                   {"predicted", "predicted", Unit::kTime, "", false},
                   {"run", "run", Unit::kTime, "", false},
                   {"run_low", "95 % low", Unit::kTime, "", false},
                   {"run_high", "95 % high", Unit::kTime, "", false}},
                  {},
                  {}};
    Table carbon{"carbon",
                 "Carbon, predicted and run",
                 {{"what", "what", Unit::kText, "", false},
                  {"predicted", "predicted", Unit::kCarbon, "", false},
                  {"run", "run", Unit::kCarbon, "", false},
                  {"run_low", "95 % low", Unit::kCarbon, "", false},
                  {"run_high", "95 % high", Unit::kCarbon, "", false}},
                 {},
                 {}};

    void add_policy(const Subject& subject, std::uint64_t seed) {
        const Outcome outcome = outcome_of(subject, seed);
        TableRow times(latency);
        times.set("what", subject.name).set("predicted", subject.plan.predicted.latency_mean);
        if (outcome.latency_run) times.set("run", outcome.latency.value);
        times.set("run_low", to_cell(outcome.latency.low)).set("run_high", to_cell(outcome.latency.high)).add();
        TableRow grams(carbon);
        grams.set("what", subject.name).set("predicted", subject.plan.predicted.parts.grams());
        if (outcome.carbon_run) grams.set("run", outcome.carbon.value);
        grams.set("run_low", to_cell(outcome.carbon.low)).set("run_high", to_cell(outcome.carbon.high)).add();
    }

    void add_single(const Subject& subject, std::uint64_t seed) {
        const Prediction& predicted = subject.plan.predicted;
        const auto spread = subject.run ? run_latency(*subject.run, seed) : std::nullopt;
        const auto add = [&](const char* name, Nanoseconds expected, double Spread::*value,
                             std::optional<Interval> Spread::*interval) {
            TableRow row(latency);
            row.set("what", std::string(name)).set("predicted", expected);
            if (spread) {
                row.set("run", in_nanoseconds((*spread).*value));
                if (const auto& bounds = (*spread).*interval) {
                    row.set("run_low", in_nanoseconds(bounds->low)).set("run_high", in_nanoseconds(bounds->high));
                }
            }
            row.add();
        };
        add("mean latency", predicted.latency_mean, &Spread::mean, &Spread::mean_interval);
        add("median", predicted.latency_p50, &Spread::median, &Spread::median_interval);
        add("95th percentile", predicted.latency_p95, &Spread::p95, &Spread::p95_interval);
        const Ledger planned = predicted_ledger(subject.plan, subject.name);
        const auto recorded =
            subject.run ? recorded_ledger(*subject.run, subject.plan, subject.name) : std::optional<Ledger>();
        const auto add_grams = [&](std::string_view name, std::optional<LedgerKind> kind) {
            const GramsCo2e expected = total_grams(planned, kind);
            if (kind && expected.value() == 0 && (!recorded || total_grams(*recorded, kind).value() == 0)) return;
            TableRow row(carbon);
            row.set("what", std::string(name)).set("predicted", expected);
            if (recorded) row.set("run", total_grams(*recorded, kind));
            const auto bounds = recorded && !kind ? energy_spread(*subject.run, *recorded, seed) : std::nullopt;
            if (bounds) row.set("run_low", GramsCo2e(bounds->grams.low)).set("run_high", GramsCo2e(bounds->grams.high));
            row.add();
        };
        for (const LedgerKind kind : {LedgerKind::kCompute, LedgerKind::kTransport, LedgerKind::kLink,
                                      LedgerKind::kIdle, LedgerKind::kEmbodied}) {
            add_grams(ledger_kind_name(kind), kind);
        }
        add_grams("total", {});
    }
};

RowPlot prediction_plot(const Table& latency) {
    RowPlot plot;
    double high = 0;
    for (const auto& row : latency.rows) {
        const double predicted = to_seconds(std::get<Nanoseconds>(row[1])).count();
        PlotRow line{std::get<std::string>(row[0]), {{0, predicted, '='}}, {}, ""};
        line.value = "predicted " + fact_text(row[1], Unit::kTime);
        high = std::max(high, predicted);
        if (const auto* run = std::get_if<Nanoseconds>(&row[2])) {
            line.mark = to_seconds(*run).count();
            line.value += ", run " + fact_text(row[2], Unit::kTime);
            high = std::max(high, *line.mark);
        }
        plot.rows.push_back(std::move(line));
    }
    plot.low_text = "0";
    plot.high_text = fact_text(Cell(in_nanoseconds(high)), Unit::kTime);
    plot.legend = {{'=', "predicted latency"}, {'O', "as run"}};
    return plot;
}

}  // namespace

Picture tradeoff_picture(std::span<const Subject> subjects, std::size_t baseline, std::span<const FrontPlan> exact,
                         std::uint64_t seed) {
    std::vector<Outcome> outcomes;
    for (const Subject& subject : subjects) outcomes.push_back(outcome_of(subject, seed));
    Table table{"tradeoff",
                "Latency and carbon",
                {{"policy", "policy", Unit::kText, "", false},
                 {"basis", "basis", Unit::kText, "", false},
                 {"front", "on the front", Unit::kText, "", false},
                 {"label", "label", Unit::kText, "", false},
                 {"latency", "mean latency", Unit::kTime, "", false},
                 {"latency_low", "95 % low", Unit::kTime, "", false},
                 {"latency_high", "95 % high", Unit::kTime, "", false},
                 {"carbon", "carbon", Unit::kCarbon, "", false},
                 {"carbon_low", "95 % low", Unit::kCarbon, "", false},
                 {"carbon_high", "95 % high", Unit::kCarbon, "", false}},
                {},
                {}};
    const std::vector<std::string> labels = labels_of(subjects, outcomes, baseline);
    for (std::size_t i = 0; i < subjects.size(); ++i) {
        const Outcome& outcome = outcomes[i];
        table.add_row({subjects[i].name, std::string(outcome.carbon_run ? "run" : "prediction"),
                       std::string(on_front(outcomes, i) ? "yes" : "no"), labels[i], outcome.latency.value,
                       to_cell(outcome.latency.low), to_cell(outcome.latency.high), outcome.carbon.value,
                       to_cell(outcome.carbon.low), to_cell(outcome.carbon.high)});
    }
    Picture picture;
    picture.name = "tradeoff";
    picture.title = "Latency against carbon";
    picture.caption =
        "One point a policy, by mean latency and grams of one inference; left and down is better. The dashed front "
        "joins "
        "those that no other policy beats in both; they and the baseline are named. Lines through points are 95 % "
        "intervals over the requests.";
    Table front{"exact",
                "Front of all plans, as predicted",
                {{"point", "point", Unit::kCount, "", false},
                 {"latency", "mean latency", Unit::kTime, "", false},
                 {"carbon", "carbon", Unit::kCarbon, "", false},
                 {"placement", "placement", Unit::kText, "", false}},
                {},
                {}};
    for (const FrontPlan& plan : exact) {
        front.add_row({static_cast<std::int64_t>(front.rows.size() + 1), plan.latency, plan.carbon, plan.placement});
    }
    if (!exact.empty()) {
        picture.caption += " The solid line is the exact front of all plans there are, as predicted.";
    }
    const AxisUnit latency = axis_unit(table, {"latency"});
    const AxisUnit carbon = axis_unit(table, {"carbon"});
    picture.plot = point_plot(subjects, outcomes, latency, carbon);
    picture.specification = SpecificationText(tradeoff_specification)
                                .set("latency", latency, "mean latency")
                                .set("carbon", carbon, "CO2e of one inference")
                                .text();
    picture.numbers = {std::move(table), std::move(front)};
    return picture;
}

Picture prediction_picture(std::span<const Subject> subjects, std::uint64_t seed) {
    PredictionTables tables;
    if (subjects.size() == 1) {
        tables.add_single(subjects.front(), seed);
    } else {
        for (const Subject& subject : subjects) tables.add_policy(subject, seed);
    }
    Picture picture;
    picture.name = "prediction";
    picture.title = "Predicted against measured";
    picture.caption =
        subjects.size() == 1
            ? "Latency, and the grams of one inference, as the plan predicts them and as the run recorded "
              "them; lines are 95 % intervals."
            : "Mean latency, and the grams of one inference, as each plan predicts them and as its run "
              "recorded them; lines are 95 % intervals.";
    picture.plot = prediction_plot(tables.latency);
    picture.specification = SpecificationText(prediction_specification)
                                .set("latency", axis_unit(tables.latency, {"predicted", "run"}), "latency")
                                .set("carbon", axis_unit(tables.carbon, {"predicted", "run"}), "CO2e of one inference")
                                .text();
    picture.numbers = {std::move(tables.latency), std::move(tables.carbon)};
    return picture;
}

}  // namespace carbonedge
