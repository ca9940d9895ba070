#include "lib/formats/yaml.h"

#include "lib/base/errors.h"
#include "lib/base/utf8.h"
#include "lib/formats/json_document.h"
#include "lib/formats/text_checks.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>
#include <unordered_set>
#include <vector>

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kDeepest = 64;

/// A number where all of `text` is one that a double holds.
std::optional<Json> number_of(std::string_view text) {
    std::string_view digits = text;
    if (digits.starts_with('+')) digits.remove_prefix(1);
    if (digits.empty() || digits.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return std::nullopt;
    const char* const end = digits.data() + digits.size();
    std::int64_t whole = 0;
    if (const auto [rest, error] = std::from_chars(digits.data(), end, whole); error == std::errc() && rest == end) {
        return Json(whole);
    }
    double number = 0;
    const auto [rest, error] = std::from_chars(digits.data(), end, number);
    if (error != std::errc() || rest != end || !std::isfinite(number)) return std::nullopt;
    return Json(number);
}

Json plain_scalar(const std::string& text) {
    if (text == "true" || text == "True") return true;
    if (text == "false" || text == "False") return false;
    if (auto number = number_of(text)) return *std::move(number);
    return text;
}

/// Builds the value and, in step with it, the tree of lines.
class Builder final : public YAML::EventHandler {
public:
    Builder(Json& root, JsonLines& lines, const std::string& file) : file_(file), root_(root), root_lines_(lines) {}

    void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuse_anchor(mark, anchor);
        if (at_key()) refuse(mark, "a key is missing");
        place(mark) = nullptr;
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
        refuse(mark, "YAML aliases are not read; write the value out");
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        if (at_key()) {
            key(mark, value);
        } else {
            place(mark) = tag == "!" ? Json(value) : plain_scalar(value);
        }
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value /*style*/) override {
        open(mark, tag, anchor, Json::value_t::array);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value /*style*/) override {
        open(mark, tag, anchor, Json::value_t::object);
    }
    void OnMapEnd() override { close(); }

private:
    struct Level {
        Json* value = nullptr;
        JsonLines* lines = nullptr;
        bool has_key = false;  ///< of an object: its next event is a value
        std::unordered_set<std::string> keys = {};
    };
    using Members = std::vector<std::pair<const std::string, Json>>;

    /// ordered_map's own insertion searches linearly; `keys` knows already.
    static Members& members(Json& object) { return object.get_ref<Json::object_t&>(); }

    [[nodiscard]] bool at_key() const {
        return !stack_.empty() && stack_.back().value->is_object() && !stack_.back().has_key;
    }

    [[noreturn]] void refuse(const YAML::Mark& mark, const std::string& problem) const {
        throw InputError(file_, std::max(mark.line, 0) + 1, problem);
    }
    void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) const {
        if (anchor != 0) refuse(mark, "YAML anchors are not read; write the value out where it is needed");
    }
    /// "?" is a plain scalar or collection, "!" a quoted scalar.
    void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
        if (tag.empty() || tag == "?" || tag == "!") return;
        refuse(mark, fmt::format("YAML tags such as {} are not read", quoted_for_message(tag)));
    }

    void key(const YAML::Mark& mark, const std::string& name) {
        Level& level = stack_.back();
        if (name == "<<") refuse(mark, "YAML merge keys are not read; write the values out");
        if (!level.keys.insert(name).second) {
            refuse(mark, fmt::format("duplicate key {}", quoted_for_message(name)));
        }
        members(*level.value).emplace_back(name, nullptr);
        level.lines->children.emplace_back().line = mark.line + 1;
        level.has_key = true;
    }

    /// Where the next value goes; its line is set.
    Json& place(const YAML::Mark& mark) {
        Json* value = &root_;
        JsonLines* lines = &root_lines_;
        if (!stack_.empty()) {
            Level& level = stack_.back();
            if (level.value->is_array()) {
                auto& array = level.value->get_ref<Json::array_t&>();
                array.emplace_back();
                value = &array.back();
                lines = &level.lines->children.emplace_back();
            } else {
                value = &members(*level.value).back().second;
                lines = &level.lines->children.back();
                level.has_key = false;
            }
        }
        if (mark.line >= 0) lines->line = mark.line + 1;
        last_lines_ = lines;
        return *value;
    }

    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Json::value_t type) {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        if (at_key()) refuse(mark, "a key is no text");
        if (stack_.size() >= kDeepest) refuse(mark, fmt::format("nested deeper than {} levels", kDeepest));
        Json& value = place(mark);
        value = Json(type);
        stack_.push_back({&value, last_lines_});
    }
    void close() { stack_.pop_back(); }

    const std::string& file_;
    Json& root_;
    JsonLines& root_lines_;
    JsonLines* last_lines_ = nullptr;
    std::vector<Level> stack_;
};

class NoFurtherDocument final : public YAML::EventHandler {
public:
    explicit NoFurtherDocument(const std::string& file) : file_(file) {}
    void OnDocumentStart(const YAML::Mark& mark) override {
        throw InputError(file_, mark.line + 1, "a second YAML document starts; expected one");
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
    void OnAlias(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
    void OnScalar(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  const std::string& /*value*/) override {}
    void OnSequenceStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                         YAML::EmitterStyle::value /*style*/) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                    YAML::EmitterStyle::value /*style*/) override {}
    void OnMapEnd() override {}

private:
    const std::string& file_;
};

std::string one_line(std::string problem) {
    std::replace_if(
        problem.begin(), problem.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
    return problem.size() > 200 ? problem.substr(0, 200) + "..." : problem;
}

}  // namespace

JsonDocument read_yaml(std::string_view text, const std::string& file) {
    if (text.size() > kLargestYaml) {
        throw InputError(file, 0, fmt::format("{} bytes of YAML; at most {} are read", text.size(), kLargestYaml));
    }
    check_text(text, file);
    auto state = std::make_unique<JsonDocument::State>();
    state->file = file;
    state->lines.line = 1;
    Builder builder(state->value, state->lines, file);
    NoFurtherDocument end(file);
    std::istringstream stream{std::string(text)};
    try {
        YAML::Parser parser(stream);
        if (!parser.HandleNextDocument(builder)) throw InputError(file, 1, "is empty; expected YAML");
        parser.HandleNextDocument(end);
    } catch (const YAML::Exception& error) {
        throw InputError(file, std::max(error.mark.line, 0) + 1, "not valid YAML: " + one_line(error.msg));
    }
    return JsonDocument(std::move(state));
}

}  // namespace carbonedge
