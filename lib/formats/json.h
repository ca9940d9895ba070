#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carbonedge {

/// The line of a JSON value and, in the order of the text, of what it contains.
struct JsonLines;

/// A JSON value with its place in the file, read strictly: every getter throws InputError with file and line where the
/// value is not what was asked for. Valid as long as its JsonDocument lives.
class JsonCursor {
public:
    JsonCursor(const nlohmann::ordered_json& value, const JsonLines& lines, const std::string& file,
               std::string_view key)
        : value_(&value), lines_(&lines), file_(&file), key_(key) {}

    [[nodiscard]] const nlohmann::ordered_json& value() const { return *value_; }
    [[nodiscard]] const std::string& file() const { return *file_; }
    [[nodiscard]] long line() const;
    [[nodiscard]] bool is_object() const;
    [[nodiscard]] bool is_array() const;
    [[nodiscard]] bool is_string() const;
    [[nodiscard]] bool is_null() const;

    /// Throws InputError{file, line of this value, problem}.
    [[noreturn]] void refuse(const std::string& problem) const;

    /// This is an object whose keys are all among `keys`; an unknown one gets the nearest valid name suggested.
    void expect_only(std::initializer_list<std::string_view> keys) const;
    /// The value of a key that must be there.
    [[nodiscard]] JsonCursor at(std::string_view key) const;
    /// The value of a key that may be absent.
    [[nodiscard]] std::optional<JsonCursor> find(std::string_view key) const;
    /// All of an object whose keys are free, in the order of the text.
    [[nodiscard]] std::vector<std::pair<std::string, JsonCursor>> members() const;
    [[nodiscard]] std::vector<JsonCursor> elements() const;  ///< of an array

    [[nodiscard]] std::string text() const;
    [[nodiscard]] bool boolean() const;
    /// A number written without point or exponent, within [low, high].
    [[nodiscard]] std::int64_t integer(std::int64_t low = std::numeric_limits<std::int64_t>::min(),
                                       std::int64_t high = std::numeric_limits<std::int64_t>::max()) const;
    [[nodiscard]] std::uint64_t unsigned_integer() const;
    /// A finite number within [low, high]; written as an integer or not.
    [[nodiscard]] double number(double low = std::numeric_limits<double>::lowest(),
                                double high = std::numeric_limits<double>::max()) const;

private:
    [[nodiscard]] std::string name() const;  ///< "'key'" of the nearest enclosing member, or "the document"
    [[noreturn]] void refuse_type(std::string_view expected) const;

    const nlohmann::ordered_json* value_;
    const JsonLines* lines_;
    const std::string* file_;
    std::string_view key_;
};

/// A parsed JSON text and the line of every value in it.
class JsonDocument {
public:
    JsonDocument(JsonDocument&&) noexcept;
    JsonDocument& operator=(JsonDocument&&) noexcept;
    ~JsonDocument();
    [[nodiscard]] JsonCursor root() const;

private:
    struct State;
    explicit JsonDocument(std::unique_ptr<State> state);
    friend JsonDocument read_yaml(std::string_view text, const std::string& file);
    friend JsonDocument read_json(std::string_view text, const std::string& file, long first_line);
    friend JsonDocument read_json_members(std::span<const struct JsonMember> members, const std::string& file);
    std::unique_ptr<State> state_;
};

/// Reads one JSON value (RFC 8259) and nothing after it. Refuses what check_text() refuses, duplicate keys, numbers
/// beyond double range and nesting deeper than 64. `first_line` is the line of `file` at which `text` starts.
JsonDocument read_json(std::string_view text, const std::string& file, long first_line = 1);

/// A key with the text of its JSON value, as in the header lines of a profile.
struct JsonMember {
    std::string_view key;
    std::string_view text;
    long line = 0;
};

/// An object made of members that stand on lines of their own. Refuses duplicate keys.
JsonDocument read_json_members(std::span<const JsonMember> members, const std::string& file);

/// The one form in which our tools write JSON: two spaces a level, an object's members and an array's elements on lines
/// of their own (arrays of numbers on one line), shortest doubles that read back alike, UTF-8 as it is (broken bytes
/// become U+FFFD), newline at the end. Throws std::invalid_argument for a number that is not finite.
std::string write_json(const nlohmann::ordered_json& value);

/// The same on one line without any space or newline: for JSON lines and header lines.
std::string write_json_line(const nlohmann::ordered_json& value);

}  // namespace carbonedge
