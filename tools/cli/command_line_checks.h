#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace carbonedge {

/// The verb that was typed, or the program itself.
const CLI::App& active_app(const CLI::App& app);

/// What CLI11 found wrong, as our errors say it: what was typed, what was expected.
std::string problem_text(const CLI::App& app, const CLI::ParseError& error);

/// What CLI11 lets through: options before a verb that does not take them, values for flags, whole numbers that are
/// none. Throws UsageError.
void check_words(const CLI::App& app, int argc, const char* const* argv);

/// An output that is also an input would be lost where the work fails, and half the evidence where it does not. Throws
/// UsageError.
void check_output_is_no_input(const CLI::App& app, const std::string& output);

/// Throws UsageError where `option` was given though `holds` is false, because without `what` it would have no effect.
void require_with(const CLI::App& app, const std::string& option, bool holds, const std::string& what);

}  // namespace carbonedge
