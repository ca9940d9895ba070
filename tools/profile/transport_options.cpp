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
    static const std::array<std::string, 5> kKnown{"unix", "shm", "tcp", "tls", "ucx"};
    for (const std::string& path : paths) {
        if (std::find(kKnown.begin(), kKnown.end(), path) == kKnown.end()) {
            throw UsageError("--path: " + unknown_name_message("path", path, kKnown));
        }
        if (std::count(paths.begin(), paths.end(), path) > 1) {
            throw UsageError(fmt::format("--path: '{}' is given twice", path));
        }
    }
}

/// Between hosts: one path, which the address names.
void require_hosts(const CLI::App& app, const TransportOptions& options, const std::string& link) {
    for (const auto& [option, address] : {std::pair{"--answer", options.answer}, std::pair{"--to", options.to}}) {
        const bool known = address.starts_with("tcp:") || address.starts_with("tls:") || address.starts_with("ucx:");
        if (!address.empty() && !known) {
            throw UsageError(
                fmt::format("{}: '{}' should look like tls:node-a:7100, tcp:... or ucx:...", option, address));
        }
    }
    if (!options.answer.empty() && !options.to.empty()) throw UsageError("--answer and --to are for two hosts");
    const bool between_hosts = !options.answer.empty() || !options.to.empty();
    if (between_hosts && app.count("--path") > 0)
        throw UsageError("--path: --answer and --to name the path themselves");
    if (!between_hosts && (!options.tls.empty() || options.plain_text)) {
        throw UsageError("--tls and --plain-text-across-hosts go with --answer or --to, see -h");
    }
    if (!link.empty() && (options.to.empty() || options.cluster.empty())) {
        throw UsageError("--link goes with --to and --cluster, see -h");
    }
    if (!options.to.empty() && !options.cluster.empty() && link.empty()) {
        throw UsageError("--to measures a link; name it with --link NODE:NODE");
    }
}

}  // namespace

bool parse_transport_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                             std::ostream& err, TransportOptions& options) {
    CLI::App app("measures what a message between two processes costs, by path and size",
                 "carbonedge-profile-transport");
    add_standard_options(app, options.standard);
    add_format_option(app, options.standard, {"text", "csv", "json", "markdown"});
    app.add_option("--path", options.paths, "paths to measure (comma-separated): unix, shm, tcp, tls, ucx")
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
    std::string link;
    app.add_option("--answer", options.answer, "answer those who measure from another host, here");
    app.add_option("--to", options.to, "measure the path to who answers at this address");
    app.add_option("--link", link, "with --to: write the cluster with this link filled in, NODE:NODE or gateway:NODE");
    app.add_option("--tls", options.tls, "for tls: folder with ca.pem, cert.pem and key.pem of this end");
    app.add_flag("--plain-text-across-hosts", options.plain_text, "tcp and ucx may leave this machine");
    app.add_option("--width", options.width, "characters a line of text may have (0: 120)")->capture_default_str();
    if (!parse_command_line(app, argc, argv, page, out, err, options.standard)) return false;
    require_hosts(app, options, link);
    if (!options.to.empty()) options.paths = {options.to.substr(0, 3)};
    if (!link.empty()) {
        const std::size_t colon = link.find(':');
        if (colon == std::string::npos)
            throw UsageError(fmt::format("--link: '{}' should look like node-a:node-b", link));
        options.from_end = link.substr(0, colon);
        options.to_end = link.substr(colon + 1);
    }
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
