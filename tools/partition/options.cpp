#include "tools/partition/options.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/units/text.h"
#include "tools/cli/command_line_checks.h"
#include "tools/cli/standard_options.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <functional>

namespace carbonedge {
namespace {

void add_text_option(CLI::App& app, const std::string& name, const std::string& description, const std::string& shown,
                     const std::function<void(const std::string&)>& read) {
    app.add_option_function<std::string>(name, read, description)->default_str(shown);
}

std::size_t whole_number(std::string_view text, std::string_view option) {
    std::size_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || end != text.data() + text.size() || value == 0) {
        throw UsageError(fmt::format("{}: '{}' is not a whole number of at least 1", option, text));
    }
    return value;
}

std::vector<std::size_t> cut_list(const std::string& text) {
    std::vector<std::size_t> cuts;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t comma = std::min(text.find(',', begin), text.size());
        cuts.push_back(whole_number(std::string_view(text).substr(begin, comma - begin), "--cuts"));
        begin = comma + 1;
    }
    return cuts;
}

void read_by(const std::string& text, PartitionOptions& options) {
    if (text == "capability") {
        options.by_capability = true;
        return;
    }
    const std::array<std::string, 5> names{"parameters", "macs", "latency", "energy", "capability"};
    if (std::find(names.begin(), names.end(), text) == names.end()) {
        throw UsageError("--by: " + unknown_name_message("cost model", text, names));
    }
    options.by = parse_cost_model(text);
}

void check(const PartitionOptions& options) {
    if (options.profile.empty()) throw UsageError("no profile given, see -h");
    const bool capability = options.by_capability || options.method == SplitMethod::kCapability;
    if (!options.cuts.empty() && (options.stages || options.method || capability)) {
        throw UsageError("--cuts leaves nothing to choose: give it without --stages, --method and --by capability");
    }
    if (options.by_capability && options.method && *options.method != SplitMethod::kCapability) {
        throw UsageError("--by capability is the capability method, give it without another --method");
    }
    if (capability && options.cluster.empty()) {
        throw UsageError("the capability split needs the nodes, expected --cluster FILE");
    }
    if (!capability && options.cuts.empty() && !options.stages) {
        throw UsageError("expected --stages N, --cuts A,B or --by capability --cluster FILE");
    }
    if (options.model.empty() != options.emit.empty()) {
        throw UsageError("--emit DIR and --model MODEL belong together");
    }
}

}  // namespace

bool parse_partition_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                             std::ostream& err, PartitionOptions& options) {
    CLI::App app("Divide a network into stages.", "carbonedge-partition");
    app.add_option("profile", options.profile, "profile of the network, - for standard input")->type_name("FILE");
    add_text_option(app, "--stages", "how many stages", "",
                    [&options](const std::string& text) { options.stages = whole_number(text, "--stages"); });
    add_text_option(app, "--cuts", "cut before these layers, such as 12,40", "",
                    [&options](const std::string& text) { options.cuts = cut_list(text); });
    add_text_option(app, "--by", "what a layer costs: parameters, macs, latency, energy or capability", "latency",
                    [&options](const std::string& text) { read_by(text, options); });
    add_text_option(app, "--method", "optimal, equal or capability", "optimal",
                    [&options](const std::string& text) { options.method = parse_split_method(text); });
    app.add_option("--cluster", options.cluster, "nodes of the capability split")->type_name("FILE");
    add_text_option(app, "--bandwidth", "count what crosses a cut as a transfer at this rate, such as 100Mbit/s", "",
                    [&options](const std::string& text) { options.bandwidth = parse_bandwidth(text, "--bandwidth"); });
    app.add_option("--model", options.model, "the TorchScript file, for --emit")->type_name("FILE");
    app.add_option("--emit", options.emit, "write the stages as modules into this folder and check their outputs")
        ->type_name("DIR");
    add_standard_options(app, options.standard);
    if (!parse_command_line(app, argc, argv, page, out, err, options.standard)) return false;
    check(options);
    const bool capability = options.by_capability || options.method == SplitMethod::kCapability;
    require_with(app, "--cluster", capability, "--by capability");
    return true;
}

}  // namespace carbonedge
