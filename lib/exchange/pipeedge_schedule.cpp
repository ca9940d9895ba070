#include "lib/exchange/pipeedge_schedule.h"

#include "lib/formats/yaml.h"

#include <fmt/format.h>
#include <algorithm>

namespace carbonedge {
namespace {

constexpr std::int64_t kLastLayer = 1'000'000;

ForeignStage read_stage(const JsonCursor& item, std::size_t begin) {
    const auto members = item.members();
    if (members.size() != 1) item.refuse("expected one stage such as 'host: [1, 12]'");
    const auto& [host, range] = members.front();
    const std::vector<JsonCursor> ends = range.elements();
    if (ends.size() != 2) range.refuse("expected the first and the last layer, such as [1, 12]");
    const auto first = static_cast<std::size_t>(ends[0].integer(1, kLastLayer));
    const auto last = static_cast<std::size_t>(ends[1].integer(1, kLastLayer));
    if (first != begin + 1) {
        range.refuse(fmt::format("the stage begins with layer {}, expected {}", first, begin + 1));
    }
    if (last < first) range.refuse(fmt::format("the stage ends with layer {}, before it begins", last));
    return {host, {first - 1, last}};
}

/// A name that YAML would take for something else than text, were it not quoted.
bool needs_quotes(const std::string& name) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    if (name.empty() || !is_letter(name.front())) return true;
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (const char* word : {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}) {
        if (lower == word) return true;
    }
    return false;
}

}  // namespace

std::vector<ForeignStage> read_pipeedge_schedule(std::string_view text, const std::string& file) {
    const JsonDocument document = read_yaml(text, file);
    std::vector<ForeignStage> stages;
    for (const JsonCursor& item : document.root().elements()) {
        stages.push_back(read_stage(item, stages.empty() ? 0 : stages.back().layers.end));
    }
    return stages;
}

std::string write_pipeedge_schedule(const Pipeline& pipeline) {
    std::string text;
    for (const PlannedStage& stage : pipeline.stages) {
        const std::string quote = needs_quotes(stage.node) ? "\"" : "";
        text += fmt::format("- {0}{1}{0}: [{2}, {3}]\n", quote, stage.node, stage.layers.first + 1, stage.layers.end);
    }
    return text;
}

}  // namespace carbonedge
