#include "tools/profile/transport_options.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/units/text.h"
#include "tools/cli/standard_options.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>

namespace carbonedge {
namespace {

constexpr Bytes kLargest{1'000'000'000};

void require_paths(const std::vector<std::string>& paths) {
    static const std::array<std::string, 4> kKnown{"unix", "shm", "tcp", "tls"};
    for (const std::string& path : paths) {
        if (std::find(kKnown.begin(), kKnown.end(), path) == kKnown.end()) {
            throw UsageError("--path: " + unknown_name_message("path", path, kKnown));
        }
        if (std::count(paths.begin(), paths.end(), path) > 1) {
            throw UsageError(fmt::format("--path: '{}' is given twice", path));
        }
    }
}

}  // namespace

bool parse_transport_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                             std::ostream& err, TransportOptions& options) {
    CLI::App app("measures what a message between two processes costs, by path and size",
                 "carbonedge-profile-transport");
    add_standard_options(app, options.standard);
    add_format_option(app, options.standard, {"text", "csv", "json", "markdown"});
    app.add_option("--path", options.paths, "paths to measure (comma-separated): unix, shm, tcp, tls")
        ->delimiter(',')
        ->capture_default_str();
    std::vector<std::string> sizes;
    app.add_option("--size", sizes, "sizes of the message (comma-separated), such as 64B,1MB")->delimiter(',');
    app.add_option("--rounds", options.rounds, "paths and sizes are gone through so often")
        ->capture_default_str()
        ->check(CLI::Range(std::size_t{1}, std::size_t{1000}));
    app.add_option_function<std::string>(
           "--time", [&](const std::string& text) { options.time = parse_duration(text, "--time"); },
           "how long each size of each path is measured in a round")
        ->default_str("20ms");
    app.add_option("--cluster", options.cluster, "write this cluster with [transport] of the one --path filled in");
    app.add_option("--width", options.width, "characters a line of text may have (0: 120)")->capture_default_str();
    if (!parse_command_line(app, argc, argv, page, out, err, options.standard)) return false;
    require_paths(options.paths);
    if (!sizes.empty()) options.sizes.clear();
    for (const std::string& size : sizes) {
        options.sizes.push_back(parse_bytes(size, "--size"));
        if (options.sizes.back() < Bytes(1) || options.sizes.back() > kLargest) {
            throw UsageError(fmt::format("--size: '{}' is not between 1 B and {}", size, bytes_text(kLargest)));
        }
    }
    if (options.time <= Nanoseconds(0) || options.time > std::chrono::hours(1)) {
        throw UsageError("--time: must be more than 0 and at most an hour, such as 20ms");
    }
    if (!options.cluster.empty()) {
        if (options.paths.size() != 1) throw UsageError("--cluster takes the figures of one path; name it with --path");
        if (options.sizes.size() < 2) throw UsageError("--cluster needs a line through two sizes or more; see --size");
        if (app.count("--format") > 0) throw UsageError("--cluster writes a cluster file; leave out --format");
    }
    return true;
}

}  // namespace carbonedge
