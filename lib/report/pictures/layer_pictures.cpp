#include "lib/report/pictures/layer_pictures.h"

#include "lib/report/cell_text.h"
#include "lib/report/pictures/specifications.h"
#include "lib/report/sections.h"

#include <fmt/format.h>
#include <algorithm>
#include <numeric>

namespace carbonedge {
namespace {

constexpr const char* kNoPlace = "as profiled";

Table empty_layers() {
    return {"layers",
            "Layers",
            {{"index", "#", Unit::kCount, "", false},
             {"layer", "layer", Unit::kText, "", false},
             {"type", "type", Unit::kText, "", false},
             {"place", "node", Unit::kText, "", false},
             {"latency", "time", Unit::kTime, "", false},
             {"energy", "energy", Unit::kEnergy, "", false},
             {"carbon", "carbon", Unit::kCarbon, "", false}},
            {},
            {}};
}

Table empty_stages() {
    return {"stages",
            "Stages",
            {{"stage", "stage", Unit::kCount, "", false},
             {"place", "node", Unit::kText, "", false},
             {"first", "first layer", Unit::kCount, "", false},
             {"end", "layer after the last", Unit::kCount, "", false},
             {"input", "bytes that enter", Unit::kSize, "", false},
             {"latency", "time", Unit::kTime, "", false},
             {"energy", "energy", Unit::kEnergy, "", false},
             {"carbon", "carbon", Unit::kCarbon, "", false}},
            {},
            {}};
}

/// The order in which places take colours: the cluster's, so that a node looks alike in every picture of a page; of a
/// large cluster only the nodes in use.
std::vector<std::string> places_of(const Cluster& cluster, const std::vector<std::string>& used) {
    constexpr std::size_t kAllShown = 7;
    std::vector<std::string> places;
    for (const Node& node : cluster.nodes) {
        const bool is_used = std::find(used.begin(), used.end(), node.name) != used.end();
        if (is_used || cluster.nodes.size() <= kAllShown) places.push_back(node.name);
    }
    for (const std::string& place : used) {
        if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(place);
    }
    return places;
}

/// Shares of a stage's layers in its whole; even where nothing is known of them.
std::vector<double> shares_of(const Profile& profile, LayerRange range, double (*weight)(const LayerProfile&)) {
    std::vector<double> shares;
    for (std::size_t i = range.first; i < range.end; ++i) shares.push_back(weight(profile.layers[i]));
    const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
    for (double& share : shares) share = total > 0 ? share / total : 1.0 / static_cast<double>(shares.size());
    return shares;
}

double time_weight(const LayerProfile& layer) { return to_seconds(layer.latency_median).count(); }
double energy_weight(const LayerProfile& layer) {
    return layer.energy ? layer.energy->joules.value() : to_seconds(layer.cpu_mean).count();
}

void add_stage(Table& layers, Table& stages, const Plan& plan, const PlannedStage& stage) {
    const Profile& profile = profile_of(plan, stage.node);
    if (stage.layers.end > profile.layers.size()) return;
    stages.add_row({static_cast<std::int64_t>(stages.rows.size()), stage.node,
                    static_cast<std::int64_t>(stage.layers.first), static_cast<std::int64_t>(stage.layers.end),
                    stage.input_bytes, stage.busy, stage.parts.compute_joules, stage.parts.compute_grams});
    const auto times = shares_of(profile, stage.layers, time_weight);
    const auto joules = shares_of(profile, stage.layers, energy_weight);
    for (std::size_t i = 0; i < times.size(); ++i) {
        const LayerProfile& layer = profile.layers[stage.layers.first + i];
        layers.add_row({static_cast<std::int64_t>(stage.layers.first + i), layer.name, layer.type, stage.node,
                        to_nanoseconds(to_seconds(stage.busy) * times[i]), stage.parts.compute_joules * joules[i],
                        stage.parts.compute_grams * joules[i]});
    }
}

ColumnPlot column_plot(const Table& layers, const Table& stages) {
    ColumnPlot plot;
    plot.sum = true;
    const AxisUnit unit = axis_unit(layers, {"latency"});
    plot.unit = unit.unit;
    for (const auto& row : layers.rows) {
        plot.values.push_back(static_cast<double>(std::get<Nanoseconds>(row[4]).count()) / unit.divisor);
    }
    for (const auto& row : stages.rows) {
        plot.starts.emplace_back(static_cast<std::size_t>(std::get<std::int64_t>(row[2])),
                                 std::get<std::string>(row[1]));
    }
    return plot;
}

std::vector<std::string> used_places(const Table& table, std::size_t column) {
    std::vector<std::string> used;
    for (const auto& row : table.rows) {
        const auto& place = std::get<std::string>(row[column]);
        if (std::find(used.begin(), used.end(), place) == used.end()) used.push_back(place);
    }
    return used;
}

void add_layer(Table& layers, const Profile& profile, std::size_t index, const std::string& place) {
    const LayerProfile& layer = profile.layers[index];
    TableRow row(layers);
    row.set("index", static_cast<std::int64_t>(index)).set("layer", layer.name).set("type", layer.type);
    row.set("place", place).set("latency", layer.latency_median);
    if (layer.energy) row.set("energy", layer.energy->joules);
    row.add();
}

Picture layers_picture_of(Table layers, Table stages, const std::vector<std::string>& places, std::string caption) {
    Picture picture;
    picture.name = "layers";
    picture.title = "Where the time and the energy go, layer by layer";
    picture.caption = std::move(caption);
    picture.plot = column_plot(layers, stages);
    SpecificationText text(layers_specification);
    text.set("latency", axis_unit(layers, {"latency"}), "time")
        .set("energy", axis_unit(layers, {"energy"}), "energy")
        .set("last", static_cast<double>(layers.rows.size()) - 0.5)
        .set("places", places)
        .set_json("legend", stages.rows.empty() ? "null" : R"({"title": null})");
    picture.specification = text.text();
    picture.numbers = {std::move(layers), std::move(stages)};
    return picture;
}

}  // namespace

Picture layers_picture(const Profile& profile) {
    Table layers = empty_layers();
    for (std::size_t i = 0; i < profile.layers.size(); ++i) add_layer(layers, profile, i, kNoPlace);
    Table stages = empty_stages();
    return layers_picture_of(std::move(layers), std::move(stages), {kNoPlace},
                             "Median time and joules of one pass, for each row of the profile in the order they run.");
}

Picture layers_picture(const Subject& subject) {
    const std::vector<double> shares = pipeline_shares(subject);
    const auto most = static_cast<std::size_t>(std::max_element(shares.begin(), shares.end()) - shares.begin());
    Table layers = empty_layers();
    Table stages = empty_stages();
    if (most < subject.plan.pipelines.size()) {
        for (const PlannedStage& stage : subject.plan.pipelines[most].stages) {
            add_stage(layers, stages, subject.plan, stage);
        }
    }
    std::string caption = fmt::format(
        "What the plan {} predicts for each stage, shared out among its layers as in the profile. Dashed lines are "
        "cuts; colours are nodes.",
        subject.name);
    if (shares.size() > 1) {
        caption += fmt::format(" Of {} pipelines the one that takes most requests is shown.", shares.size());
    }
    const std::vector<std::string> places = places_of(subject.plan.cluster, used_places(stages, 1));
    return layers_picture_of(std::move(layers), std::move(stages), places, std::move(caption));
}

Picture layers_picture(const Partition& partition) {
    Table layers = empty_layers();
    Table stages = empty_stages();
    std::vector<std::string> places;
    const std::vector<Cut> cuts = find_cuts(partition.profile);
    for (std::size_t i = 0; i < partition.stages.size(); ++i) {
        const LayerRange& range = partition.stages[i];
        places.push_back(fmt::format("stage {}", i));
        Nanoseconds time{0};
        for (std::size_t k = range.first; k < range.end; ++k) {
            add_layer(layers, partition.profile, k, places.back());
            time += partition.profile.layers[k].latency_median;
        }
        TableRow row(stages);
        row.set("stage", static_cast<std::int64_t>(i)).set("place", places.back());
        row.set("first", static_cast<std::int64_t>(range.first)).set("end", static_cast<std::int64_t>(range.end));
        row.set("input", cuts.at(range.first).bytes).set("latency", time).add();
    }
    return layers_picture_of(std::move(layers), std::move(stages), places,
                             "Median time and joules of one pass, for each row of the profile in the order they run. "
                             "Dashed lines are cuts; colours are stages.");
}

Picture placement_picture(std::span<const Subject> subjects) {
    Picture picture;
    picture.name = "placement";
    picture.title = "Which node runs what";
    picture.caption = "Each row is a policy, from the first layer to the last; colours are nodes.";
    Table table{"placement",
                "Placement",
                {{"policy", "policy", Unit::kText, "", false},
                 {"place", "node", Unit::kText, "", false},
                 {"first", "first layer", Unit::kCount, "", false},
                 {"end", "layer after the last", Unit::kCount, "", false},
                 {"layers", "layers", Unit::kText, "", false},
                 {"share", "share of the requests", Unit::kPercent, "", false}},
                {},
                {}};
    RowPlot plot;
    std::size_t last = 1;
    std::vector<std::string> used;
    for (const Subject& subject : subjects) {
        const std::vector<double> shares = pipeline_shares(subject);
        for (std::size_t p = 0; p < subject.plan.pipelines.size(); ++p) {
            if (shares[p] == 0) continue;
            const std::string label =
                shares[p] == 1 ? subject.name : fmt::format("{}, {:.3g} %", subject.name, shares[p] * 100);
            PlotRow row{label, {}, {}, ""};
            for (const PlannedStage& stage : subject.plan.pipelines[p].stages) {
                table.add_row({label, stage.node, static_cast<std::int64_t>(stage.layers.first),
                               static_cast<std::int64_t>(stage.layers.end),
                               layers_text(profile_of(subject.plan, stage.node), stage.layers), shares[p] * 100});
                last = std::max(last, stage.layers.end);
                auto place = std::find(used.begin(), used.end(), stage.node);
                if (place == used.end()) place = used.insert(place, stage.node);
                const auto glyph = static_cast<char>('A' + (place - used.begin()) % 26);
                row.segments.push_back(
                    {static_cast<double>(stage.layers.first), static_cast<double>(stage.layers.end), glyph});
            }
            plot.rows.push_back(std::move(row));
        }
    }
    for (std::size_t i = 0; i < std::min<std::size_t>(used.size(), 26); ++i) {
        plot.legend.emplace_back(static_cast<char>('A' + i), used[i]);
    }
    plot.low_text = "first layer";
    plot.high_text = "last layer";
    picture.plot = std::move(plot);
    picture.specification = SpecificationText(placement_specification)
                                .set("last", static_cast<double>(last))
                                .set("places", places_of(subjects.front().plan.cluster, used))
                                .text();
    picture.numbers = {std::move(table)};
    return picture;
}

}  // namespace carbonedge
