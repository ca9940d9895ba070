#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/formats/ini.h"
#include "lib/formats/schema.h"
#include "lib/gate/rules.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cmath>

namespace carbonedge {
namespace {

using namespace std::string_view_literals;

constexpr std::array kGateKeys{"schema"sv, "confidence"sv, "pass_confidence"sv, "intensity"sv};
constexpr std::array kNoiseKeys{"runs"sv, "sessions"sv};
constexpr std::array kLimitKeys{"limit"sv, "floor"sv};

/// "3%" or "3 %": 0.03. Throws UsageError.
double parse_percent(std::string_view text, std::string_view what, double low, double high) {
    const std::string form = fmt::format("{}: '{}' is no share from {:g}% to {:g}%, expected one such as 3%", what,
                                         text, 100 * low, 100 * high);
    if (!text.ends_with('%')) throw UsageError(form);
    std::string_view number = text.substr(0, text.size() - 1);
    if (number.ends_with(' ')) number.remove_suffix(1);
    double value = 0;
    try {
        value = parse_number(number, what) / 100;
    } catch (const UsageError&) {
        throw UsageError(form);
    }
    if (!(value >= low && value <= high)) throw UsageError(form);
    return value;
}

/// The inverse, exactly: some number of percent that parse_percent() divides back to `share`.
std::string percent_text(double share) {
    double percent = 100 * share;
    constexpr int kTries = 4;
    for (int i = 0; i < kTries && percent / 100 != share; ++i) {
        percent = std::nextafter(percent, percent / 100 < share ? HUGE_VAL : -HUGE_VAL);
    }
    return number_text(percent) + "%";
}

double parse_floor(GateMetric metric, std::string_view text, std::string_view what) {
    const std::string_view unit = gate_metric_unit(metric);
    if (unit == "seconds") return to_seconds(parse_duration(text, what)).count();
    if (unit == "joules") return parse_energy(text, what).value();
    if (unit == "gco2e") return parse_mass(text, what).value();
    return static_cast<double>(parse_bytes(text, what).value());
}

std::string floor_text(GateMetric metric, double floor) {
    const std::string_view unit = gate_metric_unit(metric);
    if (unit == "seconds") return exact_duration(to_nanoseconds(Seconds(floor)));
    if (unit == "joules") return number_text(floor) + "J";
    if (unit == "gco2e") return number_text(floor) + "g";
    return number_text(floor) + "B";
}

/// "latency", "latency.layer", "latency.layer.features.3": the key; absent for a section of another kind.
std::optional<QuantityKey> key_of_section(std::string_view name) {
    QuantityKey key;
    const auto dot = name.find('.');
    const auto metric = find_gate_metric(name.substr(0, dot));
    if (!metric) return std::nullopt;
    key.metric = *metric;
    if (dot == std::string_view::npos) return key;
    name.remove_prefix(dot + 1);
    const auto second = name.find('.');
    const auto scope = find_gate_scope(name.substr(0, second));
    if (!scope || (*scope == GateScope::kTotal && second != std::string_view::npos)) return std::nullopt;
    key.scope = *scope;
    if (second != std::string_view::npos) key.name = name.substr(second + 1);
    if (second != std::string_view::npos && key.name.empty()) return std::nullopt;
    return key;
}

std::string section_of_key(const QuantityKey& key) {
    std::string name(gate_metric_name(key.metric));
    if (key.scope != GateScope::kTotal) name += fmt::format(".{}", gate_scope_name(key.scope));
    if (!key.name.empty()) name += "." + key.name;
    return name;
}

/// Calls `take` with the value of `key` where it is there; UsageError becomes an InputError at its line.
template <class Take>
void with_value(const IniFile& ini, const IniSection& section, std::string_view key, const Take& take) {
    const IniEntry* entry = section.find(key);
    if (entry == nullptr) return;
    try {
        take(entry->value);
    } catch (const UsageError& error) {
        throw InputError(ini.file, entry->line, error.what());
    }
}

void read_gate_section(const IniFile& ini, const IniSection& section, GateRules& rules) {
    expect_ini_keys(ini, section, kGateKeys);
    if (const IniEntry* schema = section.find("schema"))
        expect_schema(schema->value, "gate", 1, ini.file, schema->line);
    with_value(ini, section, "confidence",
               [&](const std::string& text) { rules.confidence = parse_percent(text, "confidence", 0.8, 0.9999); });
    with_value(ini, section, "pass_confidence", [&](const std::string& text) {
        rules.pass_confidence = parse_percent(text, "pass_confidence", 0.5, 0.9999);
    });
    with_value(ini, section, "intensity",
               [&](const std::string& text) { rules.intensity = parse_intensity(text, "intensity"); });
}

void read_noise_section(const IniFile& ini, const IniSection& section, GateRules& rules) {
    expect_ini_keys(ini, section, kNoiseKeys);
    with_value(ini, section, "runs",
               [&](const std::string& text) { rules.noise_of_runs = parse_percent(text, "runs", 0, 10); });
    with_value(ini, section, "sessions",
               [&](const std::string& text) { rules.noise_of_sessions = parse_percent(text, "sessions", 0, 10); });
}

GateLimitRow read_limit(const IniFile& ini, const IniSection& section, const QuantityKey& key) {
    expect_ini_keys(ini, section, kLimitKeys);
    if (section.find("limit") == nullptr) {
        throw InputError(ini.file, section.line,
                         fmt::format("missing key 'limit' in [{}], such as limit = 3%", section.name));
    }
    GateLimitRow row{key, GateLimit{0, 0}};
    with_value(ini, section, "limit",
               [&](const std::string& text) { row.limit.relative = parse_percent(text, "limit", 0, 100); });
    with_value(ini, section, "floor",
               [&](const std::string& text) { row.limit.floor = parse_floor(key.metric, text, "floor"); });
    return row;
}

[[noreturn]] void refuse_section(const IniFile& ini, const IniSection& section) {
    std::vector<std::string> names{"gate", "noise"};
    for (const GateMetric metric : all_gate_metrics()) {
        names.emplace_back(gate_metric_name(metric));
        names.push_back(fmt::format("{}.stage", gate_metric_name(metric)));
        names.push_back(fmt::format("{}.layer", gate_metric_name(metric)));
    }
    throw InputError(ini.file, section.line, unknown_name_message("section", section.name, names));
}

}  // namespace

std::optional<GateLimit> GateRules::limit_of(const QuantityKey& key) const {
    const GateLimitRow* found = nullptr;
    for (const GateLimitRow& row : limits) {
        if (row.key.metric != key.metric || row.key.scope != key.scope) continue;
        if (row.key.name == key.name) return row.limit;
        if (row.key.name.empty()) found = &row;
    }
    return found == nullptr ? std::nullopt : std::optional(found->limit);
}

bool GateRules::is_named(const QuantityKey& key) const {
    return std::any_of(limits.begin(), limits.end(), [&](const GateLimitRow& row) { return row.key == key; });
}

GateRules read_gate_rules(std::string_view text, const std::string& file) {
    const IniFile ini = read_ini(text, file);
    GateRules rules;
    for (const IniSection& section : ini.sections) {
        if (section.name == "gate") {
            read_gate_section(ini, section, rules);
        } else if (section.name == "noise") {
            read_noise_section(ini, section, rules);
        } else if (const auto key = key_of_section(section.name)) {
            for (const GateLimitRow& row : rules.limits) {
                if (row.key == *key) throw InputError(file, section.line, fmt::format("limits {} twice", section.name));
            }
            rules.limits.push_back(read_limit(ini, section, *key));
        } else {
            refuse_section(ini, section);
        }
    }
    if (rules.limits.empty()) {
        throw InputError(file, 0, "limits nothing; expected a section such as [latency] with limit = 3%");
    }
    return rules;
}

std::string write_gate_rules(const GateRules& rules) {
    std::string text =
        fmt::format("[gate]\nschema = {}\nconfidence = {}\npass_confidence = {}\n", schema_text("gate", 1),
                    percent_text(rules.confidence), percent_text(rules.pass_confidence));
    if (rules.intensity) text += fmt::format("intensity = {}g/kWh\n", number_text(rules.intensity->value()));
    text += fmt::format("\n[noise]\nruns = {}\nsessions = {}\n", percent_text(rules.noise_of_runs),
                        percent_text(rules.noise_of_sessions));
    for (const GateLimitRow& row : rules.limits) {
        text += fmt::format("\n[{}]\nlimit = {}\nfloor = {}\n", section_of_key(row.key),
                            percent_text(row.limit.relative), floor_text(row.key.metric, row.limit.floor));
    }
    return text;
}

}  // namespace carbonedge
