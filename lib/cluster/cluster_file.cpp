#include "lib/cluster/cluster_file.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/base/utf8.h"
#include "lib/cluster/cluster_checks.h"
#include "lib/formats/ini.h"
#include "lib/formats/schema.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <stdexcept>

namespace carbonedge {
namespace {

using namespace std::string_view_literals;

constexpr std::array kClusterKeys{"schema"sv, "name"sv, "idle_policy"sv};
constexpr std::array kNodeKeys{"cpus"sv,
                               "quota_period"sv,
                               "memory"sv,
                               "threads"sv,
                               "zone"sv,
                               "intensity"sv,
                               "intensity_signal"sv,
                               "intensity_scope"sv,
                               "profile"sv,
                               "speed_factor"sv,
                               "idle_power_per_core"sv,
                               "busy_power_per_core"sv,
                               "pue"sv,
                               "embodied"sv,
                               "lifetime"sv,
                               "device"sv};
constexpr std::array kLinkKeys{"latency"sv, "bandwidth"sv, "energy_per_byte"sv, "intensity"sv, "zone"sv};
constexpr std::array kGatewayKeys{"zone"sv, "intensity"sv};
constexpr std::array kTransportKeys{"fixed_ns"sv,
                                    "per_byte_ns"sv,
                                    "send_cpu_fixed_ns"sv,
                                    "send_cpu_per_byte_ns"sv,
                                    "receive_cpu_fixed_ns"sv,
                                    "receive_cpu_per_byte_ns"sv,
                                    "source"sv,
                                    "receive_buffers"sv,
                                    "send_buffers"sv,
                                    "input_buffers"sv};

int parse_whole(std::string_view text, std::string_view what) {
    int number = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || rest != text.data() + text.size()) {
        throw UsageError(fmt::format("{}: '{}' is not a whole number, expected one such as 2", what, text));
    }
    return number;
}

std::string parse_text(std::string_view text, std::string_view /*what*/) { return std::string(text); }

/// A number, or the name of what it is to be taken from.
struct StatedIntensity {
    CarbonIntensity number;
    std::optional<IntensityOrigin> origin;
};

StatedIntensity parse_stated_intensity(std::string_view text, std::string_view what) {
    StatedIntensity stated;
    for (const std::string_view kind : {kSeriesReference, kCountryReference}) {
        if (!text.starts_with(kind)) continue;
        if (text == kind) {
            throw UsageError(fmt::format(
                "{}: '{}' names nothing, expected one such as series:de_2023.csv or country:DE", what, text));
        }
        stated.origin.emplace();
        stated.origin->reference = text;
        return stated;
    }
    stated.number = parse_intensity(text, what);
    return stated;
}

IdlePolicy parse_idle_policy(std::string_view text, std::string_view /*what*/) {
    constexpr std::array kPolicies{IdlePolicy::kNone, IdlePolicy::kAttributed, IdlePolicy::kFull};
    std::vector<std::string> names;
    for (const IdlePolicy policy : kPolicies) {
        if (idle_policy_name(policy) == text) return policy;
        names.emplace_back(idle_policy_name(policy));
    }
    throw UsageError(unknown_name_message("idle_policy", text, names));
}

/// Reads the keys of one section.
class SectionReader {
public:
    SectionReader(const IniFile& ini, const IniSection& section, std::span<const std::string_view> keys)
        : ini_(ini), section_(section) {
        expect_ini_keys(ini, section, keys);
    }

    /// Stores the value of `key` where it is there. `parse` throws UsageError.
    template <class T, class Parse>
    bool read(std::string_view key, T& target, const Parse& parse) const {
        const IniEntry* entry = section_.find(key);
        if (entry == nullptr) return false;
        try {
            target = parse(entry->value, key);
        } catch (const UsageError& error) {
            throw InputError(ini_.file, entry->line, error.what());
        }
        return true;
    }
    template <class T, class Parse>
    void require(std::string_view key, T& target, const Parse& parse) const {
        if (!read(key, target, parse)) {
            throw InputError(ini_.file, section_.line, fmt::format("missing key '{}' in [{}]", key, section_.name));
        }
    }

private:
    const IniFile& ini_;
    const IniSection& section_;
};

void read_cluster_section(const IniFile& ini, const IniSection& section, Cluster& cluster) {
    const SectionReader reader(ini, section, kClusterKeys);
    if (const IniEntry* schema = section.find("schema"))
        expect_schema(schema->value, "cluster", 1, ini.file, schema->line);
    reader.read("name", cluster.name, parse_text);
    reader.read("idle_policy", cluster.idle_policy, parse_idle_policy);
}

Node read_node(const IniFile& ini, const IniSection& section) {
    const SectionReader reader(ini, section, kNodeKeys);
    Node node;
    node.name = section.name.substr("node."sv.size());
    reader.require("cpus", node.cpus, parse_number);
    reader.read("quota_period", node.quota_period, parse_duration);
    reader.require("memory", node.memory, parse_bytes);
    reader.read("threads", node.threads, parse_whole);
    reader.read("zone", node.zone, parse_text);
    StatedIntensity intensity;
    reader.require("intensity", intensity, parse_stated_intensity);
    node.intensity = intensity.number;
    node.intensity_origin = intensity.origin;
    if (node.intensity_origin) {  // the source says what it is of, unless the file does
        node.intensity_signal.clear();
        node.intensity_scope.clear();
    }
    reader.read("intensity_signal", node.intensity_signal, parse_text);
    reader.read("intensity_scope", node.intensity_scope, parse_text);
    reader.read("profile", node.profile, parse_text);
    reader.read("speed_factor", node.speed_factor, parse_number);
    reader.read("idle_power_per_core", node.idle_power_per_core, parse_power);
    reader.require("busy_power_per_core", node.busy_power_per_core, parse_power);
    reader.read("pue", node.pue, parse_number);
    reader.read("embodied", node.embodied, parse_mass);
    reader.read("lifetime", node.lifetime, parse_lifetime);
    reader.read("device", node.device, parse_text);
    return node;
}

Link read_link(const IniFile& ini, const IniSection& section) {
    const SectionReader reader(ini, section, kLinkKeys);
    Link link;
    if (section.name != "link.default") {
        const std::string_view ends = std::string_view(section.name).substr("link."sv.size());
        const auto dot = ends.find('.');
        if (dot == std::string_view::npos || ends.find('.', dot + 1) != std::string_view::npos || dot == 0 ||
            dot + 1 == ends.size()) {
            throw InputError(ini.file, section.line,
                             fmt::format("[{}] has not two ends, expected [link.default] or one such as "
                                         "[link.gateway.green]",
                                         section.name));
        }
        link.from = ends.substr(0, dot);
        link.to = ends.substr(dot + 1);
    }
    reader.read("latency", link.latency, parse_duration);
    reader.read("bandwidth", link.bandwidth, parse_bandwidth);
    const bool says_energy = reader.read("energy_per_byte", link.energy_per_byte, parse_energy_per_byte);
    link.states_no_energy = says_energy && link.energy_per_byte == JoulesPerByte(0);
    reader.read("zone", link.zone, parse_text);
    StatedIntensity intensity;
    if (reader.read("intensity", intensity, parse_stated_intensity)) {
        link.intensity_origin = intensity.origin;
        if (!intensity.origin) link.intensity = intensity.number;
    }
    return link;
}

void read_gateway(const IniFile& ini, const IniSection& section, Cluster& cluster) {
    const SectionReader reader(ini, section, kGatewayKeys);
    reader.read("zone", cluster.gateway_zone, parse_text);
    StatedIntensity intensity;
    if (!reader.read("intensity", intensity, parse_stated_intensity)) return;
    if (intensity.origin) {
        cluster.gateway_intensity_origin = intensity.origin;
    } else {
        cluster.gateway_intensity = intensity.number;
    }
}

void read_transport(const IniFile& ini, const IniSection& section, Cluster& cluster) {
    const SectionReader reader(ini, section, kTransportKeys);
    TransportCost& cost = cluster.transport;
    reader.read("fixed_ns", cost.fixed_ns, parse_number);
    reader.read("per_byte_ns", cost.per_byte_ns, parse_number);
    reader.read("send_cpu_fixed_ns", cost.send_cpu_fixed_ns, parse_number);
    reader.read("send_cpu_per_byte_ns", cost.send_cpu_per_byte_ns, parse_number);
    reader.read("receive_cpu_fixed_ns", cost.receive_cpu_fixed_ns, parse_number);
    reader.read("receive_cpu_per_byte_ns", cost.receive_cpu_per_byte_ns, parse_number);
    reader.read("source", cost.source, parse_text);
    reader.read("receive_buffers", cluster.buffers.receive, parse_whole);
    reader.read("send_buffers", cluster.buffers.send, parse_whole);
    reader.read("input_buffers", cluster.buffers.input, parse_whole);
}

void read_section(const IniFile& ini, const IniSection& section, Cluster& cluster) {
    const std::string_view name = section.name;
    if (name == "cluster") {
        read_cluster_section(ini, section, cluster);
    } else if (name.starts_with("node.")) {
        cluster.nodes.push_back(read_node(ini, section));
    } else if (name == "link.default") {
        cluster.default_link = read_link(ini, section);
    } else if (name.starts_with("link.")) {
        cluster.links.push_back(read_link(ini, section));
    } else if (name == "gateway") {
        read_gateway(ini, section, cluster);
    } else if (name == "transport") {
        read_transport(ini, section, cluster);
    } else {
        const std::vector<std::string> valid{"cluster",      "node.NAME", "link.A.B",
                                             "link.default", "gateway",   "transport"};
        throw InputError(ini.file, section.line, unknown_name_message("section", name, valid));
    }
}

long line_of(const IniFile& ini, const ClusterProblem& problem) {
    for (const IniSection& section : ini.sections) {
        if (section.name != problem.section) continue;
        const IniEntry* entry = section.find(problem.key);
        return entry == nullptr ? section.line : entry->line;
    }
    return 0;
}

IntensityReference reference_of(const IniFile& ini, const std::string& section, const IntensityOrigin& origin) {
    IntensityReference reference{ini.file, 0, section, origin.reference, "", "", ""};
    reference.line = line_of(ini, {section, "intensity", ""});
    return reference;
}

ResolvedIntensity refuse_intensity_name(const IntensityReference& reference) {
    throw InputError(reference.file, reference.line,
                     fmt::format("[{}] the intensity {} is not looked up here; state a number such as 380g/kWh",
                                 reference.section, reference.text));
}

/// The signal or scope that all nodes have, or "".
std::string common(const Cluster& cluster, std::string Node::*kind) {
    const std::string& first = cluster.nodes.front().*kind;
    const bool all =
        std::all_of(cluster.nodes.begin(), cluster.nodes.end(), [&](const Node& node) { return node.*kind == first; });
    return all ? first : "";
}

/// Of a link or the gateway: it has to be of the nodes' signal and scope, so the nodes come first.
ResolvedIntensity resolve_beside_nodes(const IniFile& ini, const Cluster& cluster, const std::string& section,
                                       const IntensityOrigin& origin, const std::string& zone,
                                       const IntensityResolver& resolver) {
    IntensityReference reference = reference_of(ini, section, origin);
    reference.zone = zone;
    reference.signal = common(cluster, &Node::intensity_signal);
    reference.scope = common(cluster, &Node::intensity_scope);
    return resolver(reference);
}

void resolve_link(const IniFile& ini, const Cluster& cluster, Link& link, const IntensityResolver& resolver) {
    if (!link.intensity_origin) return;
    ResolvedIntensity found =
        resolve_beside_nodes(ini, cluster, link_section(link), *link.intensity_origin, link.zone, resolver);
    if (!found.origin.is_resolved()) return;
    link.intensity = found.intensity;
    if (link.zone.empty()) link.zone = found.zone;
    link.intensity_origin = std::move(found.origin);
}

/// Looks every named intensity up.
void resolve_intensities(const IniFile& ini, Cluster& cluster, const IntensityResolver& resolver) {
    for (Node& node : cluster.nodes) {
        if (!node.intensity_origin) continue;
        IntensityReference reference = reference_of(ini, "node." + node.name, *node.intensity_origin);
        reference.zone = node.zone;
        reference.signal = node.intensity_signal;
        reference.scope = node.intensity_scope;
        ResolvedIntensity found = resolver(reference);
        if (!found.origin.is_resolved()) continue;
        node.intensity = found.intensity;
        if (node.zone.empty()) node.zone = found.zone;
        node.intensity_signal = found.signal;
        node.intensity_scope = found.scope;
        node.intensity_origin = std::move(found.origin);
    }
    if (cluster.nodes.empty()) return;
    resolve_link(ini, cluster, cluster.default_link, resolver);
    for (Link& link : cluster.links) resolve_link(ini, cluster, link, resolver);
    if (!cluster.gateway_intensity_origin) return;
    ResolvedIntensity found = resolve_beside_nodes(ini, cluster, "gateway", *cluster.gateway_intensity_origin,
                                                   cluster.gateway_zone, resolver);
    if (!found.origin.is_resolved()) return;
    cluster.gateway_intensity = found.intensity;
    if (cluster.gateway_zone.empty()) cluster.gateway_zone = found.zone;
    cluster.gateway_intensity_origin = std::move(found.origin);
}

/// Writes sections, leaving out what is not there.
class Writer {
public:
    void section(std::string_view name) { out_ += fmt::format("{}[{}]\n", out_.empty() ? "" : "\n", name); }
    void value(std::string_view key, std::string_view value) { out_ += fmt::format("{} = {}\n", key, value); }
    void text(std::string_view key, std::string_view text) {
        if (text.empty()) return;
        if (!is_ini_value(text)) {
            throw std::invalid_argument(
                fmt::format("{} {} cannot stand in an INI file", key, quoted_for_message(text)));
        }
        value(key, text);
    }
    void number(std::string_view key, double number, std::string_view unit = "") {
        value(key, number_text(number) + std::string(unit));
    }
    void number_above_zero(std::string_view key, double amount, std::string_view unit = "") {
        if (amount > 0) number(key, amount, unit);
    }
    void link(const Link& link) {
        section(link_section(link));
        value("latency", exact_duration(link.latency));
        number_above_zero("bandwidth", link.bandwidth.value(), "B/s");
        if (states_energy(link)) number("energy_per_byte", link.energy_per_byte.value(), "J/B");
        text("zone", link.zone);
        if (link.intensity || link.intensity_origin) {
            intensity(link.intensity.value_or(CarbonIntensity(0)), link.intensity_origin);
        }
    }
    /// As the file had it: what was looked up is looked up again.
    void intensity(CarbonIntensity intensity, const std::optional<IntensityOrigin>& origin) {
        if (origin) {
            text("intensity", origin->reference);
        } else {
            number("intensity", intensity.value(), "g/kWh");
        }
    }
    std::string take() { return std::move(out_); }

private:
    std::string out_;
};

std::string bytes_value(Bytes bytes) {
    constexpr std::int64_t kMebibyte = std::int64_t{1} << 20U;
    return bytes.value() % kMebibyte == 0 ? fmt::format("{}MiB", bytes.value() / kMebibyte)
                                          : fmt::format("{}B", bytes.value());
}

void write_node(Writer& writer, const Node& node) {
    writer.section("node." + node.name);
    writer.number("cpus", node.cpus);
    writer.value("quota_period", exact_duration(node.quota_period));
    writer.value("memory", bytes_value(node.memory));
    writer.value("threads", std::to_string(node.threads));
    writer.text("zone", node.zone);
    writer.intensity(node.intensity, node.intensity_origin);
    writer.text("intensity_signal", node.intensity_signal);
    writer.text("intensity_scope", node.intensity_scope);
    writer.text("profile", node.profile);
    if (node.profile.empty()) writer.number("speed_factor", node.speed_factor);
    writer.number("idle_power_per_core", node.idle_power_per_core.value(), "W");
    writer.number("busy_power_per_core", node.busy_power_per_core.value(), "W");
    writer.number("pue", node.pue);
    writer.number_above_zero("embodied", node.embodied.value(), "g");
    writer.number_above_zero("lifetime", node.lifetime.count(), "s");
    writer.value("device", node.device);
}

void write_transport(Writer& writer, const TransportCost& cost, const MessageBuffers& buffers) {
    writer.section("transport");
    writer.number("fixed_ns", cost.fixed_ns);
    writer.number("per_byte_ns", cost.per_byte_ns);
    writer.number("send_cpu_fixed_ns", cost.send_cpu_fixed_ns);
    writer.number("send_cpu_per_byte_ns", cost.send_cpu_per_byte_ns);
    writer.number("receive_cpu_fixed_ns", cost.receive_cpu_fixed_ns);
    writer.number("receive_cpu_per_byte_ns", cost.receive_cpu_per_byte_ns);
    writer.text("source", cost.source);
    if (buffers == MessageBuffers{}) return;
    writer.value("receive_buffers", std::to_string(buffers.receive));
    writer.value("send_buffers", std::to_string(buffers.send));
    writer.value("input_buffers", std::to_string(buffers.input));
}

}  // namespace

ResolvedIntensity keep_intensity_name(const IntensityReference& reference) {
    ResolvedIntensity kept;
    kept.origin.reference = reference.text;
    return kept;
}

Cluster read_cluster(std::string_view text, const std::string& file, const IntensityResolver& resolver) {
    const IniFile ini = read_ini(text, file);
    Cluster cluster;
    // A newer schema is refused before anything that it may have changed.
    for (const IniSection& section : ini.sections) {
        if (section.name == "cluster") read_section(ini, section, cluster);
    }
    for (const IniSection& section : ini.sections) {
        if (section.name != "cluster") read_section(ini, section, cluster);
    }
    resolve_intensities(ini, cluster, resolver ? resolver : refuse_intensity_name);
    if (const auto problem = find_problem(cluster)) {
        throw InputError(file, line_of(ini, *problem), problem->problem);
    }
    return cluster;
}

std::string write_cluster(const Cluster& cluster) {
    if (const auto problem = find_problem(cluster)) {
        throw std::invalid_argument(fmt::format("[{}] {}", problem->section, problem->problem));
    }
    Writer writer;
    writer.section("cluster");
    writer.value("schema", schema_text("cluster", 1));
    writer.text("name", cluster.name);
    writer.value("idle_policy", idle_policy_name(cluster.idle_policy));
    for (const Node& node : cluster.nodes) write_node(writer, node);
    if (cluster.default_link != Link{}) writer.link(cluster.default_link);
    for (const Link& link : cluster.links) writer.link(link);
    if (!cluster.gateway_zone.empty() || cluster.gateway_intensity || cluster.gateway_intensity_origin) {
        writer.section("gateway");
        writer.text("zone", cluster.gateway_zone);
        if (cluster.gateway_intensity || cluster.gateway_intensity_origin) {
            writer.intensity(cluster.gateway_intensity.value_or(CarbonIntensity(0)), cluster.gateway_intensity_origin);
        }
    }
    if (cluster.transport != TransportCost{} || cluster.buffers != MessageBuffers{}) {
        write_transport(writer, cluster.transport, cluster.buffers);
    }
    return writer.take();
}

}  // namespace carbonedge
