#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/base/utf8.h"
#include "lib/formats/json.h"
#include "lib/formats/json_lines.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;

std::string type_text(const Json& value) {
    switch (value.type()) {
        case Json::value_t::null:
            return "null";
        case Json::value_t::object:
            return "an object";
        case Json::value_t::array:
            return "an array";
        case Json::value_t::string:
            return "the text " + quoted_for_message(value.get_ref<const std::string&>());
        default:
            return value.dump();
    }
}

std::string range_text(const std::string& low, const std::string& high, bool below_is_open, bool above_is_open) {
    if (above_is_open) return "at least " + low;
    if (below_is_open) return "at most " + high;
    return fmt::format("within [{}, {}]", low, high);
}

}  // namespace

long JsonCursor::line() const { return lines_->line; }
bool JsonCursor::is_object() const { return value_->is_object(); }
bool JsonCursor::is_array() const { return value_->is_array(); }
bool JsonCursor::is_string() const { return value_->is_string(); }
bool JsonCursor::is_null() const { return value_->is_null(); }

void JsonCursor::refuse(const std::string& problem) const { throw InputError(*file_, lines_->line, problem); }

std::string JsonCursor::name() const { return key_.empty() ? "the document" : quoted_for_message(key_); }

void JsonCursor::refuse_type(std::string_view expected) const {
    refuse(fmt::format("{} is {}, expected {}", name(), type_text(*value_), expected));
}

void JsonCursor::expect_only(std::initializer_list<std::string_view> keys) const {
    if (!value_->is_object()) refuse_type("an object");
    std::size_t position = 0;
    for (const auto& member : value_->get_ref<const Json::object_t&>()) {
        if (std::find(keys.begin(), keys.end(), member.first) == keys.end()) {
            const std::vector<std::string> names(keys.begin(), keys.end());
            const std::string nearest = nearest_name(member.first, names);
            throw InputError(*file_, lines_->children[position].line,
                             fmt::format("unknown key {}{}", quoted_for_message(member.first),
                                         nearest.empty() ? "" : fmt::format(" (did you mean '{}'?)", nearest)));
        }
        ++position;
    }
}

std::optional<JsonCursor> JsonCursor::find(std::string_view key) const {
    if (!value_->is_object()) refuse_type("an object");
    std::size_t position = 0;
    for (const auto& member : value_->get_ref<const Json::object_t&>()) {
        if (member.first == key) return JsonCursor(member.second, lines_->children[position], *file_, member.first);
        ++position;
    }
    return std::nullopt;
}

JsonCursor JsonCursor::at(std::string_view key) const {
    if (auto found = find(key)) return *found;
    refuse(fmt::format("missing key '{}' in {}", key, name()));
}

std::vector<std::pair<std::string, JsonCursor>> JsonCursor::members() const {
    if (!value_->is_object()) refuse_type("an object");
    std::vector<std::pair<std::string, JsonCursor>> all;
    std::size_t position = 0;
    for (const auto& member : value_->get_ref<const Json::object_t&>()) {
        all.emplace_back(member.first, JsonCursor(member.second, lines_->children[position], *file_, member.first));
        ++position;
    }
    return all;
}

std::vector<JsonCursor> JsonCursor::elements() const {
    if (!value_->is_array()) refuse_type("an array");
    std::vector<JsonCursor> all;
    all.reserve(value_->size());
    std::size_t position = 0;
    for (const Json& element : value_->get_ref<const Json::array_t&>()) {
        all.emplace_back(element, lines_->children[position], *file_, key_);
        ++position;
    }
    return all;
}

std::string JsonCursor::text() const {
    if (!value_->is_string()) refuse_type("a text");
    return value_->get_ref<const std::string&>();
}

bool JsonCursor::boolean() const {
    if (!value_->is_boolean()) refuse_type("true or false");
    return value_->get<bool>();
}

std::int64_t JsonCursor::integer(std::int64_t low, std::int64_t high) const {
    if (!value_->is_number_integer()) refuse_type("a whole number");
    constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    const bool beyond = value_->is_number_unsigned() && value_->get<std::uint64_t>() > kLargest;
    if (beyond || value_->get<std::int64_t>() < low || value_->get<std::int64_t>() > high) {
        refuse(fmt::format(
            "{} is {}, expected a whole number {}", name(), value_->dump(),
            range_text(std::to_string(low), std::to_string(high), low == std::numeric_limits<std::int64_t>::min(),
                       high == std::numeric_limits<std::int64_t>::max())));
    }
    return value_->get<std::int64_t>();
}

std::uint64_t JsonCursor::unsigned_integer() const {
    if (!value_->is_number_unsigned()) refuse_type("a whole number of at least 0");
    return value_->get<std::uint64_t>();
}

double JsonCursor::number(double low, double high) const {
    if (!value_->is_number()) refuse_type("a number");
    const double number = value_->get<double>();
    if (!std::isfinite(number) || number < low || number > high) {
        refuse(fmt::format("{} is {}, expected a number {}", name(), value_->dump(),
                           range_text(number_text(low), number_text(high), low == std::numeric_limits<double>::lowest(),
                                      high == std::numeric_limits<double>::max())));
    }
    return number;
}

}  // namespace carbonedge
