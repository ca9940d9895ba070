#include "lib/report/runs_in_series.h"

#include <fmt/format.h>
#include <algorithm>

namespace carbonedge {
namespace {

struct Window {
    UtcSeconds from;
    UtcSeconds to;
};

/// From start to end, a second at least: series know no shorter time.
std::optional<Window> window_of(const RunLog& run) {
    const auto from = parse_utc(run.header.date_utc);
    if (!from || !run.end) return std::nullopt;
    const auto length = std::chrono::ceil<std::chrono::seconds>(run.end->wall);
    return Window{*from, *from + std::max(length, std::chrono::seconds(1))};
}

void add_node(Table& table, const IntensitySeries& series, const Subject& subject, const NodeRecord& record,
              const Window& window, const SeriesPolicy& policy) {
    const auto index = find_node(subject.plan.cluster, record.node);
    if (!index) return;
    const Node& node = subject.plan.cluster.nodes[index->value()];
    if (node.zone != series.origin().zone) return;
    const std::string signal(signal_name(series.origin().signal));
    const std::string scope(scope_name(series.origin().scope));
    if (node.intensity_signal != signal || node.intensity_scope != scope) {
        table.notes.push_back(
            fmt::format("{}, node {}: its plan counts {} and {}, the series is {} and {}: not comparable", subject.name,
                        node.name, node.intensity_signal, node.intensity_scope, signal, scope));
        return;
    }
    const IntensityAnswer answer = series.mean(window.from, window.to, policy);
    if (const auto* none = std::get_if<NoIntensity>(&answer)) {
        table.notes.push_back(fmt::format("{}, node {}: {}", subject.name, node.name, none->reason));
        return;
    }
    const CarbonIntensity mean = std::get<CarbonIntensity>(answer);
    const Joules joules = record.compute_energy.joules + record.transport_energy.joules + record.idle_energy;
    TableRow(table)
        .set("run", subject.name)
        .set("node", node.name)
        .set("from", utc_text(window.from))
        .set("to", utc_text(window.to))
        .set("energy", joules)
        .set("planned", node.intensity)
        .set("mean", mean)
        .set("recorded_carbon", record.compute_grams + record.transport_grams + record.idle_grams)
        .set("carbon", joules * mean)
        .add();
}

}  // namespace

Table runs_in_series(const IntensitySeries& series, std::span<const Subject> subjects, const SeriesPolicy& policy) {
    Table table{"runs",
                "Runs by the electricity of their time",
                {{"run", "run", Unit::kText, "", false},
                 {"node", "node", Unit::kText, "", false},
                 {"from", "from", Unit::kText, "", false},
                 {"to", "to", Unit::kText, "", false},
                 {"energy", "energy", Unit::kEnergy, "", false},
                 {"planned", "intensity of the plan", Unit::kIntensity, "", false},
                 {"mean", "mean of its time", Unit::kIntensity, "", false},
                 {"recorded_carbon", "carbon by the plan's", Unit::kCarbon, "", false},
                 {"carbon", "carbon by its time", Unit::kCarbon, "", false}},
                {},
                {}};
    for (const Subject& subject : subjects) {
        if (!subject.run) continue;
        const auto window = window_of(*subject.run);
        if (!window) {
            table.notes.push_back(subject.name + ": the log does not say when the run began and ended");
            continue;
        }
        const std::size_t before = table.rows.size() + table.notes.size();
        for (const NodeRecord& record : subject.run->nodes) add_node(table, series, subject, record, *window, policy);
        if (table.rows.size() + table.notes.size() == before)
            table.notes.push_back(fmt::format("{}: no node lies in zone '{}'", subject.name, series.origin().zone));
    }
    if (!table.rows.empty())
        table.notes.emplace_back("operational carbon of the nodes, without links; joules spread evenly over the run");
    return table;
}

}  // namespace carbonedge
