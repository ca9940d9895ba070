#pragma once

#include <CLI/CLI.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace carbonedge {

/// An option whose text is read by a function that throws UsageError; `shown` is its default on the short help.
void add_text_option(CLI::App& app, const std::string& name, const std::string& description, const std::string& shown,
                     const std::function<void(const std::string&)>& read);
/// The same for one that may be repeated.
void add_list_option(CLI::App& app, const std::string& name, const std::string& description, const std::string& type,
                     const std::function<void(const std::string&)>& read);
/// The position of a name; UsageError that lists the names.
std::size_t choose(const std::string& option, const std::string& kind, const std::string& word,
                   const std::vector<std::string>& names);
/// "ZONE=FILE" in its two parts; UsageError that shows `form`.
std::pair<std::string, std::string> assignment(const std::string& option, const std::string& text,
                                               const std::string& form);

}  // namespace carbonedge
