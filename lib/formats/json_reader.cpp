#include "lib/formats/json.h"

#include "lib/base/errors.h"
#include "lib/base/utf8.h"
#include "lib/formats/json_document.h"
#include "lib/formats/json_lines.h"
#include "lib/formats/text_checks.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>
#include <unordered_set>

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kDeepest = 64;
constexpr std::size_t kFewMembers = 16;

/// Walks the text and tells the parser's handler how far the parser has read: nlohmann's events carry no position.
class CountingIterator {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    CountingIterator(const char* at, const char** reached) : at_(at), reached_(reached) {}
    reference operator*() const { return *at_; }
    CountingIterator& operator++() {
        *reached_ = at_++;
        return *this;
    }
    CountingIterator operator++(int) {
        CountingIterator before = *this;
        ++*this;
        return before;
    }
    bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
    bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

private:
    const char* at_;
    const char** reached_;  // the last byte that was read
};

/// Builds the value and, in step with it, the tree of lines.
class Builder {
public:
    Builder(Json& root, JsonLines& lines, const std::string& file, std::string_view text, long first_line,
            const char* const& reached)
        : file_(file), counted_(text.data()), line_(first_line), reached_(reached), root_(root), root_lines_(lines) {}

    bool null() { return scalar(nullptr); }
    bool boolean(bool value) { return scalar(value); }
    bool number_integer(Json::number_integer_t value) { return scalar(value); }
    bool number_unsigned(Json::number_unsigned_t value) { return scalar(value); }
    bool number_float(Json::number_float_t value, const std::string&) { return scalar(value); }
    bool string(std::string& value) { return scalar(std::move(value)); }
    bool binary(Json::binary_t&) { return false; }

    bool start_object(std::size_t) {
        const std::size_t width = widths_[std::min(stack_.size(), kDeepest - 1)];
        open(Json::value_t::object);
        // A growing ordered_map copies its members deeply; a reserved one that stays small costs pages.
        members(*stack_.back().value).reserve(width);
        stack_.back().lines->children.reserve(width);
        return true;
    }
    bool key(std::string& name) {
        Level& level = stack_.back();
        auto& object = members(*level.value);
        if (is_duplicate(level, object, name)) refuse(fmt::format("duplicate key {}", quoted_for_message(name)));
        object.emplace_back(std::move(name), nullptr);
        level.lines->children.emplace_back();
        return true;
    }
    bool end_object() {
        const std::size_t width = members(*stack_.back().value).size();
        stack_.pop_back();
        widths_[stack_.size()] = std::min(width, kFewMembers);
        return true;
    }
    bool start_array(std::size_t) {
        open(Json::value_t::array);
        return true;
    }
    bool end_array() {
        stack_.pop_back();
        return true;
    }

    bool parse_error(std::size_t, const std::string&, const Json::exception& error) {
        // "[json.exception.parse_error.101] parse error at line 1, column 3: syntax error while ...": our line is
        // ahead.
        std::string problem = error.what();
        if (const auto end = problem.find("] "); end != std::string::npos) problem.erase(0, end + 2);
        if (problem.starts_with("parse error at")) {
            if (const auto colon = problem.find(": "); colon != std::string::npos) problem.erase(0, colon + 2);
        }
        std::replace_if(
            problem.begin(), problem.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
        if (problem.size() > 200) problem = problem.substr(0, 200) + "...";
        refuse("not valid JSON: " + problem);
    }

private:
    struct Level {
        Json* value;
        JsonLines* lines;
        std::unordered_set<std::string> keys = {};  // filled once an object is large
    };
    using Members = std::vector<std::pair<const std::string, Json>>;

    /// ordered_map's own insertion searches linearly, which is_duplicate() already did better.
    static Members& members(Json& object) { return object.get_ref<Json::object_t&>(); }

    static bool is_duplicate(Level& level, const Members& object, const std::string& name) {
        constexpr std::size_t kFew = 24;
        if (object.size() < kFew) {
            return std::any_of(object.begin(), object.end(), [&](const auto& member) { return member.first == name; });
        }
        if (level.keys.empty()) {
            for (const auto& member : object) level.keys.insert(member.first);
        }
        return !level.keys.insert(name).second;
    }

    long line_here() {
        // What ends a number is read with it, so a newline counts only once something after it was read.
        line_ += static_cast<long>(std::count(counted_, reached_, '\n'));
        counted_ = reached_;
        return line_;
    }

    [[noreturn]] void refuse(const std::string& problem) { throw InputError(file_, line_here(), problem); }

    /// Where the next value goes; its line is set.
    std::pair<Json*, JsonLines*> next_place() {
        std::pair<Json*, JsonLines*> place{&root_, &root_lines_};
        if (!stack_.empty()) {
            Level& level = stack_.back();
            if (level.value->is_array()) {
                auto& array = level.value->get_ref<Json::array_t&>();
                array.emplace_back();
                place = {&array.back(), &level.lines->children.emplace_back()};
            } else {
                place = {&members(*level.value).back().second, &level.lines->children.back()};
            }
        }
        place.second->line = line_here();
        return place;
    }

    template <class T>
    bool scalar(T&& value) {
        *next_place().first = std::forward<T>(value);
        return true;
    }

    void open(Json::value_t type) {
        if (stack_.size() >= kDeepest) refuse(fmt::format("nested deeper than {} levels", kDeepest));
        const auto [value, lines] = next_place();
        *value = Json(type);
        stack_.push_back({value, lines});
    }

    const std::string& file_;
    const char* counted_;
    long line_;
    const char* const& reached_;
    Json& root_;
    JsonLines& root_lines_;
    std::vector<Level> stack_;
    /// Members of the last object of each depth, where they are few: elements of an array are alike.
    std::array<std::size_t, kDeepest> widths_ = [] {
        std::array<std::size_t, kDeepest> widths{};
        widths.fill(kFewMembers);
        return widths;
    }();
};

void parse_into(Json& value, JsonLines& lines, std::string_view text, const std::string& file, long first_line) {
    const char* reached = text.data();
    Builder builder(value, lines, file, text, first_line, reached);
    const CountingIterator begin(text.data(), &reached);
    const CountingIterator end(text.data() + text.size(), &reached);
    Json::sax_parse(begin, end, &builder, Json::input_format_t::json, /*strict=*/true, /*ignore_comments=*/false);
}

}  // namespace

JsonDocument::JsonDocument(std::unique_ptr<State> state) : state_(std::move(state)) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

JsonCursor JsonDocument::root() const { return {state_->value, state_->lines, state_->file, {}}; }

JsonDocument read_json(std::string_view text, const std::string& file, long first_line) {
    check_text(text, file);
    auto state = std::make_unique<JsonDocument::State>();
    state->file = file;
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        throw InputError(file, first_line, "is empty; expected JSON");
    }
    parse_into(state->value, state->lines, text, file, first_line);
    return JsonDocument(std::move(state));
}

JsonDocument read_json_members(std::span<const JsonMember> members, const std::string& file) {
    auto state = std::make_unique<JsonDocument::State>();
    state->file = file;
    state->value = Json::object();
    state->lines.line = members.empty() ? 1 : members.front().line;
    auto& object = state->value.get_ref<Json::object_t&>();
    object.reserve(members.size());
    state->lines.children.resize(members.size());
    std::unordered_set<std::string_view> keys;
    for (std::size_t i = 0; i < members.size(); ++i) {
        const JsonMember& member = members[i];
        if (!keys.insert(member.key).second) {
            throw InputError(file, member.line, fmt::format("duplicate key {}", quoted_for_message(member.key)));
        }
        static_cast<std::vector<Json::object_t::value_type>&>(object).emplace_back(std::string(member.key), nullptr);
        parse_into(object.back().second, state->lines.children[i], member.text, file, member.line);
    }
    return JsonDocument(std::move(state));
}

}  // namespace carbonedge
