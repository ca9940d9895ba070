#include "tools/run/options.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/units/text.h"
#include "tools/cli/move_options.h"
#include "tools/cli/series_options.h"
#include "tools/cli/standard_options.h"
#include "tools/cli/text_options.h"
#include "tools/run/live_options.h"
#include "tools/run/load_options.h"

#include <algorithm>
#include <array>

namespace carbonedge {
namespace {

void require_engine(const std::string& engine) {
    const std::array<std::string, 5> engines{"process", "docker", "swarm", "attached", "virtual"};
    if (std::find(engines.begin(), engines.end(), engine) == engines.end())
        throw UsageError("--engine: " + unknown_name_message("engine", engine, engines));
}

void require_transport(const RunToolOptions& options) {
    if (options.transport == TensorPath::kAuto) return;
    if (options.engine == "virtual") throw UsageError("--transport: nothing travels in virtual time");
    if (options.engine == "attached") {
        throw UsageError("--transport: attached nodes have addresses, which say what carries their tensors");
    }
    const bool encrypted = options.security.encrypted();
    if (options.transport == TensorPath::kTls && !encrypted) {
        throw UsageError("--transport tls needs certificates, --tls DIR ('carbonedge run certificates' makes them)");
    }
    if (options.engine == "process") return;
    if (meets_in_files(options.transport)) {
        throw UsageError("--transport: containers share no directory to meet in; tcp and tls are for them");
    }
    if (options.transport == TensorPath::kUcx) {
        throw UsageError("--transport ucx goes with --engine process, so far; tcp and tls are for containers");
    }
    if (options.transport == TensorPath::kTcp && encrypted) {
        throw UsageError("--transport tcp encrypts nothing; leave it or --tls out");
    }
}

void require_arguments(const RunToolOptions& options) {
    require_transport(options);
    if (options.calibrate) {
        if (options.cluster.empty()) throw UsageError("--calibrate needs --cluster FILE, see -h");
        if (!options.plan.empty()) throw UsageError("--calibrate takes no plan, see -h");
        return;
    }
    if (options.plan.empty()) throw UsageError("no plan is given, see -h");
    if (options.model.empty() && options.engine != "virtual") throw UsageError("--model FILE is required, see -h");
    if (options.engine == "virtual" && options.replan) {
        throw UsageError(
            "--replan: virtual time holds to one plan; `carbonedge plan update --series` walks through time");
    }
    if (options.engine == "swarm" && !options.security.encrypted() && !options.security.plain_text) {
        throw UsageError(
            "the hosts of a swarm need certificates, --tls DIR ('carbonedge run certificates' makes them), or "
            "--plain-text-across-hosts on a network that nobody else is on");
    }
    if (options.engine == "attached" && options.nodes.empty()) {
        throw UsageError("--engine attached needs --nodes FILE, the addresses of the nodes, see -h");
    }
    if (options.engine != "attached" && !options.nodes.empty()) {
        throw UsageError("--nodes goes with --engine attached, see -h");
    }
    if (options.engine == "attached" && !options.security.encrypted() && !options.security.plain_text) {
        throw UsageError(
            "nodes that run already need certificates, --tls DIR ('carbonedge run certificates' makes them), or "
            "--plain-text-across-hosts on a network that nobody else is on");
    }
    if (options.engine == "virtual" && !(options.serve.empty() && options.serve_http.empty())) {
        throw UsageError("--serve: there is nobody to serve in virtual time");
    }
    if (!options.series.files.empty() && !options.live.zones.empty()) {
        throw UsageError("--live does not go with --series: intensities are replayed or asked for");
    }
    if (options.engine == "virtual" && !options.live.zones.empty()) {
        throw UsageError("--live: virtual time is not the service's; replay a --series, see -h");
    }
    if (options.series.files.empty() && options.live.zones.empty() && options.replan) {
        throw UsageError("--replan needs intensities that change: --series ZONE=FILE or --live, see -h");
    }
    if (options.series.files.empty() && (options.series.from || options.speed != 1)) {
        throw UsageError("--from and --speed are of --series ZONE=FILE, see -h");
    }
    if (!options.cluster.empty()) throw UsageError("--cluster goes with --calibrate; a plan carries its own, see -h");
    if (options.engine == "virtual" && options.spares != Spares::kNone) {
        throw UsageError("--spares: nothing fails in virtual time");
    }
    if (options.heartbeat && options.spares == Spares::kNone) {
        throw UsageError("--heartbeat goes with --spares cold or warm, see -h");
    }
    if (options.heartbeat && *options.heartbeat < std::chrono::milliseconds(1)) {
        throw UsageError("--heartbeat: at least 1ms");
    }
    if (options.engine == "virtual" && (options.load.poisson || !options.load.trace.empty() || options.load.deadline ||
                                        options.load.batches.largest > 1)) {
        throw UsageError("--arrivals, --trace, --deadline and --max-batch are not replayed in virtual time");
    }
}

}  // namespace

std::optional<RunToolOptions> parse_run_options(int argc, const char* const* argv, std::string_view page,
                                                std::ostream& out, std::ostream& err) {
    RunToolOptions options;
    StandardOptions standard;
    std::string timeout = "30s";
    std::string start_timeout = "120s";
    std::string drain_timeout = "10s";
    std::string heartbeat;
    bool no_limits = false;
    bool no_check = false;
    CLI::App app("executes a plan and records what every request took", "carbonedge-run");
    add_standard_options(app, standard);
    add_seed_option(app, standard);
    app.add_option("plan", options.plan, "the plan, '-' for standard input");
    app.add_option("--model", options.model, "the TorchScript model that the plan was made for");
    app.add_option("--requests", options.requests, "requests that count")
        ->capture_default_str()
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000'000}));
    add_load_options(app, options.load);
    app.add_option("--in-flight", options.in_flight, "closed loop: so many requests are kept in flight")
        ->capture_default_str()
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{10'000}));
    app.add_option("--warm-up", options.warm_up, "requests before those that count")
        ->capture_default_str()
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000}));
    app.add_option("--engine", options.engine,
                   "what the nodes are: process, docker, swarm, attached, or virtual for none at all")
        ->capture_default_str();
    add_text_option(app, "--transport", "what carries tensors: auto, unix, shm, tcp, tls or ucx", "auto",
                    [&options](const std::string& text) {
                        options.transport = static_cast<TensorPath>(
                            choose("--transport", "transport", text, {"auto", "unix", "shm", "tcp", "tls", "ucx"}));
                    });
    app.add_option("--timeout", timeout, "a request without an answer fails after this")->capture_default_str();
    app.add_option("--start-timeout", start_timeout, "a node must have loaded its stages after this")
        ->capture_default_str();
    app.add_flag("--no-limits", no_limits, "do not impose the nodes' CPU and memory limits");
    app.add_flag("--no-check", no_check, "do not compare the outputs with the undivided model");
    add_text_option(
        app, "--spares", "what takes over when a node fails: none, cold or warm", "none",
        [&options](const std::string& text) {
            options.spares = static_cast<Spares>(choose("--spares", "kind", text, {"none", "cold", "warm"}));
        });
    app.add_option("--heartbeat", heartbeat, "with spares: a node gives a sign of life so often; 50ms");
    app.add_flag("--ordered", options.ordered, "hand answers over in the order of the requests");
    app.add_option("--serve", options.serve, "then answer Open Inference Protocol clients here, e.g. 127.0.0.1:8001");
    add_series_options(app, options.series, "time of the series when the run starts, UTC",
                       "the latest start of the series");
    add_text_option(app, "--gap", "in a gap of a series: error, hold or interpolate", "error",
                    [&options](const std::string& text) {
                        options.series_policy.gap =
                            static_cast<GapPolicy>(choose("--gap", "policy", text, {"error", "hold", "interpolate"}));
                    });
    add_text_option(app, "--beyond", "before or after a series: error or hold", "error",
                    [&options](const std::string& text) {
                        options.series_policy.out_of_range =
                            static_cast<OutOfRangePolicy>(choose("--beyond", "policy", text, {"error", "hold"}));
                    });
    app.add_option("--speed", options.speed, "seconds of the series that go by in a second")
        ->capture_default_str()
        ->check(CLI::Range(1e-6, 1e9));
    add_live_options(app, options.live);
    app.add_flag("--replan", options.replan, "move the plan while requests go on, when intensities change and it pays");
    add_move_options(app, options.move_policy);
    app.add_option("--serve-http", options.serve_http, "the same over REST, and /metrics, e.g. 127.0.0.1:8080");
    app.add_option("--serve-in-flight", options.serve_in_flight, "requests of clients at a time; more are refused")
        ->capture_default_str()
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{10'000}));
    app.add_option("--serve-log", options.serve_log, "requests of clients that have a line in the log")
        ->capture_default_str()
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000'000}));
    app.add_option("--drain-timeout", drain_timeout, "how long requests of clients are awaited when told to end")
        ->capture_default_str();
    app.add_option("--node-program", options.node_program, "carbonedge-node to start; the one beside this program");
    app.add_option("--image", options.image, "what containers are made from")->capture_default_str();
    app.add_option("--stack-file", options.stack_file,
                   "where --engine swarm writes its stack (default: beside the log)");
    app.add_option("--gateway-address", options.gateway_address, "at which nodes on other hosts reach this one");
    app.add_option("--nodes", options.nodes, "--engine attached: file of the addresses of nodes that run already");
    app.add_option("--tls", options.security.tls_directory,
                   "certificates of nodes and gateway, for docker, swarm, attached, --transport tls and services");
    app.add_flag("--plain-text-across-hosts", options.security.plain_text,
                 "--engine swarm, attached: believe whoever reaches a node, and encrypt nothing");
    app.add_option("--docker", options.docker, "command line of the container engine")->capture_default_str();
    app.add_flag("--calibrate", options.calibrate,
                 "measure the transport and write the cluster with [transport] filled in");
    app.add_option("--cluster", options.cluster, "the cluster to calibrate");
    if (!parse_command_line(app, argc, argv, page, out, err, standard)) return std::nullopt;
    require_engine(options.engine);
    options.output = standard.output;
    options.overwrite = standard.overwrite;
    options.quiet = standard.quiet;
    options.seed = standard.seed;
    options.limits = !no_limits;
    options.check = !no_check;
    options.requests_given = app.count("--requests") > 0;
    options.timeout = parse_duration(timeout, "--timeout");
    options.start_timeout = parse_duration(start_timeout, "--start-timeout");
    if (options.stack_file.empty()) {
        options.stack_file = options.output == "-" ? "carbonedge.stack.yml" : options.output + ".stack.yml";
    }
    options.drain_timeout = parse_duration(drain_timeout, "--drain-timeout");
    if (!heartbeat.empty()) options.heartbeat = parse_duration(heartbeat, "--heartbeat");
    require_arguments(options);
    require_load(app, options.load);
    require_live(app, options.live);
    return options;
}

}  // namespace carbonedge
