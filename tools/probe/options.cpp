#include "tools/probe/options.h"

#include "lib/base/errors.h"
#include "lib/units/text.h"
#include "tools/cli/standard_options.h"

namespace carbonedge {

std::optional<ProbeToolOptions> parse_probe_options(int argc, const char* const* argv, std::string_view page,
                                                    std::ostream& out, std::ostream& err) {
    ProbeToolOptions options;
    StandardOptions standard;
    std::string timeout = "2s";
    CLI::App app("asks a node whether it lives, or is ready", "carbonedge-probe");
    app.set_help_flag("-h", "print this list of options");
    app.add_flag_callback(
        "--help", [] {}, "print the full page with examples and diagnostics");
    app.add_flag_callback(
        "--version", [] {}, "print the version");
    app.add_flag("--quiet", standard.quiet, "say nothing, the exit status tells");
    app.add_flag("-v,--verbose", standard.verbosity, "print every effective option on standard error");
    app.add_option("address", options.address, "unix:/PATH or HOST:PORT of a node or a served plan");
    app.add_flag("--ready", options.ready, "it must also be ready for requests");
    app.add_option("--timeout", timeout, "how long it may take to answer")->capture_default_str();
    if (!parse_command_line(app, argc, argv, page, out, err, standard)) return std::nullopt;
    if (options.address.empty()) throw UsageError("no address is given, see -h");
    options.quiet = standard.quiet;
    options.timeout = parse_duration(timeout, "--timeout");
    return options;
}

}  // namespace carbonedge
