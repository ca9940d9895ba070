#include "tools/carbonedge/dispatch.h"

#include "lib/base/spelling.h"
#include "lib/base/version.h"

#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <ostream>

namespace carbonedge {
namespace {

struct Tool {
    std::string name;
    std::string_view purpose;
};

const std::array<Tool, 5>& tools() {
    static const std::array<Tool, 5> kTools{
        Tool{"profile", "measure the layers of a model"}, Tool{"partition", "choose where to cut it into stages"},
        Tool{"plan", "choose which node runs which stage"}, Tool{"run", "execute a plan and record it"},
        Tool{"report", "compare plans and runs, and judge"}};
    return kTools;
}

std::vector<std::string> tool_names() {
    std::vector<std::string> names;
    for (const Tool& tool : tools()) names.push_back(tool.name);
    return names;
}

void check_tool(const std::string& word) {
    const std::vector<std::string> names = tool_names();
    if (std::find(names.begin(), names.end(), word) == names.end()) {
        throw UsageError(unknown_name_message("tool", word, names));
    }
}

std::string short_help() {
    std::string text =
        "Usage: carbonedge TOOL [OPTIONS...]\n\nOptions:\n  -h          print this list\n"
        "  --help      print the full page\n  --version   print the version\n\nTools (carbonedge TOOL -h lists the "
        "options):\n";
    for (const Tool& tool : tools()) text += fmt::format("  {:<10}  {}\n", tool.name, tool.purpose);
    return text;
}

/// Replaces this process by carbonedge-<tool> beside it, or else in PATH. Returns only to throw.
[[noreturn]] void become(const std::string& tool, const std::vector<std::string>& arguments) {
    const std::string program = "carbonedge-" + tool;
    std::vector<std::string> words{program};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);

    std::error_code unknown;  // without /proc only PATH is left
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", unknown);
    if (!unknown) ::execv((self.parent_path() / program).c_str(), pointers.data());
    if (unknown || errno == ENOENT) ::execvp(program.c_str(), pointers.data());
    throw EnvironmentError(
        fmt::format("cannot start {}: {}", program, std::strerror(errno)),
        fmt::format("it is looked for beside carbonedge ({}) and in PATH", self.parent_path().string()));
}

}  // namespace

ExitStatus dispatch(const std::vector<std::string>& words, std::string_view page, std::ostream& out) {
    if (words.empty()) throw UsageError("no tool given, see carbonedge -h");
    const std::string& word = words.front();
    if (word == "--help" || (word == "help" && words.size() == 1)) {
        out << page;
        return ExitStatus::kOk;
    }
    if (word == "-h") {
        out << short_help();
        return ExitStatus::kOk;
    }
    if (word == "--version") {
        out << "carbonedge " << version() << "\n";
        return ExitStatus::kOk;
    }
    if (word == "help") {
        check_tool(words[1]);
        become(words[1], {"--help"});
    }
    if (word.starts_with("-")) {
        throw UsageError(unknown_name_message("option", word, std::vector<std::string>{"-h", "--help", "--version"}));
    }
    check_tool(word);
    become(word, {words.begin() + 1, words.end()});
}

}  // namespace carbonedge
