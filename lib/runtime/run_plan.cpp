#include "lib/runtime/run_plan.h"

#include "lib/base/errors.h"
#include "lib/base/version.h"
#include "lib/measure/clocks.h"
#include "lib/runlog/run_log_file.h"
#include "lib/runtime/attached_host.h"
#include "lib/runtime/docker_host.h"
#include "lib/runtime/failover.h"
#include "lib/runtime/process_engine.h"
#include "lib/runtime/run_account.h"
#include "lib/runtime/session_stamp.h"
#include "lib/runtime/swarm_host.h"
#include "lib/transport/clocks.h"

#include <fmt/format.h>
#include <algorithm>
#include <mutex>

namespace carbonedge {
namespace {

constexpr const char* kMeter = "model:cpu-seconds";

/// So many heartbeats missing are a failure.
constexpr int kMissedHeartbeats = 3;
/// Of every CPU quota, whatever the plan says.
constexpr Nanoseconds kSwarmPeriod = std::chrono::milliseconds(100);

class OutputCheck {
public:
    OutputCheck(ReferenceModel& model, const RequestInputs& inputs, double tolerance)
        : model_(model), tolerance_(tolerance) {
        for (const auto& variant : inputs) references_.push_back(model.run(variant));
    }

    void look_at(const Answer& answer, std::size_t variant) {
        if (!answer.record.ok) return;
        const OutputDifference difference = model_.compare(references_[variant], answer.outputs);
        if (!difference.conclusive) {
            conclusive_ = false;
            remark_ = difference.remark;
            return;
        }
        ++compared_;
        worst_ = std::max(worst_, difference.relative);
        if (difference.relative <= tolerance_ || wrong_) return;
        wrong_ = true;
        remark_ = fmt::format(
            "request {} differs from the undivided model by {:.2g} of its output range, at most {:.2g} is allowed",
            answer.record.id, difference.relative, tolerance_);
    }

    void state(RunSummary& summary) const {
        summary.end.outputs_checked = conclusive_ && compared_ > 0;
        summary.end.worst_output_error = worst_;
        summary.outputs_wrong = wrong_;
        summary.output_remark = remark_;
    }

private:
    ReferenceModel& model_;
    double tolerance_;
    std::vector<std::vector<HostTensor>> references_;
    double worst_ = 0;
    std::int64_t compared_ = 0;
    bool conclusive_ = true;
    bool wrong_ = false;
    std::string remark_;
};

RunHeader make_header(const Plan& plan, const RunOptions& options, const Engine& engine) {
    RunHeader header;
    header.tool_version = std::string(version());
    header.date_utc = date_stamp_utc();
    header.machine = machine_stamp();
    header.engine = engine.name();
    header.plan_name = plan.name;
    header.plan_json = options.plan_json;
    header.model_sha256 = plan.profiles.at(0).model_sha256;
    header.requests = options.load.requests;
    header.rate_per_second = options.load.rate_per_second;
    if (options.load.poisson) header.arrivals = "poisson";
    if (options.load.recorded) header.arrivals = "trace";
    header.in_flight = options.load.in_flight;
    header.deadline = options.load.deadline;
    header.batches = options.engine.batches;
    header.warm_up = options.warm_up;
    header.seed = options.seed;
    header.limits = engine.limits();
    header.links = engine.links(plan);
    header.meter = kMeter;
    return header;
}

void warm_up(const Plan& plan, Engine& engine, const RequestInputs& inputs, const RunOptions& options,
             const std::stop_token& stop) {
    std::size_t turn = 0;
    LoadGenerator generator(engine.gateway(), inputs);
    const Load load = one_at_a_time(options.warm_up);
    const LoadOutcome outcome = generator.run(
        load, {[&] { return turn++ % plan.pipelines.size(); }, nullptr}, [](const Answer&, std::size_t) {}, stop);
    if (outcome.interrupted) throw Interrupted();
    if (outcome.failed > 0) {
        throw EnvironmentError("a warm-up request failed: " + outcome.first_error, "look at the node's message");
    }
}

/// The one place that knows the engines by name.
std::unique_ptr<Engine> start_engine(const Plan& plan, const WriteStage& write_stage, const EngineOptions& options,
                                     const std::stop_token& stop) {
    if (options.name == "process") return std::make_unique<ProcessEngine>(plan, write_stage, options, stop);
    if (options.name == "docker") {
        return std::make_unique<NodeEngine>(plan, write_stage, options, std::make_unique<DockerHost>(options, stop),
                                            stop);
    }
    if (options.name == "swarm") {
        return std::make_unique<NodeEngine>(plan, write_stage, options, std::make_unique<SwarmHost>(options, stop),
                                            stop);
    }
    if (options.name == "attached") {
        return std::make_unique<NodeEngine>(plan, write_stage, options, std::make_unique<AttachedHost>(options), stop);
    }
    throw UsageError("no engine '" + options.name + "'; valid: process, docker, swarm, attached");
}

/// What an engine must know when routes come and go.
EngineOptions engine_options(const Plan& plan, const RunOptions& options) {
    EngineOptions engine = options.engine;
    const auto in_flight = static_cast<std::size_t>(options.load.in_flight);
    engine.gateway.most_accepted = std::max(engine.gateway.most_accepted, in_flight);
    // Others that the authority has signed have no part in this plan.
    for (const Node& node : plan.cluster.nodes) engine.container.security.accepted.push_back(node.name);
    const bool spares = options.failover.spares != Spares::kNone;
    if (!spares && !options.replan) return engine;
    // Any cut may come to carry messages.
    engine.longest_message = longest_message(plan);
    for (const Cut& cut : find_cuts(plan.profiles.front())) {
        if (cut.legal) engine.longest_message = std::max(engine.longest_message, cut.bytes);
    }
    if (!spares) return engine;
    engine.fail_over = true;
    if (engine.heartbeat > Nanoseconds(0) && engine.heartbeat_patience == Nanoseconds(0)) {
        // A node that its quota stops says nothing for up to a period.
        engine.heartbeat_patience = kMissedHeartbeats * engine.heartbeat;
        for (const Node& node : plan.cluster.nodes) {
            const Nanoseconds period = engine.name == "swarm" ? kSwarmPeriod : node.quota_period;
            engine.heartbeat_patience = std::max(engine.heartbeat_patience, period * 3 / 2);
        }
    }
    if (engine.gateway.stall == Nanoseconds(0)) engine.gateway.stall = engine.request_timeout / 3;
    return engine;
}

/// Stops the follower before what it works on goes, also where the run ends by an exception.
class Following {
public:
    explicit Following(IntensityFollower& follower) : follower_(follower) {}
    ~Following() { follower_.stop(); }
    Following(const Following&) = delete;
    Following& operator=(const Following&) = delete;

private:
    IntensityFollower& follower_;
};

}  // namespace

RequestInputs make_inputs(const Profile& profile, std::uint64_t seed, int variants) {
    RequestInputs inputs(static_cast<std::size_t>(std::max(variants, 1)));
    for (std::size_t variant = 0; variant < inputs.size(); ++variant) {
        for (std::size_t i = 0; i < profile.inputs.size(); ++i) {
            inputs[variant].push_back(random_tensor(parse_input_spec(profile.inputs[i]), seed + 1000 * variant + i));
        }
    }
    return inputs;
}

RunSummary run_plan(const Plan& plan, ReferenceModel& model, const RunOptions& options, const RunListener& listener,
                    const std::stop_token& stop, ChangingIntensities changing) {
    const Profile& profile = plan.profiles.at(0);
    if (model.sha256() != profile.model_sha256) {
        throw EnvironmentError(
            fmt::format("the model has SHA-256 {}, the plan was made for {}", model.sha256(), profile.model_sha256),
            "give the model that was profiled, or plan anew");
    }
    const RequestInputs inputs = make_inputs(profile, options.seed, options.input_variants);
    IntensityFollower follower(plan, std::move(changing), options.replan);
    // Stages are also written while requests flow; the model takes one caller at a time.
    std::mutex model_mutex;
    const WriteStage write_stage = [&](const LayerRange& layers, const std::string& path) {
        const std::lock_guard lock(model_mutex);
        model.write_stage(layers, path);
    };
    std::mutex note_mutex;
    const auto note = [&](const std::string& line) {
        const std::lock_guard lock(note_mutex);
        if (listener.note) listener.note(line);
    };
    const std::unique_ptr<Engine> started = start_engine(plan, write_stage, engine_options(plan, options), stop);
    Engine& engine = *started;
    for (const EnforcedLimit& limit : engine.limits()) {
        if (limit.enforced) continue;
        note(fmt::format("the limits of node '{}' are not enforced: {}", limit.node, limit.mechanism));
    }
    if (const std::string link_note = engine.link_note(); !link_note.empty()) note(link_note);
    if (listener.note) {
        for (const std::string& refusal : engine.batch_refusals()) listener.note(refusal);
    }
    const PeerSecurity certificates = options.engine.name != "process" ? options.engine.container.security
                                      : options.service.wanted()       ? options.service.security
                                                                       : PeerSecurity{};
    if (const auto expires = expiry_note(certificates, std::string(kGateway))) note(*expires);
    std::optional<OutputCheck> check;
    if (options.check_outputs) check.emplace(model, inputs, options.tolerance);
    std::optional<Failover> failover;
    if (options.failover.spares != Spares::kNone) failover.emplace(plan, engine, options.failover, note, stop);
    warm_up(plan, engine, inputs, options, stop);
    listener.log(header_line(make_header(plan, options, engine)));

    const Nanoseconds gateway_before = process_cpu_time();
    const Nanoseconds begun = now_monotonic();
    RunAccount account(follower.first_cluster(), usage_of_nodes(engine), begun);
    SharedRouter router(plan);
    const Following following(follower);
    follower.follow(engine, router, account, begun, note, failover ? &*failover : nullptr);
    const LoadGenerator::Routing routing{
        [&router] { return router.choose(); },
        [&router](std::size_t pipeline, Seconds latency) { router.finished(pipeline, latency); }};
    std::int64_t done = 0;
    LoadGenerator generator(engine.gateway(), inputs);
    const LoadOutcome outcome = generator.run(
        options.load, routing,
        [&](const Answer& answer, std::size_t variant) {
            account.add(answer.record);
            if (check) check->look_at(answer, variant);
            listener.log(request_line(answer.record));
            if (listener.progress) listener.progress(++done, options.load.requests);
        },
        stop);

    RunSummary summary;
    RunEnd& end = summary.end;
    end.wall = outcome.wall;
    end.succeeded = outcome.succeeded;
    end.failed = outcome.failed;
    end.complete =
        !outcome.interrupted && outcome.succeeded + outcome.failed + outcome.dropped == options.load.requests;
    end.interrupted = outcome.interrupted;
    end.dropped = outcome.dropped;
    end.late = outcome.late;
    summary.first_error = outcome.first_error;
    summary.first_drop = outcome.first_drop;
    if (check) check->state(summary);
    // Wrong answers are not given to anybody.
    if (options.service.wanted() && outcome.failed == 0 && !outcome.interrupted && !summary.outputs_wrong) {
        const std::int64_t answered = outcome.succeeded + outcome.failed;
        const ServiceContext context{plan,  engine,   routing,      account,      kMeter,
                                     begun, answered, listener.log, listener.note};
        const ServiceOutcome service = serve_plan(context, options.service, stop);
        summary.service = service;
        end.wall = now_monotonic() - begun;
        end.succeeded += service.succeeded;
        end.failed += service.failed;
        end.unlogged = service.unlogged;
        end.interrupted = service.at_once;
        end.complete = !service.at_once && !service.died;
    }
    end.gateway_cpu = process_cpu_time() - gateway_before;
    follower.stop();
    const RunAccount::Sum sum = account.finish(usage_of_nodes(engine), begun + end.wall);
    for (FailoverRecord record : engine.gateway().failovers()) {
        record.at -= begun;
        listener.log(failover_line(record));
    }
    for (const IntensityRecord& record : follower.intensities()) listener.log(intensity_line(record));
    for (const MoveRecord& record : follower.moves()) listener.log(move_line(record));
    for (const NodeRecord& record : sum.nodes) listener.log(node_line(record));
    end.link_energy = sum.links.joules;
    end.link_grams = sum.links.grams;
    listener.log(end_line(end));
    if (summary.service && summary.service->died) throw EnvironmentError(*summary.service->died, "start it again");
    return summary;
}

}  // namespace carbonedge
