#include "tools/cli/standard_options.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/base/version.h"
#include "tools/cli/command_line_checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <ostream>
#include <vector>

namespace carbonedge {
namespace {

std::vector<std::string> option_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* scope = &app; scope != nullptr; scope = scope->get_parent()) {
        for (const CLI::Option* option : scope->get_options()) {
            for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
        }
    }
    return names;
}

/// CLI11 lists what it could not place; the first that looks like an option deserves a suggestion.
std::string extras_message(const CLI::App& app) {
    const CLI::App& scope = active_app(app);
    bool behind_dashes = false;
    for (const std::string& word : app.remaining(true)) {
        if (word == "--") {
            behind_dashes = true;
            continue;
        }
        if (behind_dashes || !word.starts_with("-")) return fmt::format("unexpected argument '{}', see -h", word);
        const std::string name = word.substr(0, word.find('='));
        const std::string nearest = nearest_name(name, option_names(scope));
        if (nearest == name) return fmt::format("{} has no meaning for '{}', see -h", name, scope.get_name());
        return nearest.empty() ? fmt::format("unknown option '{}', see -h", name)
                               : fmt::format("unknown option '{}' (did you mean '{}'?), see -h", name, nearest);
    }
    return "unexpected argument, see -h";
}

/// What -h says of verbs with pages of their own: those that the synopsis of `page` names by "(page: PROGRAM-VERB: what
/// it is)".
std::string verbs_named_by(std::string_view page, const std::string& program) {
    const std::string mark = "(page: " + program + "-";
    std::string list;
    for (size_t at = page.find(mark); at != std::string_view::npos; at = page.find(mark, at)) {
        at += mark.size();
        const size_t colon = page.find(": ", at);
        const size_t end = page.find(')', at);
        if (end == std::string_view::npos || colon > end) continue;
        list += fmt::format("  {:<28}{}\n", page.substr(at, colon - at), page.substr(colon + 2, end - colon - 2));
    }
    return list.empty() ? list : fmt::format("Verbs ({} VERB -h lists their options):\n{}", program, list);
}

void tell(std::ostream& out, std::string_view text) {
    out << text << std::flush;
    if (!out) throw EnvironmentError("cannot write to standard output", "check the reader of the pipe");
}

void print_effective(const CLI::App& app, std::ostream& err) {
    for (const CLI::App* scope = &active_app(app); scope != nullptr; scope = scope->get_parent()) {
        for (const CLI::Option* option : scope->get_options()) {
            const std::string name = option->get_name();
            if (name.empty() || name == "--help" || name == "-h" || name == "--version")
                continue;  // hidden ones have none
            std::string value = option->get_default_str();
            if (option->count() > 0) {
                value.clear();
                for (const std::string& result : option->results()) value += (value.empty() ? "" : " ") + result;
            }
            err << "option " << name << " = " << (value.empty() ? "(unset)" : value) << "\n";
        }
    }
}

}  // namespace

void add_standard_options(CLI::App& app, StandardOptions& options) {
    app.set_help_flag("-h", "print this list of options");
    app.add_flag_callback(
        "--help", [] {}, "print the full page with examples and diagnostics");
    app.add_flag_callback(
        "--version", [] {}, "print the version");
    app.add_option("-o,--output", options.output, "write here instead of standard output ('-')")->capture_default_str();
    app.add_flag("--overwrite", options.overwrite, "replace an existing output file");
    app.add_flag("--quiet", options.quiet, "no messages on standard error but errors");
    app.add_flag("-v,--verbose", options.verbosity, "print every effective option on standard error");
}

void add_seed_option(CLI::App& app, StandardOptions& options) {
    app.add_option("--seed", options.seed, "seed of everything random")->capture_default_str();
}

void add_format_option(CLI::App& app, StandardOptions& options, std::initializer_list<std::string> formats) {
    const std::vector<std::string> names(formats);
    app.add_option_function<std::string>(
           "--format",
           [&options, names](const std::string& name) {
               if (std::find(names.begin(), names.end(), name) == names.end()) {
                   throw UsageError("--format: " + unknown_name_message("format", name, names));
               }
               options.format = name;
           },
           fmt::format("output format: {}", fmt::join(names, ", ")))
        ->default_str(options.format);
}

bool is_prose(const StandardOptions& options) { return options.format == "text" || options.format == "markdown"; }

bool parse_command_line(CLI::App& app, int argc, const char* const* argv, std::string_view page, std::ostream& out,
                        std::ostream& err, const StandardOptions& options) {
    // Help and version must win over a missing required argument, which CLI11 would report first.
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--") break;
        if (word == "--help") {
            tell(out, page);
            return false;
        }
        if (word == "--version") {
            tell(out, fmt::format("{} {}\n", app.get_name(), version()));
            return false;
        }
    }
    app.footer(verbs_named_by(page, app.get_name()));
    app.allow_extras();
    for (CLI::App* verb : app.get_subcommands([](CLI::App*) { return true; })) verb->allow_extras();
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        tell(out, app.help());
        return false;
    } catch (const CLI::ParseError& error) {
        throw UsageError(problem_text(app, error) + ", see -h");
    }
    if (!app.remaining(true).empty()) throw UsageError(extras_message(app));
    check_words(app, argc, argv);
    check_output_is_no_input(app, options.output);
    if (options.verbosity > 0) print_effective(app, err);
    return true;
}

}  // namespace carbonedge
