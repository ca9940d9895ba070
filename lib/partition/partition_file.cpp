#include "lib/formats/json.h"
#include "lib/formats/schema.h"
#include "lib/partition/plan_file.h"
#include "lib/partition/stages_file.h"
#include "lib/profile/embedded_profile_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace carbonedge {

using Json = nlohmann::ordered_json;

void expect_cover(const JsonCursor& stages, const std::vector<LayerRange>& ranges, std::size_t layers) {
    std::size_t next = 0;
    std::size_t position = 0;
    for (const JsonCursor& stage : stages.elements()) {
        const LayerRange& range = ranges[position++];
        if (range.first != next || range.end <= range.first || range.end > layers) {
            stage.refuse(fmt::format(
                "the stage is [{}, {}), expected one that starts at {}, is not empty and ends at {} at most",
                range.first, range.end, next, layers));
        }
        next = range.end;
    }
    if (next != layers)
        stages.refuse(fmt::format("the stages end at {}, expected {}, the number of layers", next, layers));
}

LayerRange layer_range(const JsonCursor& first, const JsonCursor& end) {
    constexpr std::int64_t kMostLayers = 1'000'000'000;
    return {static_cast<std::size_t>(first.integer(0, kMostLayers)),
            static_cast<std::size_t>(end.integer(0, kMostLayers))};
}

Partition read_partition(std::string_view text, const std::string& file) {
    const JsonDocument document = read_json(text, file);
    const JsonCursor root = document.root();
    const JsonCursor schema = root.at("schema");
    expect_schema(schema.text(), "partition", 1, file, schema.line());
    root.expect_only({"schema", "method", "by", "stages", "target_shares", "profile"});
    Partition partition;
    partition.method = root.at("method").text();
    partition.by = root.at("by").text();
    partition.profile = profile_from_json(root.at("profile"));
    const JsonCursor stages = root.at("stages");
    for (const JsonCursor& stage : stages.elements()) {
        stage.expect_only({"first", "end"});
        partition.stages.push_back(layer_range(stage.at("first"), stage.at("end")));
    }
    expect_cover(stages, partition.stages, partition.profile.layers.size());
    const JsonCursor shares = root.at("target_shares");
    for (const JsonCursor& share : shares.elements()) partition.target_shares.push_back(share.number(0, 1));
    if (partition.target_shares.size() != partition.stages.size()) {
        shares.refuse(fmt::format("'target_shares' has {} numbers, expected one for each of the {} stages",
                                  partition.target_shares.size(), partition.stages.size()));
    }
    return partition;
}

std::string write_partition(const Partition& partition) {
    Json stages = Json::array();
    for (const LayerRange& stage : partition.stages) stages.push_back({{"first", stage.first}, {"end", stage.end}});
    Json json = Json::object();
    json["schema"] = schema_text("partition", 1);
    json["method"] = partition.method;
    json["by"] = partition.by;
    json["stages"] = std::move(stages);
    json["target_shares"] = partition.target_shares;
    json["profile"] = profile_to_json(partition.profile);
    return write_json(json);
}

}  // namespace carbonedge
