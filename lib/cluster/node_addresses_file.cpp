#include "lib/cluster/node_addresses_file.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/base/utf8.h"
#include "lib/cluster/cluster_checks.h"
#include "lib/formats/ini.h"
#include "lib/formats/schema.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <charconv>

namespace carbonedge {
namespace {

using namespace std::string_view_literals;

constexpr std::array kFileKeys{"schema"sv};
constexpr std::array kNodeKeys{"control"sv, "tensors"sv};
constexpr int kLargestPort = 65535;

bool is_port(std::string_view text) {
    int port = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc() && rest == text.data() + text.size() && text.front() != '0' && port > 0 &&
           port <= kLargestPort;
}

bool consists_of(std::string_view text, std::string_view others) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [others](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               others.find(c) != std::string_view::npos;
    });
}

bool is_address(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon + 1 == text.size() || !is_port(text.substr(colon + 1))) return false;
    std::string_view host = text.substr(0, colon);
    if (!host.starts_with('[')) return consists_of(host, ".-_");
    return host.ends_with(']') && consists_of(host.substr(1, host.size() - 2), ".:%");
}

std::string read_address(const IniFile& ini, const IniSection& section, std::string_view key) {
    const IniEntry* entry = section.find(key);
    if (entry == nullptr) {
        throw InputError(ini.file, section.line, fmt::format("missing key '{}' in [{}]", key, section.name));
    }
    if (!is_address(entry->value)) {
        throw InputError(
            ini.file, entry->line,
            fmt::format("{}: {} is no address, expected HOST:PORT such as 10.0.0.7:7001, edge-3:7001 or [fd00::7]:7001",
                        key, quoted_for_message(entry->value)));
    }
    return entry->value;
}

}  // namespace

std::vector<NodeAddress> read_node_addresses(std::string_view text, const std::string& file) {
    const IniFile ini = read_ini(text, file);
    std::vector<NodeAddress> addresses;
    for (const IniSection& section : ini.sections) {
        if (section.name == "nodes") {
            expect_ini_keys(ini, section, kFileKeys);
            const IniEntry* schema = section.find("schema");
            if (schema != nullptr) expect_schema(schema->value, "nodes", 1, ini.file, schema->line);
            continue;
        }
        if (!section.name.starts_with("node.")) {
            const std::vector<std::string> valid{"nodes", "node.NAME"};
            throw InputError(ini.file, section.line, unknown_name_message("section", section.name, valid));
        }
        expect_ini_keys(ini, section, kNodeKeys);
        const std::string name = section.name.substr("node."sv.size());
        if (!is_node_name(name)) {
            throw InputError(ini.file, section.line,
                             fmt::format("[{}] a node's name has letters, digits, - and _", section.name));
        }
        addresses.push_back({name, read_address(ini, section, "control"), read_address(ini, section, "tensors")});
    }
    if (addresses.empty())
        throw InputError(ini.file, 0, "names no node, expected [node.NAME] with control and tensors");
    return addresses;
}

std::string write_node_addresses(const std::vector<NodeAddress>& addresses) {
    std::string text = fmt::format("[nodes]\nschema = {}\n", schema_text("nodes", 1));
    for (const NodeAddress& address : addresses) {
        text +=
            fmt::format("\n[node.{}]\ncontrol = {}\ntensors = {}\n", address.node, address.control, address.tensors);
    }
    return text;
}

}  // namespace carbonedge
