#include "tools/run/run_command.h"

#include "lib/base/atomic_file.h"
#include "lib/cluster/node_addresses_file.h"
#include "lib/model/model.h"
#include "lib/partition/plan_file.h"
#include "lib/runtime/gateway_server.h"
#include "lib/runtime/grpc_log.h"
#include "lib/runtime/run_plan.h"
#include "lib/runtime/stop_on_signal.h"
#include "lib/runtime/torch_stage.h"
#include "lib/runtime/virtual_run.h"
#include "lib/units/text.h"
#include "tools/run/intensities_of_options.h"
#include "tools/run/load_of_options.h"
#include "tools/run/log_output.h"

#include <fmt/format.h>
#include <unistd.h>
#include <algorithm>
#include <filesystem>
#include <istream>
#include <ostream>
#include <sstream>

namespace carbonedge {
namespace {

constexpr Nanoseconds kHeartbeat = std::chrono::milliseconds(50);

std::unique_ptr<ReferenceModel> load_model(const RunToolOptions& options, const Plan& plan) {
    std::vector<InputSpec> inputs;
    for (const std::string& spec : plan.profiles.at(0).inputs) inputs.push_back(parse_input_spec(spec));
    return load_reference_model(options.model, inputs, options.seed, plan.profiles[0]);
}

RunOptions make_run_options(const RunToolOptions& options, const Plan& plan, Load load, std::string plan_json) {
    RunOptions run;
    run.load = std::move(load);
    run.warm_up = options.warm_up;
    run.seed = options.seed;
    run.check_outputs = options.check;
    run.service.addresses = {options.serve, options.serve_http};
    run.service.security = options.security;
    run.service.most_in_flight = static_cast<std::size_t>(options.serve_in_flight);
    run.service.drain_timeout = options.drain_timeout;
    run.service.most_logged = options.serve_log;
    if (options.engine != "virtual") run.engine = engine_options(options);
    run.failover.spares = options.spares;
    run.engine.gateway.ordered = options.ordered;
    if (options.spares != Spares::kNone) run.engine.heartbeat = options.heartbeat.value_or(kHeartbeat);
    run.plan_json = std::move(plan_json);
    if (options.replan) {
        run.replan.emplace();
        run.replan->policy = options.move_policy;
        // A closed loop asks as fast as it is answered.
        run.replan->policy.requests_per_second =
            options.load.rate_per_second.value_or(plan.predicted.throughput_per_second);
    }
    return run;
}

/// How a service ended; requests that failed while it ran were told to their clients.
ExitStatus state_service(const RunSummary& summary, const RunToolOptions& options, std::ostream& err) {
    const ServiceOutcome& service = *summary.service;
    if (!options.quiet) {
        err << fmt::format("carbonedge-run: served {} requests, {} failed{}\n", service.succeeded, service.failed,
                           service.unlogged > 0 ? fmt::format(", the last {} not in the log", service.unlogged) : "");
    }
    if (service.at_once) throw Interrupted();
    if (service.unanswered > 0) {
        err << fmt::format("carbonedge-run: {} requests were not answered within {} of draining; see --drain-timeout\n",
                           service.unanswered, exact_duration(options.drain_timeout));
        return ExitStatus::kNegativeVerdict;
    }
    return ExitStatus::kOk;
}

ExitStatus state_result(const RunSummary& summary, std::int64_t requests, const RunToolOptions& options,
                        std::ostream& err) {
    const auto say = [&](const std::string& line) { err << "carbonedge-run: " << line << "\n"; };
    if (summary.service) return state_service(summary, options, err);
    if (summary.end.interrupted) {
        if (!options.quiet)
            say(fmt::format("{} of {} requests are in the log", summary.end.succeeded + summary.end.dropped, requests));
        throw Interrupted();
    }
    if (summary.end.failed > 0) {
        say(fmt::format("{} of {} requests failed; the first: {}", summary.end.failed,
                        summary.end.failed + summary.end.succeeded, summary.first_error));
        return ExitStatus::kNegativeVerdict;
    }
    if (summary.end.dropped + summary.end.late > 0) {
        say(fmt::format("{} of {} requests missed their deadline of {}: {} were dropped, {} answered late{}{}",
                        summary.end.dropped + summary.end.late, summary.end.dropped + summary.end.succeeded,
                        duration_text(to_seconds(*options.load.deadline)), summary.end.dropped, summary.end.late,
                        summary.first_drop.empty() ? "" : "; the first: ", summary.first_drop));
    }
    if (summary.outputs_wrong) {
        say("the outputs are wrong: " + summary.output_remark);
        return ExitStatus::kNegativeVerdict;
    }
    if (options.check && summary.end.succeeded > 0 && !summary.end.outputs_checked && !options.quiet) {
        say("the outputs could not be checked: " + summary.output_remark);
    }
    return summary.end.dropped + summary.end.late > 0 ? ExitStatus::kNegativeVerdict : ExitStatus::kOk;
}

RunListener listener_of(const RunToolOptions& options, LogOutput& log, std::ostream& err) {
    RunListener listener;
    listener.log = [&log](const std::string& line) { log.write(line); };
    listener.note = [&options, &err](const std::string& note) {
        if (!options.quiet) err << "carbonedge-run: " << note << std::endl;
    };
    if (!options.quiet && ::isatty(STDERR_FILENO) == 1) {
        // A virtual run answers a million requests a second; a terminal shows a hundred steps of them.
        listener.progress = [&err](std::int64_t done, std::int64_t of) {
            if (done % std::max<std::int64_t>(10, of / 100) == 0 || done == of)
                err << "\r" << done << " of " << of << " requests" << (done == of ? "\n" : "") << std::flush;
        };
    }
    return listener;
}

ExitStatus run_virtually(const RunToolOptions& options, const Plan& plan, std::string plan_json, LogOutput& log,
                         std::istream& in, std::ostream& err, const std::stop_token& stop) {
    const RunListener listener = listener_of(options, log, err);
    Load load = load_of_options(options, in, listener.note);
    const std::int64_t requests = load.requests;
    const RunSummary summary =
        run_in_virtual_time(plan, make_run_options(options, plan, std::move(load), std::move(plan_json)),
                            changing_intensities(options, plan, in, stop), listener, stop);
    RunToolOptions unchecked = options;
    unchecked.check = false;  // there are no outputs
    return state_result(summary, requests, unchecked, err);
}

}  // namespace

EngineOptions engine_options(const RunToolOptions& options) {
    EngineOptions engine;
    engine.name = options.engine;
    engine.transport = options.transport;
    engine.container = {options.docker, options.image, options.stack_file, options.gateway_address, options.security};
    if (!options.nodes.empty()) {
        std::istringstream no_input;  // it is the plan's
        engine.attached = {options.nodes, read_node_addresses(read_input(options.nodes, no_input), options.nodes)};
    }
    engine.node_program = options.node_program;
    if (engine.node_program.empty()) {
        const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe");
        engine.node_program = (self.parent_path() / "carbonedge-node").string();
    }
    engine.scratch_directory = std::filesystem::temp_directory_path().string();
    for (char** setting = ::environ; setting != nullptr && *setting != nullptr; ++setting)
        engine.environment.emplace_back(*setting);
    engine.impose_limits = options.limits;
    engine.start_timeout = options.start_timeout;
    engine.request_timeout = options.timeout;
    engine.batches = options.load.batches;
    return engine;
}

ExitStatus run_command(const RunToolOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
    const StopOnSignal stop;
    if (!options.serve.empty()) require_service_address(options.serve, options.security);
    if (!options.serve_http.empty()) require_service_address(options.serve_http, options.security);
    LogOutput log(options.output, options.overwrite, out);
    std::string text = read_input(options.plan, in);
    const Plan plan = read_plan(text, options.plan == "-" ? "standard input" : options.plan);
    if (options.engine == "virtual") return run_virtually(options, plan, std::move(text), log, in, err, stop.token());
    const RunListener listener = listener_of(options, log, err);
    const GrpcLog grpc_log(listener.note);
    Load load = load_of_options(options, in, listener.note);
    const std::int64_t requests = load.requests;
    configure_allocator();
    configure_model_threads(1);
    const std::unique_ptr<ReferenceModel> model = load_model(options, plan);

    RunOptions run = make_run_options(options, plan, std::move(load), std::move(text));
    run.service.at_once = stop.at_once();
    const RunSummary summary =
        run_plan(plan, *model, run, listener, stop.token(), changing_intensities(options, plan, in, stop.token()));
    return state_result(summary, requests, options, err);
}

}  // namespace carbonedge
