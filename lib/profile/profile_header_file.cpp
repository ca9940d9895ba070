#include "lib/profile/profile_header_file.h"

#include "lib/base/errors.h"
#include "lib/base/utf8.h"
#include "lib/formats/json.h"
#include "lib/formats/schema.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;

std::string_view trimmed_front(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

/// Splits the header into its members without looking at the values.
ProfileHeaderExtent split(std::string_view text, const std::string& file, std::vector<JsonMember>& members) {
    ProfileHeaderExtent extent;
    while (extent.bytes < text.size() && text[extent.bytes] == '#') {
        const std::size_t end = std::min(text.find('\n', extent.bytes), text.size() - 1) + 1;
        std::string_view line = trimmed_front(text.substr(extent.bytes + 1, end - extent.bytes - 1));
        ++extent.lines;
        const auto colon = line.find(':');
        const std::string_view key = line.substr(0, colon);
        if (colon == std::string_view::npos || key.find_first_of(" \t\"") != std::string_view::npos) {
            throw InputError(file, extent.lines, "is no header line, expected `# key: JSON value`");
        }
        members.push_back({key, line.substr(colon + 1), extent.lines});
        extent.bytes = end;
    }
    return extent;
}

Nanoseconds nanoseconds(const JsonCursor& cursor) { return Nanoseconds(cursor.integer(0, kLargestCount)); }
Bytes bytes(const JsonCursor& cursor) { return Bytes(cursor.integer(0, kLargestCount)); }

std::vector<std::string> texts(const JsonCursor& cursor) {
    std::vector<std::string> all;
    for (const JsonCursor& element : cursor.elements()) all.push_back(element.text());
    return all;
}

ProfileCheck read_check(const JsonCursor& cursor) {
    cursor.expect_only({"name", "value", "limit", "passed", "remark"});
    return {cursor.at("name").text(), cursor.at("value").number(), cursor.at("limit").number(),
            cursor.at("passed").boolean(), cursor.at("remark").text()};
}

ValueRef read_value(const JsonCursor& cursor) {
    cursor.expect_only({"id", "bytes"});
    return {cursor.at("id").integer(0, kLargestCount), bytes(cursor.at("bytes"))};
}

void append(std::string& out, std::string_view key, const Json& value) {
    out += "# ";
    out += key;
    out += ": ";
    out += write_json_line(value);
    out += '\n';
}

}  // namespace

ProfileHeaderExtent read_profile_header(std::string_view text, const std::string& file, Profile& profile) {
    std::vector<JsonMember> members;
    const ProfileHeaderExtent extent = split(text, file, members);
    if (members.empty() || members.front().key != "schema") {
        throw InputError(
            file, 1,
            fmt::format("is no profile: the first line must be `# schema: \"{}\"`", schema_text("profile", 1)));
    }
    // The version is looked at before anything that a newer one may have changed.
    const std::span<const JsonMember> all(members);
    expect_schema(read_json_members(all.first(1), file).root().at("schema").text(), "profile", 1, file, 1);

    const JsonDocument document = read_json_members(all, file);
    const JsonCursor root = document.root();
    root.expect_only({"schema",
                      "tool_version",
                      "model_name",
                      "model_sha256",
                      "inputs",
                      "input_values",
                      "output_values",
                      "execution",
                      "execution_reason",
                      "threads",
                      "blas",
                      "allocator",
                      "cpu",
                      "machine",
                      "date_utc",
                      "cpus_limit",
                      "memory_limit_bytes",
                      "limit_enforced",
                      "meter",
                      "stopping_rule",
                      "whole_median_ns",
                      "whole_mean_ns",
                      "whole_cpu_mean_ns",
                      "runtime_base_bytes",
                      "load_peak_bytes",
                      "boundary",
                      "checks",
                      "warnings",
                      "environment"});
    const auto require = [&](std::string_view key) {
        if (const auto found = root.find(key)) return *found;
        throw InputError(file, extent.lines, fmt::format("missing key '{}' in the header lines above", key));
    };
    profile.tool_version = require("tool_version").text();
    profile.model_name = require("model_name").text();
    profile.model_sha256 = require("model_sha256").text();
    profile.inputs = texts(require("inputs"));
    for (const JsonCursor& value : require("input_values").elements())
        profile.input_values.push_back(read_value(value));
    for (const JsonCursor& id : require("output_values").elements()) {
        profile.output_values.push_back(id.integer(0, kLargestCount));
    }
    const JsonCursor execution = require("execution");
    profile.execution = execution.text();
    if (profile.execution != "optimised" && profile.execution != "frozen") {
        execution.refuse(
            fmt::format("'execution' is {}, expected 'optimised' or 'frozen'", quoted_for_message(profile.execution)));
    }
    if (const auto reason = root.find("execution_reason")) profile.execution_reason = reason->text();
    profile.threads = static_cast<int>(require("threads").integer(1, 65'536));
    profile.blas = require("blas").text();
    profile.allocator = require("allocator").text();
    profile.cpu = require("cpu").text();
    profile.machine = require("machine").text();
    profile.date_utc = require("date_utc").text();
    if (const auto limit = root.find("cpus_limit")) {
        profile.cpus_limit = limit->number(0, 65'536);
        if (profile.cpus_limit == 0) limit->refuse("'cpus_limit' is 0; leave the line out where there is no limit");
    }
    if (const auto limit = root.find("memory_limit_bytes")) {
        profile.memory_limit = Bytes(limit->integer(1, kLargestCount));
    }
    profile.limit_enforced = require("limit_enforced").boolean();
    profile.meter = require("meter").text();
    profile.stopping_rule = require("stopping_rule").text();
    profile.whole_median = nanoseconds(require("whole_median_ns"));
    profile.whole_mean = nanoseconds(require("whole_mean_ns"));
    profile.whole_cpu_mean = nanoseconds(require("whole_cpu_mean_ns"));
    profile.runtime_base_bytes = bytes(require("runtime_base_bytes"));
    profile.load_peak_bytes = bytes(require("load_peak_bytes"));
    const JsonCursor boundary = require("boundary");
    boundary.expect_only({"fixed_ns", "per_byte_ns"});
    profile.boundary = {boundary.at("fixed_ns").number(), boundary.at("per_byte_ns").number()};
    for (const JsonCursor& check : require("checks").elements()) profile.checks.push_back(read_check(check));
    profile.warnings = texts(require("warnings"));
    const JsonCursor environment = require("environment");
    for (const auto& [key, value] : environment.members()) profile.environment[key] = value.text();
    return extent;
}

void append_profile_header(std::string& out, const Profile& profile) {
    Json input_values = Json::array();
    for (const ValueRef& value : profile.input_values) {
        input_values.push_back({{"id", value.id}, {"bytes", value.bytes.value()}});
    }
    Json checks = Json::array();
    for (const ProfileCheck& check : profile.checks) {
        checks.push_back({{"name", check.name},
                          {"value", check.value},
                          {"limit", check.limit},
                          {"passed", check.passed},
                          {"remark", check.remark}});
    }
    append(out, "schema", schema_text("profile", 1));
    append(out, "tool_version", profile.tool_version);
    append(out, "model_name", profile.model_name);
    append(out, "model_sha256", profile.model_sha256);
    append(out, "inputs", profile.inputs);
    append(out, "input_values", input_values);
    append(out, "output_values", profile.output_values);
    append(out, "execution", profile.execution);
    if (!profile.execution_reason.empty()) append(out, "execution_reason", profile.execution_reason);
    append(out, "threads", profile.threads);
    append(out, "blas", profile.blas);
    append(out, "allocator", profile.allocator);
    append(out, "cpu", profile.cpu);
    append(out, "machine", profile.machine);
    append(out, "date_utc", profile.date_utc);
    if (profile.cpus_limit > 0) append(out, "cpus_limit", profile.cpus_limit);
    if (profile.memory_limit.value() > 0) append(out, "memory_limit_bytes", profile.memory_limit.value());
    append(out, "limit_enforced", profile.limit_enforced);
    append(out, "meter", profile.meter);
    append(out, "stopping_rule", profile.stopping_rule);
    append(out, "whole_median_ns", profile.whole_median.count());
    append(out, "whole_mean_ns", profile.whole_mean.count());
    append(out, "whole_cpu_mean_ns", profile.whole_cpu_mean.count());
    append(out, "runtime_base_bytes", profile.runtime_base_bytes.value());
    append(out, "load_peak_bytes", profile.load_peak_bytes.value());
    append(out, "boundary", {{"fixed_ns", profile.boundary.fixed_ns}, {"per_byte_ns", profile.boundary.per_byte_ns}});
    append(out, "checks", checks);
    append(out, "warnings", profile.warnings);
    append(out, "environment", profile.environment.empty() ? Json::object() : Json(profile.environment));
}

}  // namespace carbonedge
