#include "tools/node/options.h"

#include "lib/units/text.h"
#include "tools/cli/standard_options.h"

namespace carbonedge {

NodeOptions node_options(const NodeToolOptions& options) {
    NodeOptions node;
    node.name = options.name;
    node.directory = options.directory;
    node.listen = options.listen;
    node.control = options.control;
    node.tensors = options.tensors;
    node.security = options.security;
    node.threads = options.threads;
    node.longest_message = options.longest_message;
    node.send_timeout = options.send_timeout;
    return node;
}

std::optional<NodeToolOptions> parse_node_options(int argc, const char* const* argv, std::string_view page,
                                                  std::ostream& out, std::ostream& err) {
    NodeToolOptions options;
    StandardOptions standard;
    std::string longest_message = "64MiB";
    std::string send_timeout = "30s";
    std::string listen = "127.0.0.1:0";
    CLI::App app("serves stages of a plan; carbonedge-run starts it", "carbonedge-node");
    app.set_help_flag("-h", "print this list of options");
    app.add_flag_callback(
        "--help", [] {}, "print the full page with examples and diagnostics");
    app.add_flag_callback(
        "--version", [] {}, "print the version");
    app.add_flag("--quiet", standard.quiet, "no messages on standard error but errors");
    app.add_flag("-v,--verbose", standard.verbosity, "print every effective option on standard error");
    app.add_option("--name", options.name, "its name in the cluster")->capture_default_str();
    app.add_option("--directory", options.directory, "private directory for its sockets")->required();
    app.add_option("--listen", listen, "local address of the Open Inference Protocol")->capture_default_str();
    app.add_option("--control", options.control, "address at which carbonedge-run reaches it from elsewhere");
    app.add_option("--tensors", options.tensors, "address at which it takes tensors, e.g. tcp:0.0.0.0:7000");
    app.add_option("--tls", options.security.tls_directory, "certificates of --control and --tensors, in DIR/NAME");
    app.add_option("--accept", options.security.accepted,
                   "with --tls: a certificate's name whose tensors are taken; may be repeated; default: any of the "
                   "authority's")
        ->type_name("NAME")
        ->expected(1)
        ->take_all();
    app.add_flag("--plain-text-across-hosts", options.security.plain_text,
                 "believe whoever reaches --control and --tensors, and encrypt nothing");
    app.add_option("--threads", options.threads, "threads of the model")
        ->capture_default_str()
        ->check(CLI::Range(1, 1024));
    app.add_option("--longest-message", longest_message, "largest tensors of one request")->capture_default_str();
    app.add_option("--send-timeout", send_timeout, "a peer that takes nothing for so long is given up")
        ->capture_default_str();
    if (!parse_command_line(app, argc, argv, page, out, err, standard)) return std::nullopt;
    options.quiet = standard.quiet;
    options.listen = listen;
    options.longest_message = parse_bytes(longest_message, "--longest-message");
    options.send_timeout = parse_duration(send_timeout, "--send-timeout");
    return options;
}

}  // namespace carbonedge
