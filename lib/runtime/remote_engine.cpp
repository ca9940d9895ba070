#include "lib/runtime/remote_engine.h"

#include "lib/base/errors.h"
#include "lib/runtime/in_parallel.h"
#include "lib/runtime/private_directory.h"
#include "lib/transport/clocks.h"

#include <fmt/format.h>
#include <cmath>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>

namespace carbonedge {
namespace {

constexpr int kClockRoundTrips = 16;
constexpr Nanoseconds kClockPeriod = std::chrono::seconds(10);
constexpr Nanoseconds kUsagePatience = std::chrono::seconds(5);
constexpr const char* kLookAtNode = "look at its messages: docker logs, docker service logs";

std::string stage_path(const std::string& directory, const LayerRange& layers) {
    return directory + "/" + stage_name(layers) + ".pt";
}

/// What was asked for and what the node's control group says.
EnforcedLimit limit_of(const Node& node, const ReportedUsage& reported, const std::string& engine, bool imposed) {
    EnforcedLimit limit;
    limit.node = node.name;
    limit.cpus = node.cpus;
    limit.quota_period = node.quota_period;
    limit.memory = node.memory;
    constexpr double kRoundedQuota = 0.02;  // engines round a quota to whole microseconds, or cpus to 1 %
    const bool cpus = std::abs(reported.limit_cpus - node.cpus) <= kRoundedQuota * node.cpus;
    const bool memory = node.memory.value() == 0 || reported.limit_memory == node.memory;
    limit.enforced = imposed && cpus && memory;
    limit.mechanism = engine + " " + reported.limit_mechanism;
    if (!imposed) {
        limit.mechanism = "limits are off";
    } else if (!limit.enforced) {
        limit.mechanism = fmt::format("its control group in {} allows {} CPUs and {} bytes", engine,
                                      reported.limit_cpus, reported.limit_memory.value());
    }
    return limit;
}

/// How long after a broken connection the host may take to say which node ended.
constexpr Nanoseconds kHostPatience = std::chrono::seconds(3);

}  // namespace

struct RemoteEngine::State {
    struct RemoteNode {
        PlacedNode placed;
        ControlClient control;
        std::map<std::string, LoadedStageSpecs> stages;
        ReportedUsage last_usage;
        ClockOffset clock;
    };

    State(const EngineOptions& given, std::unique_ptr<NodeHost> node_host, Bytes longest)
        : options(given),
          directory(options.scratch_directory),
          host(std::move(node_host)),
          gateway(host->gateway_address(), longest, options.request_timeout, options.gateway,
                  secured_streams(host->security(), std::string(kGateway), options.request_timeout)) {
        gateway.on_broken([this](RouteNumber route, const std::string& cause) { hear_broken(route, cause); });
    }

    ~State() {
        {
            const std::lock_guard lock(mutex);
            closing = true;
            failed.notify_all();
        }
        watch = {};
        alignment = {};
        // Who ends by itself need not be killed.
        in_parallel(nodes.size(), [this](std::size_t i) { nodes[i]->control.shut_down(std::chrono::seconds(2)); });
        nodes.clear();
    }

    /// A connection breaks when a node ends, which the host notices a moment later and says more about.
    void hear_broken(RouteNumber route, const std::string& cause) {
        if (await_failure(kHostPatience)) return;
        {
            const std::lock_guard lock(mutex);
            if (closing) return;
        }
        gateway.fail_route(route, {"", cause, "connection", now_monotonic(), Nanoseconds(0)});
    }

    void fail(const std::string& line) {
        {
            const std::lock_guard lock(mutex);
            if (!failure) failure = line;
            failed.notify_all();
        }
        gateway.fail_all(line);
        broken.request_stop();
    }

    std::optional<std::string> await_failure(Nanoseconds timeout) const {
        std::unique_lock lock(mutex);
        failed.wait_for(lock, timeout, [this] { return failure.has_value() || closing; });
        return failure;
    }

    RemoteNode& find(const std::string& name) const {
        for (const auto& node : nodes) {
            if (node->placed.node.name == name) return *node;
        }
        throw UsageError("no node '" + name + "' is in use");
    }

    void align(RemoteNode& node, const std::stop_token& stop) {
        const std::optional<ClockOffset> offset = node.control.align_clock(kClockRoundTrips, kUsagePatience, stop);
        if (!offset) {
            throw EnvironmentError(fmt::format("the clock of node '{}' makes no sense", node.placed.node.name),
                                   "see whether it runs on a machine of its own");
        }
        const std::lock_guard lock(mutex);
        node.clock = *offset;
    }

    void align_again(const std::stop_token& stop) {
        std::mutex waiting;
        std::condition_variable_any never;
        std::unique_lock lock(waiting);
        while (!never.wait_for(lock, stop, kClockPeriod, [] { return false; }) && !stop.stop_requested()) {
            for (const auto& node : nodes) {
                try {
                    align(*node, stop);
                } catch (const std::exception&) {
                    continue;  // whoever watches the node says more
                }
            }
        }
    }

    void load(const Plan& plan, RemoteNode& node, const std::stop_token& stop) {
        const std::string& name = node.placed.node.name;
        node.control.await(options.start_timeout, stop);
        align(node, stop);
        node.last_usage = node.control.usage(options.start_timeout, stop);
        const auto position = find_node(plan.cluster, name)->value();
        const auto profile = static_cast<std::size_t>(plan.node_profile.at(position));
        const bool optimise = plan.profiles.at(profile).execution != "frozen";
        for (const LayerRange& layers : ranges_of(plan, name)) {
            node.stages[stage_name(layers)] =
                node.control.load_stage(stage_name(layers), stage_path(directory.path(), layers), optimise,
                                        options.start_timeout, stop, options.batches);
        }
    }

    void connect(const Plan& plan, std::size_t index, const std::stop_token& stop) {
        const Pipeline& pipeline = plan.pipelines[index];
        std::string next_name(kGateway);
        std::string next_address = gateway.address();
        for (std::size_t i = pipeline.stages.size(); i-- > 0;) {
            const PlannedStage& stage = pipeline.stages[i];
            const NextHop next{next_name, next_address, emulation_of(link_between(plan.cluster, stage.node, next_name)),
                               false, time_to_answer(plan.cluster, pipeline, i)};
            RemoteNode& node = find(stage.node);
            node.control.set_route(static_cast<std::int32_t>(index), stage_name(stage.layers), next,
                                   options.start_timeout, stop);
            next_name = stage.node;
            next_address = node.placed.tensors_for_nodes;
        }
        gateway.connect(index, {next_name, find(next_name).placed.tensors,
                                emulation_of(link_between(plan.cluster, kGateway, next_name))});
    }

    void bring_up(const Plan& plan, const WriteStage& write_stage, Bytes longest, const std::stop_token& stop) {
        std::vector<Node> used;
        for (const Node& node : plan.cluster.nodes) {
            if (!ranges_of(plan, node.name).empty()) used.push_back(node);
        }
        for (PlacedNode& placed : host->start(used, longest, stop)) {
            ControlClient control(placed.node.name, placed.control, host->security());
            nodes.push_back(
                std::make_unique<RemoteNode>(RemoteNode{std::move(placed), std::move(control), {}, {}, {}}));
        }
        watch = std::jthread([this](const std::stop_token& end) {
            try {
                host->watch([this](const std::string& node,
                                   const std::string& how) { fail(fmt::format("node '{}' {}", node, how)); },
                            end);
            } catch (const Interrupted&) {
                return;  // we are ending
            } catch (const std::exception& error) {
                fail(error.what());
            }
        });
        // Stages are written while the nodes start.
        for (const LayerRange& layers : ranges_of(plan, "")) {
            if (stop.stop_requested()) throw Interrupted();
            write_stage(layers, stage_path(directory.path(), layers));
        }
        const std::stop_callback forward(stop, [this] { broken.request_stop(); });
        in_parallel(nodes.size(), [&](std::size_t i) { load(plan, *nodes[i], broken.get_token()); });
        for (const auto& node : nodes) {
            limits.push_back(limit_of(node->placed.node, node->last_usage, host->name(), options.impose_limits));
        }
        ends = require_fit(plan, [&](const PlannedStage& stage) -> const LoadedStageSpecs& {
            return find(stage.node).stages.at(stage_name(stage.layers));
        });
        for (std::size_t i = 0; i < plan.pipelines.size(); ++i) connect(plan, i, broken.get_token());
        for (const LayerRange& layers : ranges_of(plan, "")) {
            std::error_code ignored;
            std::filesystem::remove(stage_path(directory.path(), layers), ignored);
        }
        alignment = std::jthread([this](const std::stop_token& end) { align_again(end); });
    }

    EngineOptions options;
    PrivateDirectory directory;
    std::unique_ptr<NodeHost> host;
    Gateway gateway;
    std::vector<std::unique_ptr<RemoteNode>> nodes;
    std::vector<EnforcedLimit> limits;
    PipelineEnds ends;
    mutable std::mutex mutex;
    std::optional<std::string> failure;
    bool closing = false;
    mutable std::condition_variable_any failed;
    std::stop_source broken;
    std::jthread watch;
    std::jthread alignment;
};

RemoteEngine::RemoteEngine(const Plan& plan, const WriteStage& write_stage, const EngineOptions& options,
                           std::unique_ptr<NodeHost> host, const std::stop_token& stop) {
    const Bytes longest = longest_message(plan);
    state_ = std::make_unique<State>(options, std::move(host), longest);
    try {
        state_->bring_up(plan, write_stage, longest, stop);
    } catch (const Interrupted&) {
        if (stop.stop_requested()) throw;
        throw EnvironmentError(state_->await_failure(std::chrono::seconds(1)).value_or("a node ended"), kLookAtNode);
    } catch (const EnvironmentError&) {
        // A node that died says more than the call that noticed, which may be the first to know.
        if (const std::optional<std::string> died = state_->await_failure(std::chrono::seconds(1))) {
            throw EnvironmentError(*died, kLookAtNode);
        }
        throw;
    }
}

RemoteEngine::~RemoteEngine() = default;

std::string RemoteEngine::name() const { return state_->host->name(); }
Gateway& RemoteEngine::gateway() { return state_->gateway; }
std::vector<EnforcedLimit> RemoteEngine::limits() const { return state_->limits; }
const std::vector<InputSpec>& RemoteEngine::input_specs() const { return state_->ends.inputs; }
const std::vector<InputSpec>& RemoteEngine::output_specs() const { return state_->ends.outputs; }

std::vector<std::string> RemoteEngine::batch_refusals() const {
    std::vector<std::string> lines;
    for (const auto& node : state_->nodes) {
        for (const auto& [stage, specs] : node->stages) {
            if (!specs.batch_refusal.empty()) lines.push_back(batch_refusal_line(node->placed.node.name, stage, specs));
        }
    }
    return lines;
}

NodeUsage RemoteEngine::usage(const std::string& node) const {
    State::RemoteNode& found = state_->find(node);
    try {
        found.last_usage = found.control.usage(kUsagePatience, {});
    } catch (const EnvironmentError&) {
        // It has ended; what it last said is all there is.
        return {found.last_usage.cpu, found.last_usage.throttled, found.last_usage.peak_memory};
    }
    return {found.last_usage.cpu, found.last_usage.throttled, found.last_usage.peak_memory};
}

const std::string& RemoteEngine::inference_address(const std::string& node) const {
    return state_->find(node).placed.control;
}

void RemoteEngine::wait_for_failure(const std::stop_token& stop) const {
    std::unique_lock lock(state_->mutex);
    state_->failed.wait(lock, stop, [this] { return state_->failure.has_value(); });
}

std::optional<std::string> RemoteEngine::failure() const {
    const std::lock_guard lock(state_->mutex);
    return state_->failure;
}

ClockOffset RemoteEngine::clock_offset(const std::string& node) const {
    const State::RemoteNode& found = state_->find(node);
    const std::lock_guard lock(state_->mutex);
    return found.clock;
}

}  // namespace carbonedge
