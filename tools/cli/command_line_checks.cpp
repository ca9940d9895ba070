#include "tools/cli/command_line_checks.h"

#include "lib/base/errors.h"

#include <fmt/format.h>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

namespace carbonedge {
namespace {

const CLI::Option* find_option(const CLI::App& app, const std::string& name) {
    for (const CLI::App* scope = &active_app(app); scope != nullptr; scope = scope->get_parent()) {
        if (const CLI::Option* option = scope->get_option_no_throw(name)) return option;
    }
    return nullptr;
}

bool is_flag(const CLI::Option& option) { return option.get_items_expected_max() == 0; }

std::string one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    while (text.ends_with(' ')) text.pop_back();
    if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    return text;
}

std::string kind_of_value(const CLI::Option& option) {
    const std::string type = option.get_type_name();
    if (type == "UINT") return "a whole number of at least 0";
    if (type == "INT") return "a whole number";
    return type == "FLOAT" ? "a number" : "a value of another form";
}

bool is_whole_number(const std::string& text, bool may_be_negative) {
    const char* end = text.data() + text.size();
    std::int64_t number = 0;
    std::uint64_t large = 0;
    const auto [stop, problem] =
        may_be_negative ? std::from_chars(text.data(), end, number) : std::from_chars(text.data(), end, large);
    return problem == std::errc() && stop == end;
}

}  // namespace

const CLI::App& active_app(const CLI::App& app) {
    const CLI::App* deepest = &app;
    while (!deepest->get_subcommands().empty()) deepest = deepest->get_subcommands().front();
    return *deepest;
}

std::string problem_text(const CLI::App& app, const CLI::ParseError& error) {
    const std::string text = error.what();
    if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
        const std::string name = text.substr(0, text.find(':'));
        const CLI::Option* option = find_option(app, name);
        if (option != nullptr && option->count() > 1) {
            return fmt::format("{}: given {} times, expected once", name, option->count());
        }
        if (option != nullptr) return fmt::format("{}: no value given ({})", name, option->get_description());
    }
    if (dynamic_cast<const CLI::ConversionError*>(&error) != nullptr) {
        constexpr std::string_view kHead = "Could not convert: ";
        const std::size_t equals = text.find(" = ");
        if (text.starts_with(kHead) && equals != std::string::npos) {
            const std::string name = text.substr(kHead.size(), equals - kHead.size());
            const CLI::Option* option = find_option(app, name);
            if (option != nullptr) {
                return fmt::format("{}: '{}' is not {}", name, text.substr(equals + 3), kind_of_value(*option));
            }
        }
    }
    if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
        const std::string name = text.substr(0, text.find(' '));
        const CLI::Option* option = find_option(app, name);
        if (option != nullptr) return fmt::format("no {} given, expected {}", name, option->get_description());
    }
    return one_line(text);
}

void check_words(const CLI::App& app, int argc, const char* const* argv) {
    const CLI::App& active = active_app(app);
    for (const CLI::App* scope = active.get_parent(); scope != nullptr; scope = scope->get_parent()) {
        for (const CLI::Option* option : scope->get_options()) {
            const std::string name = option->get_name();
            if (option->count() == 0 || active.get_option_no_throw(name) != nullptr) continue;
            throw UsageError(fmt::format("{} has no meaning for '{}', see -h", name, active.get_name()));
        }
    }
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--") break;
        const std::size_t equals = word.find('=');
        if (!word.starts_with("--") || equals == std::string_view::npos) continue;
        const CLI::Option* option = find_option(app, std::string(word.substr(0, equals)));
        if (option != nullptr && is_flag(*option)) {
            throw UsageError(
                fmt::format("{} takes no value, '{}' was given", word.substr(0, equals), word.substr(equals + 1)));
        }
    }
    for (const CLI::App* scope = &active; scope != nullptr; scope = scope->get_parent()) {
        for (const CLI::Option* option : scope->get_options()) {
            const std::string type = option->get_type_name();
            if (is_flag(*option) || (type != "UINT" && type != "INT")) continue;
            for (const std::string& value : option->results()) {
                if (is_whole_number(value, type == "INT")) continue;
                throw UsageError(fmt::format("{}: '{}' is not {}", option->get_name(), value, kind_of_value(*option)));
            }
        }
    }
}

void check_output_is_no_input(const CLI::App& app, const std::string& output) {
    std::error_code none;
    if (output == "-" || !std::filesystem::is_regular_file(output, none)) return;
    for (const CLI::App* scope = &active_app(app); scope != nullptr; scope = scope->get_parent()) {
        for (const CLI::Option* option : scope->get_options()) {
            if (option->get_name() == "--output" || is_flag(*option)) continue;
            for (const std::string& value : option->results()) {
                // FILE, or NAME=FILE.
                for (const std::string& path : {value, value.substr(value.find('=') + 1)}) {
                    if (!std::filesystem::equivalent(path, output, none)) continue;
                    throw UsageError(fmt::format(
                        "--output: {} is also given as '{}'; write to another file, and move it over afterwards",
                        output, value));
                }
            }
        }
    }
}

void require_with(const CLI::App& app, const std::string& option, bool holds, const std::string& what) {
    const CLI::Option* given = find_option(app, option);
    if (given != nullptr && given->count() > 0 && !holds) {
        throw UsageError(fmt::format("{} has no effect without {}", option, what));
    }
}

}  // namespace carbonedge
