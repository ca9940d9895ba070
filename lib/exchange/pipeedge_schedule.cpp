#include "lib/exchange/pipeedge_schedule.h"

#include "lib/exchange/pipeedge_hosts.h"
#include "lib/formats/yaml.h"

#include <fmt/format.h>
#include <algorithm>
#include <cctype>
#include <map>

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
    return {node_of_host(host), {first - 1, last}};
}

/// Text that YAML would take for something else, were it not quoted.
bool needs_quotes(const std::string& name) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    const auto is_plain = [&](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    };
    if (name.empty() || !is_letter(name.front()) || !std::all_of(name.begin(), name.end(), is_plain)) return true;
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (const char* word : {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}) {
        if (lower == word) return true;
    }
    return false;
}

/// Within single quotes a quote is doubled; nothing else means anything.
std::string in_single_quotes(const std::string& text, const std::string& quote) {
    if (quote.empty()) return text;
    std::string doubled;
    for (const char letter : text) doubled += letter == '\'' ? std::string("''") : std::string(1, letter);
    return doubled;
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

std::string write_pipeedge_schedule(const Pipeline& pipeline, const std::vector<std::string>& hosts) {
    std::map<std::string, std::string> host_of;
    for (const std::string& host : hosts) host_of.emplace(node_of_host(host), host);
    std::string text;
    for (const PlannedStage& stage : pipeline.stages) {
        const auto found = host_of.find(stage.node);
        const std::string& host = found == host_of.end() ? stage.node : found->second;
        const std::string quote = needs_quotes(host) ? "'" : "";
        text += fmt::format("- {0}{1}{0}: [{2}, {3}]\n", quote, in_single_quotes(host, quote), stage.layers.first + 1,
                            stage.layers.end);
    }
    return text;
}

}  // namespace carbonedge
