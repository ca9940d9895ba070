#include "tools/plan/dag_options.h"

#include "lib/base/errors.h"
#include "lib/units/text.h"
#include "tools/cli/standard_options.h"
#include "tools/cli/text_options.h"
#include "tools/plan/problem_options.h"

#include <fmt/format.h>
#include <charconv>

namespace carbonedge {
namespace {

std::size_t count(const std::string& option, const std::string& text) {
    constexpr std::size_t kMost = 1'000'000;
    std::size_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || end != text.data() + text.size() || value > kMost) {
        throw UsageError(fmt::format("{}: '{}' is not a whole number from 0 to {}", option, text, kMost));
    }
    return value;
}

}  // namespace

bool parse_dag_options(int argc, const char* const* argv, std::string_view page, std::ostream& out, std::ostream& err,
                       DagOptions& options) {
    CLI::App app("Divides a graph of operations among identical accelerators and cpus.", "carbonedge-plan dag");
    app.add_option("FILE", options.input, "graph in the JSON of dnn-partitioning; '-' is standard input");
    add_text_option(app, "--accelerators", "how many accelerators there are", "the file's",
                    [&](const std::string& text) { options.accelerators = count("--accelerators", text); });
    add_text_option(app, "--cpus", "how many cpus there are", "the file's",
                    [&](const std::string& text) { options.cpus = count("--cpus", text); });
    add_text_option(app, "--memory", "memory of each accelerator, such as 8GiB", "the file's",
                    [&](const std::string& text) { options.memory = parse_bytes(text, "--memory"); });
    add_standard_options(app, options.standard);
    if (!parse_command_line(app, argc, argv, page, out, err, options.standard)) return false;
    if (options.input.empty()) throw UsageError("no graph given, see -h");
    return true;
}

}  // namespace carbonedge
