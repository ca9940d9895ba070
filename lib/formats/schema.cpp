#include "lib/formats/schema.h"

#include "lib/base/errors.h"
#include "lib/base/utf8.h"

#include <fmt/format.h>
#include <charconv>

namespace carbonedge {
namespace {

constexpr std::string_view kPrefix = "carbonedge.";

void skip_blanks(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
}

bool skip(std::string_view& text, std::string_view expected) {
    skip_blanks(text);
    if (!text.starts_with(expected)) return false;
    text.remove_prefix(expected.size());
    return true;
}

}  // namespace

std::string schema_text(std::string_view thing, int major) { return fmt::format("{}{}/{}", kPrefix, thing, major); }

int expect_schema(std::string_view found, std::string_view thing, int newest, const std::string& file, long line) {
    const std::string wanted = schema_text(thing, newest);
    const auto slash = found.rfind('/');
    const std::string_view digits = slash == std::string_view::npos ? "" : found.substr(slash + 1);
    int major = 0;
    const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), major);
    const bool well_formed = found.starts_with(kPrefix) && !digits.empty() && error == std::errc() &&
                             rest == digits.data() + digits.size() && major >= 1 && digits.front() != '0';
    if (!well_formed) {
        throw InputError(file, line, fmt::format("{} is no schema, expected {}", quoted_for_message(found), wanted));
    }
    const std::string_view name = found.substr(kPrefix.size(), slash - kPrefix.size());
    if (name != thing) {
        throw InputError(file, line, fmt::format("is a {}, expected {}", quoted_for_message(found), wanted));
    }
    if (major > newest) {
        throw InputError(file, line,
                         fmt::format("has schema version {}, this carbonedge reads up to {}; use a newer carbonedge",
                                     major, newest));
    }
    return major;
}

std::string schema_of(std::string_view text) {
    const bool json = skip(text, "{");
    if (json ? !(skip(text, "\"schema\"") && skip(text, ":")) : !(skip(text, "#") && skip(text, "schema:"))) return "";
    if (!skip(text, "\"")) return "";
    const std::string_view schema = text.substr(0, text.find_first_of("\"\\\n"));
    return schema.size() < text.size() && text[schema.size()] == '"' ? std::string(schema) : "";
}

}  // namespace carbonedge
