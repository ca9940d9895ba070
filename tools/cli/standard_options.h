#pragma once

#include "tools/cli/option_values.h"

#include <CLI/CLI.hpp>

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace carbonedge {

/// Adds -o/--output, --overwrite, --quiet, -v, --version and `--help` (the page) / `-h` (the short list).
void add_standard_options(CLI::App& app, StandardOptions& options);
void add_seed_option(CLI::App& app, StandardOptions& options);
/// Adds --format with its allowed names.
void add_format_option(CLI::App& app, StandardOptions& options, std::initializer_list<std::string> formats);

/// Whether the output is lines for people, which have a width.
bool is_prose(const StandardOptions& options);

/// Parses and returns whether the tool should go on. Help and version are printed to `out` (returns false).
/// Anything wrong throws UsageError, one line, with the nearest option suggested. With -v the effective options go to
/// `err`. `page` is the compiled-in text of docs/cli/<tool>.md; its synopsis names the verbs that -h lists.
bool parse_command_line(CLI::App& app, int argc, const char* const* argv, std::string_view page, std::ostream& out,
                        std::ostream& err, const StandardOptions& options);

}  // namespace carbonedge
