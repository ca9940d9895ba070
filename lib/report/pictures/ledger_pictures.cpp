#include "lib/report/pictures/ledger_pictures.h"

#include "lib/report/cell_text.h"
#include "lib/report/comparison.h"
#include "lib/report/ledgers.h"
#include "lib/report/pictures/specifications.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>

namespace carbonedge {
namespace {

struct NamedCause {
    const char* name;
    GramsCo2e CauseSplit::*grams;
    char glyph;
};
constexpr std::array kCauses{NamedCause{"electricity", &CauseSplit::electricity, 'E'},
                             NamedCause{"time", &CauseSplit::time, 'T'}, NamedCause{"power", &CauseSplit::power, 'P'},
                             NamedCause{"transport and overhead", &CauseSplit::overhead, 'O'},
                             NamedCause{"embodied", &CauseSplit::embodied, 'M'}};

Ledger ledger_of(const Subject& subject) {
    if (subject.run) {
        if (auto ledger = recorded_ledger(*subject.run, subject.plan, subject.name)) return *ledger;
    }
    return predicted_ledger(subject.plan, subject.name);
}

/// Steps that go on where the one before ended.
class Waterfall {
public:
    void step(std::string name, GramsCo2e grams) {
        add(std::move(name), grams.value() >= 0 ? "more" : "less", at_, at_ + grams, grams);
        at_ += grams;
    }
    void total(std::string name, GramsCo2e grams) {
        add(std::move(name), "total", GramsCo2e(0), grams, grams);
        at_ = grams;
    }

    [[nodiscard]] Picture picture() const {
        Picture picture;
        RowPlot plot;
        double high = 0;
        for (const auto& row : table_.rows) {
            const double from = std::get<GramsCo2e>(row[2]).value();
            const double to = std::get<GramsCo2e>(row[3]).value();
            const auto& effect = std::get<std::string>(row[1]);
            const char glyph = effect == "total" ? '=' : effect == "more" ? '+' : '-';
            const std::string sign = effect == "more" ? "+" : "";
            plot.rows.push_back({std::get<std::string>(row[0]),
                                 {{std::min(from, to), std::max(from, to), glyph}},
                                 {},
                                 sign + fact_text(row[4], Unit::kCarbon)});
            high = std::max({high, from, to});
        }
        plot.rule = 0;
        plot.low_text = "0";
        plot.high_text = fact_text(Cell(GramsCo2e(high)), Unit::kCarbon);
        picture.plot = std::move(plot);
        const AxisUnit unit = axis_unit(table_, {"from", "to"});
        picture.specification = SpecificationText(waterfall_specification)
                                    .set("carbon", unit, "CO2e of one inference")
                                    .set("end_of_bars", high / unit.divisor)
                                    .text();
        picture.numbers = {table_};
        return picture;
    }

private:
    void add(std::string name, const char* effect, GramsCo2e from, GramsCo2e to, GramsCo2e grams) {
        table_.add_row({std::move(name), std::string(effect), from, to, grams});
    }

    Table table_{"waterfall",
                 "Waterfall",
                 {{"step", "step", Unit::kText, "", false},
                  {"effect", "effect", Unit::kText, "", false},
                  {"from", "from", Unit::kCarbon, "", false},
                  {"to", "to", Unit::kCarbon, "", false},
                  {"carbon", "carbon", Unit::kCarbon, "", true}},
                 {},
                 {}};
    GramsCo2e at_{0};
};

}  // namespace

Picture ledger_picture(const Subject& subject) {
    const Ledger ledger = ledger_of(subject);
    Waterfall waterfall;
    for (const LedgerEntry& entry : ledger.entries) {
        waterfall.step(fmt::format("{}, {}", ledger_kind_name(entry.kind), entry.place), entry.grams);
    }
    waterfall.total("total", total_grams(ledger));
    Picture picture = waterfall.picture();
    picture.name = "ledger";
    picture.title = "What one inference emits, line by line";
    picture.caption = fmt::format("The lines of the ledger of {} add up to its total{}.", subject.name,
                                  subject.run ? "" : " (predicted)");
    return picture;
}

Picture waterfall_picture(std::span<const Subject> subjects, std::size_t baseline) {
    std::size_t best = baseline == 0 ? 1 : 0;
    for (std::size_t i = 0; i < subjects.size(); ++i) {
        if (i == baseline) continue;
        if (total_grams(ledger_of(subjects[i])) < total_grams(ledger_of(subjects[best]))) best = i;
    }
    const Difference difference = difference_to(subjects[baseline], subjects[best]);
    Waterfall waterfall;
    waterfall.total(subjects[baseline].name, difference.baseline);
    for (const NamedCause& cause : kCauses) {
        if ((difference.causes.*cause.grams).value() != 0) waterfall.step(cause.name, difference.causes.*cause.grams);
    }
    waterfall.total(subjects[best].name, difference.baseline + difference.causes.total());
    Picture picture = waterfall.picture();
    picture.name = "waterfall";
    picture.title = fmt::format("From {} to {}, cause by cause", subjects[baseline].name, subjects[best].name);
    picture.caption = fmt::format(
        "What one inference emits under {}, what changes it, and what it emits under {} (by {}; Shapley values).",
        subjects[baseline].name, subjects[best].name, difference.basis);
    return picture;
}

Picture causes_picture(std::span<const Subject> subjects, std::size_t baseline) {
    Table causes{"causes",
                 "Causes",
                 {{"policy", "policy", Unit::kText, "", false},
                  {"cause", "cause", Unit::kText, "", false},
                  {"carbon", "carbon", Unit::kCarbon, "", true}},
                 {},
                 {}};
    Table differences{"differences",
                      "Differences",
                      {{"policy", "policy", Unit::kText, "", false}, {"carbon", "carbon", Unit::kCarbon, "", true}},
                      {},
                      {}};
    RowPlot plot;
    double low = 0;
    double high = 0;
    for (std::size_t i = 0; i < subjects.size(); ++i) {
        if (i == baseline) continue;
        const Difference difference = difference_to(subjects[baseline], subjects[i]);
        PlotRow row{subjects[i].name, {}, difference.causes.total().value(), ""};
        double up = 0;
        double down = 0;
        for (const NamedCause& cause : kCauses) {
            const GramsCo2e grams = difference.causes.*cause.grams;
            causes.add_row({subjects[i].name, std::string(cause.name), grams});
            if (grams.value() == 0) continue;
            double& end = grams.value() >= 0 ? up : down;
            row.segments.push_back(
                {std::min(end, end + grams.value()), std::max(end, end + grams.value()), cause.glyph});
            end += grams.value();
        }
        const Cell total(difference.causes.total());
        row.value =
            fmt::format("{}{}", difference.causes.total().value() > 0 ? "+" : "", fact_text(total, Unit::kCarbon));
        low = std::min(low, down);
        high = std::max(high, up);
        differences.add_row({subjects[i].name, difference.causes.total()});
        plot.rows.push_back(std::move(row));
    }
    Picture picture;
    picture.name = "causes";
    picture.title = fmt::format("Why each policy differs from {}", subjects[baseline].name);
    picture.caption = fmt::format(
        "Grams of one inference more (right) or less (left) than under {}, by cause; the diamond is the sum.",
        subjects[baseline].name);
    for (const NamedCause& cause : kCauses) plot.legend.emplace_back(cause.glyph, cause.name);
    plot.rule = 0;
    plot.low_text = fact_text(Cell(GramsCo2e(low)), Unit::kCarbon);
    plot.high_text = fact_text(Cell(GramsCo2e(high)), Unit::kCarbon);
    picture.plot = std::move(plot);
    picture.specification = SpecificationText(causes_specification)
                                .set("carbon", axis_unit(causes, {"carbon"}), "difference of CO2e")
                                .text();
    picture.numbers = {std::move(causes), std::move(differences)};
    return picture;
}

}  // namespace carbonedge
