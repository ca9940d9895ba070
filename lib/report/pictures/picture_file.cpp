#include "lib/report/pictures/picture_file.h"

#include "lib/formats/json.h"
#include "lib/report/renderers.h"

#include <nlohmann/json.hpp>

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Table& table) {
    Json columns = Json::array();
    for (const Column& column : table.columns) {
        columns.push_back({{"name", machine_name(column)},
                           {"title", column.title},
                           {"unit", exact_unit(column.unit)},
                           {"text", !is_numeric(column.unit)}});
    }
    return {{"name", table.name}, {"title", table.title}, {"columns", columns}, {"csv", render_csv(table)}};
}

Json to_json(const Picture& picture) {
    Json tables = Json::array();
    for (const Table& table : picture.numbers) tables.push_back(to_json(table));
    return {{"name", picture.name},
            {"title", picture.title},
            {"caption", picture.caption},
            {"specification", picture.specification},
            {"tables", tables}};
}

}  // namespace

std::string write_pictures(std::span<const Picture> pictures) {
    Json root = Json::array();
    for (const Picture& picture : pictures) root.push_back(to_json(picture));
    const std::string text = write_json_line(root);
    std::string safe;
    safe.reserve(text.size());
    for (const char letter : text) {
        if (letter == '<') {
            safe += "\\u003c";
        } else {
            safe += letter;
        }
    }
    return safe;
}

}  // namespace carbonedge
