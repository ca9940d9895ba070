#include "lib/report/descriptions.h"
#include "lib/report/opening.h"
#include "lib/report/sections.h"

#include <fmt/format.h>
#include <algorithm>
#include <functional>
#include <numeric>

namespace carbonedge {
namespace {

struct CostModel {
    std::string key;
    std::string title;
    std::function<double(const LayerProfile&)> cost;
};

const std::vector<CostModel>& cost_models() {
    static const std::vector<CostModel> kModels{
        {"latency", "measured time", [](const LayerProfile& l) { return to_seconds(l.latency_median).count(); }},
        {"parameters", "parameters", [](const LayerProfile& l) { return static_cast<double>(l.parameters); }},
        {"macs", "MACs", [](const LayerProfile& l) { return static_cast<double>(l.macs); }},
        {"energy", "energy", [](const LayerProfile& l) { return l.energy ? l.energy->joules.value() : 0.0; }}};
    return kModels;
}

/// Share of the whole in percent, a stage each; empty where the cost is 0 everywhere (not measured).
std::vector<double> shares_of(const Partition& partition, const CostModel& model) {
    std::vector<double> shares;
    for (const LayerRange& stage : partition.stages) {
        const auto first = partition.profile.layers.begin() + static_cast<std::ptrdiff_t>(stage.first);
        const auto end = partition.profile.layers.begin() + static_cast<std::ptrdiff_t>(stage.end);
        shares.push_back(std::accumulate(
            first, end, 0.0, [&](double sum, const LayerProfile& layer) { return sum + model.cost(layer); }));
    }
    const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
    if (total == 0) return {};
    for (double& share : shares) share *= 100 / total;
    return shares;
}

double target_percent(const Partition& partition, std::size_t stage) {
    if (stage < partition.target_shares.size()) return partition.target_shares[stage] * 100;
    return 100 / static_cast<double>(partition.stages.size());
}

/// How much longer the worst stage is than it should be: max share / target - 1, in percent.
double imbalance_percent(const Partition& partition, const std::vector<double>& shares) {
    double worst = 0;
    for (std::size_t i = 0; i < shares.size(); ++i) {
        const double target = target_percent(partition, i);
        if (target > 0) worst = std::max(worst, shares[i] / target);
    }
    return (worst - 1) * 100;
}

}  // namespace

Document describe_partition(const Partition& partition) {
    Document document{"partition", fmt::format("Partition of {}", partition.profile.model_name), {}, {}};
    FactList facts{"partition", "", {}};
    facts.add("method", "method", Unit::kText, partition.method);
    facts.add("by", "balances", Unit::kText, partition.by);
    facts.add("stages", "stages", Unit::kCount, static_cast<std::int64_t>(partition.stages.size()));

    Table table{"stages", "Stages", {}, {}, {}};
    table.columns = {
        {"stage", "stage", Unit::kCount, "", false}, {"layers", "layers", Unit::kText, "", false},
        {"rows", "rows", Unit::kCount, "", false},   {"input", "input", Unit::kSize, "", false},
        {"latency", "time", Unit::kTime, "", false}, {"target_share", "target", Unit::kPercent, "shares", false}};
    std::vector<std::vector<double>> shares;
    for (const CostModel& model : cost_models()) {
        table.columns.push_back({model.key + "_share", model.title, Unit::kPercent, "shares", false});
        shares.push_back(shares_of(partition, model));
        if (!shares.back().empty()) {
            facts.add("imbalance_by_" + model.key, "imbalance by " + model.title, Unit::kPercent,
                      imbalance_percent(partition, shares.back()));
        }
    }
    const std::vector<Cut> cuts = find_cuts(partition.profile);
    for (std::size_t i = 0; i < partition.stages.size(); ++i) {
        const LayerRange& stage = partition.stages[i];
        Nanoseconds time{0};
        for (std::size_t row = stage.first; row < stage.end; ++row)
            time += partition.profile.layers[row].latency_median;
        TableRow row(table);
        row.set("stage", static_cast<std::int64_t>(i))
            .set("layers", layers_text(partition.profile, stage))
            .set("rows", static_cast<std::int64_t>(stage.size()))
            .set("input", cuts.at(stage.first).bytes)
            .set("latency", time)
            .set("target_share", target_percent(partition, i));
        for (std::size_t model = 0; model < shares.size(); ++model) {
            if (!shares[model].empty()) row.set(cost_models()[model].key + "_share", shares[model][i]);
        }
        row.add();
    }
    table.notes.emplace_back("imbalance: largest share / target - 1; measured time decides how long stages run");
    document.opening = opening_of_partition(
        partition, shares.front().empty() ? std::nullopt : std::optional(imbalance_percent(partition, shares.front())));
    document.sections.emplace_back(std::move(facts));
    document.sections.emplace_back(std::move(table));
    return document;
}

}  // namespace carbonedge
