#include "lib/base/quantile.h"
#include "lib/report/descriptions.h"
#include "lib/report/opening.h"
#include "lib/report/sampled_rounds.h"

#include <fmt/format.h>
#include <algorithm>
#include <optional>
#include <vector>

namespace carbonedge {
namespace {

Cell time_cell(double seconds) { return to_nanoseconds(Seconds(seconds)); }

std::int64_t passes_of(const SampleRound& round) {
    return static_cast<std::int64_t>(round.subjects.front().whole.size());
}

double median_of(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.empty() ? 0.0 : quantile(values, 0.5);
}

}  // namespace

Document describe_samples(const Samples& samples) {
    const bool pair = samples.subjects.size() == 2;
    const Profile& current = samples.subjects.back();
    Document document{"samples", fmt::format("Rounds of {}", current.model_name), {}, {}, {}};
    FactList facts{"samples", "", {}};
    if (pair) facts.add("baseline_model", "baseline", Unit::kText, samples.subjects.front().model_name);
    facts.add("model", pair ? "current" : "model", Unit::kText, current.model_name);
    facts.add("rounds", "rounds", Unit::kCount, static_cast<std::int64_t>(samples.rounds.size()));
    facts.add("inputs", "inputs", Unit::kText, current.inputs.empty() ? std::string() : current.inputs.front());
    facts.add("threads", "threads", Unit::kCount, static_cast<std::int64_t>(current.threads));
    facts.add("cpu", "CPU", Unit::kText, current.cpu);
    document.sections.emplace_back(std::move(facts));

    Table table{"rounds", "Rounds", {}, {}, {}};
    table.columns = {{"round", "round", Unit::kCount, "", false},
                     {"date_utc", "date (UTC)", Unit::kText, "when", false},
                     {"passes", "passes", Unit::kCount, "when", false},
                     {"control", "control kernel", Unit::kTime, "when", false},
                     {"baseline_cpu", "baseline CPU", Unit::kTime, "time", false},
                     {"current_cpu", "CPU", Unit::kTime, "time", false},
                     {"change", "change", Unit::kPercent, "time", true}};
    const RoundValues values = round_values(samples, samples.subjects.size() - 1, true);
    const RoundValues before = round_values(samples, 0, true);
    for (std::size_t i = 0; i < samples.rounds.size(); ++i) {
        TableRow row(table);
        row.set("round", static_cast<std::int64_t>(i));
        row.set("date_utc", samples.rounds[i].date_utc);
        row.set("passes", passes_of(samples.rounds[i]));
        row.set("control", samples.rounds[i].control);
        row.set("current_cpu", time_cell(values.cpu_time[i]));
        if (pair && before.cpu_time[i] > 0) {
            row.set("baseline_cpu", time_cell(before.cpu_time[i]));
            row.set("change", 100 * (values.cpu_time[i] / before.cpu_time[i] - 1));
        }
        row.add();
    }
    if (pair) table.notes.emplace_back("report --gate says whether the change is one");
    document.sections.emplace_back(std::move(table));
    document.opening = opening_of_samples(samples, median_of(values.cpu_time),
                                          pair ? std::optional(median_of(before.cpu_time)) : std::nullopt);
    return document;
}

}  // namespace carbonedge
