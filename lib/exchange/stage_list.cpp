#include "lib/exchange/stage_list.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/base/utf8.h"
#include "lib/formats/csv.h"

#include <fmt/format.h>

namespace carbonedge {
namespace {

std::size_t layer_named(const CsvTable& table, const CsvRow& row, std::size_t column, const Profile& profile) {
    const std::string& name = row.fields[column];
    std::vector<std::string> names;
    for (std::size_t l = 0; l < profile.layers.size(); ++l) {
        if (profile.layers[l].name == name) return l;
        names.push_back(profile.layers[l].name);
    }
    const std::string nearest = nearest_name(name, names);
    throw InputError(table.file(), row.line,
                     fmt::format("unknown layer {}{}", quoted_for_message(name),
                                 nearest.empty() ? "" : fmt::format(" (did you mean '{}'?)", nearest)));
}

/// How a column's field names a layer.
class LayerColumn {
public:
    LayerColumn(const CsvTable& table, const std::string& name, const Profile& profile)
        : table_(table),
          profile_(profile),
          by_name_(!table.has_column(name) && table.has_column(name + "_layer")),
          column_(table.column(by_name_ ? name + "_layer" : name)) {}

    [[nodiscard]] std::size_t layer(const CsvRow& row) const {
        if (by_name_) return layer_named(table_, row, column_, profile_);
        const auto last = static_cast<std::int64_t>(profile_.layers.size()) - 1;
        return static_cast<std::size_t>(table_.integer(row, column_, 0, last));
    }

private:
    const CsvTable& table_;
    const Profile& profile_;
    bool by_name_;
    std::size_t column_;
};

}  // namespace

std::vector<ForeignStage> read_stage_list(std::string_view text, const std::string& file, const Profile& profile) {
    const CsvTable table = read_csv(text, file);
    const std::size_t node = table.column("node");
    const LayerColumn first(table, "first", profile);
    const LayerColumn last(table, "last", profile);
    std::vector<ForeignStage> stages;
    std::size_t begin = 0;
    for (const CsvRow& row : table.rows()) {
        const ForeignStage stage{row.fields[node], {first.layer(row), last.layer(row) + 1}};
        if (stage.layers.first != begin) {
            throw InputError(file, row.line,
                             fmt::format("the stage begins with layer {}, expected {} ({})", stage.layers.first, begin,
                                         begin < profile.layers.size() ? profile.layers[begin].name : "no more"));
        }
        if (stage.layers.end <= stage.layers.first) {
            throw InputError(file, row.line,
                             fmt::format("the stage ends with layer {}, before it begins", stage.layers.end - 1));
        }
        begin = stage.layers.end;
        stages.push_back(stage);
    }
    if (stages.empty()) throw InputError(file, table.header().line, "there is no stage below the header");
    return stages;
}

}  // namespace carbonedge
