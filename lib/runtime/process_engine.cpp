#include "lib/runtime/process_engine.h"

#include "lib/base/errors.h"
#include "lib/runtime/launch_thread.h"
#include "lib/runtime/node_incarnation.h"
#include "lib/runtime/private_directory.h"
#include "lib/runtime/stage_files.h"
#include "lib/transport/clocks.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <atomic>
#include <exception>
#include <filesystem>
#include <future>

namespace carbonedge {
namespace {

/// A node that is asked to end is killed after this time.
constexpr Nanoseconds kEnding = std::chrono::seconds(2);
constexpr Nanoseconds kShortFarewell = std::chrono::milliseconds(300);
/// Connections break a little before the kernel tells that their process has ended.
constexpr Nanoseconds kEndIsTold = std::chrono::milliseconds(200);

/// Stands for how a process ended whose start was given up.
constexpr std::string_view kNotStarted = "did not start";

}  // namespace

struct ProcessEngine::State {
    using Incarnation = NodeIncarnation;
    using NodeProcess = LimitedNode;
    struct OpenRoute {
        Pipeline pipeline;
    };

    State(const Plan& plan, WriteStage write, const EngineOptions& given)
        : options(given),
          cluster(plan.cluster),
          longest(std::max(given.longest_message, carbonedge::longest_message(plan))),
          directory(options.scratch_directory),
          files(directory.path(), std::move(write)),
          gateway("unix:" + directory.path() + "/gateway.tensors", longest, options.request_timeout, options.gateway) {
        for (std::size_t i = 0; i < plan.cluster.nodes.size(); ++i) {
            const auto profile = static_cast<std::size_t>(plan.node_profile.at(i));
            optimise.push_back(plan.profiles.at(profile).execution != "frozen");
        }
        // Whoever lost its route waits until it is clear what happened, or for another route.
        gateway.expect_recovery(true);
        gateway.on_broken([this](RouteNumber route, const std::string& cause) { hear_broken(route, cause); });
    }

    ~State() {
        closing = true;
        std::vector<std::shared_ptr<Incarnation>> ending;
        for (auto& node : nodes) {
            if (!node->now) continue;  // it could not be started
            node->now->ending = true;
            node->now->pulse.request_stop();
            const bool runs = node->now->control && node->now->process && !node->now->process->wait(Nanoseconds(0));
            if (runs && node->now->control->shut_down(kEnding)) ending.push_back(node->now);
        }
        // Whoever does not end by itself is killed as its process goes out of scope.
        for (const auto& incarnation : ending) incarnation->process->wait(kEnding);
    }

    NodeProcess& find(const std::string& name) const {
        for (const auto& node : nodes) {
            if (node->node.name == name) return *node;
        }
        throw UsageError("no node '" + name + "' is in use");
    }

    std::shared_ptr<Incarnation> incarnation_of(const std::string& name) const {
        const std::lock_guard lock(mutex);
        const std::shared_ptr<Incarnation>& now = find(name).now;
        if (!now) throw UsageError("node '" + name + "' could not be started");
        return now;
    }

    // -- starting and loading ----------------------------------------------------------------------------------------

    NodeProcess& take_up(const std::string& name) {
        for (const auto& node : nodes) {
            if (node->node.name == name) return *node;
        }
        const std::optional<NodeIndex> index = find_node(cluster, name);
        if (!index) throw UsageError("the cluster has no node '" + name + "'");
        const Node& node = cluster.nodes[index->value()];
        const ResourceLimit limit = options.impose_limits ? ResourceLimit{node.cpus, node.quota_period, node.memory}
                                                          : ResourceLimit{0, node.quota_period, Bytes(0)};
        auto taken = std::make_unique<NodeProcess>(
            NodeProcess{node, optimise[index->value()],
                        LimitGroup::create("node-" + std::to_string(nodes.size()), limit), Nanoseconds(0), nullptr});
        const std::lock_guard lock(mutex);
        limits.push_back({node.name, node.cpus, node.quota_period, node.memory,
                          options.impose_limits && taken->group.enforced(),
                          options.impose_limits ? taken->group.mechanism() : "limits are off"});
        nodes.push_back(std::move(taken));
        return *nodes.back();
    }

    static bool runs(const NodeProcess& node) { return node.now && node.now->ended.empty() && !node.now->ending; }

    /// True where it was started, and must be awaited.
    bool start(NodeProcess& node) {
        std::shared_ptr<Incarnation> before;
        {
            const std::lock_guard lock(mutex);
            if (runs(node)) return false;
            before = node.now;
        }
        auto started = std::make_shared<Incarnation>();
        started->out_of_memory_before = node.group.out_of_memory_kills();
        // A directory of its own, so that nobody takes what an earlier incarnation left for this one's.
        const std::string home = fmt::format("{}/{}", directory.path(), incarnations++);
        std::filesystem::create_directory(home);
        std::filesystem::permissions(home, std::filesystem::perms::owner_all);
        started->tensors_address = fmt::format("unix:{}/{}.tensors", home, node.node.name);
        const std::string threads = std::to_string(node.node.threads);
        Program program;
        program.path = options.node_program;
        program.home = home;
        program.arguments = {"--name",
                             node.node.name,
                             "--directory",
                             home,
                             "--threads",
                             threads,
                             "--longest-message",
                             fmt::format("{}B", longest.value()),
                             "--quiet",  // what a node notices also fails requests here
                             "--send-timeout",
                             exact_duration(options.request_timeout)};
        // Read when the libraries load, long before the node could set anything itself.
        program.environment = with_threads(options.environment, node.node.threads);
        launcher.run([&] { started->process = std::make_unique<NodeChild>(program, node.group); });
        {
            const std::lock_guard lock(mutex);
            node.now = started;
            if (before && before->process) node.earlier_cpu += before->process->cpu_time();
        }
        if (before) {
            before->process->kill();  // it may still be saying farewell
            std::error_code ignored;
            std::filesystem::remove_all(before->tensors_address.substr(5, before->tensors_address.rfind('/') - 5),
                                        ignored);
        }
        return true;  // `before` and its threads go here, without the lock
    }

    /// Of one that nobody listens to yet.
    void give_up(Incarnation& incarnation) const {
        incarnation.process->kill();
        const std::lock_guard lock(mutex);
        incarnation.ended = kNotStarted;
    }

    void await_ready(NodeProcess& node, const std::stop_token& stop) {
        constexpr std::string_view kReady = "ready ";
        Incarnation& now = *node.now;
        try {
            const std::string line = now.process->read_line(options.start_timeout, stop);
            if (!line.starts_with(kReady)) throw EnvironmentError("said '" + line + "'", "give carbonedge-node's path");
            now.inference_address = line.substr(kReady.size());
        } catch (const Interrupted&) {
            give_up(now);
            throw;
        } catch (const EnvironmentError& error) {
            give_up(now);
            throw EnvironmentError(fmt::format("node '{}' did not start: it {}", node.node.name, error.what()),
                                   "give it more memory, or look at its message");
        }
        const std::string tensors = now.tensors_address.substr(5);
        now.control =
            std::make_unique<ControlClient>(node.node.name, tensors.substr(0, tensors.rfind('.')) + ".control");
        now.watch = std::make_unique<ChildWatch>(std::vector<int>{now.process->pidfd()},
                                                 [this, &node, &now](std::size_t) { hear_end(node, now); });
        // Without heartbeats it still tells of connections that break.
        const bool beats = options.heartbeat > Nanoseconds(0);
        const Nanoseconds period = beats ? options.heartbeat : Nanoseconds(std::chrono::hours(1));
        const Nanoseconds patience = beats ? options.heartbeat_patience : Nanoseconds(std::chrono::hours(24));
        now.pulse = std::jthread([this, &node, &now, period, patience](const std::stop_token& ending) {
            // While it loads its first stages it may be too busy; that has a time limit of its own.
            std::optional<Nanoseconds> silent;
            do {
                silent = now.control->watch(
                    period, patience,
                    [this](RouteNumber route, const std::string& cause) { hear_broken(route, cause); }, ending);
            } while (silent && !now.serves);
            if (silent) hear_silence(node, now, *silent);
        });
    }

    /// Every node runs and has its stages. What runs and is loaded already stays as it is.
    void prepare(const StageLoads& loads, const std::stop_token& stop) {
        std::vector<NodeProcess*> prepared;
        std::vector<NodeProcess*> started;
        for (const auto& [name, ranges] : loads) {
            prepared.push_back(&take_up(name));
            if (start(*prepared.back())) started.push_back(prepared.back());
        }
        std::exception_ptr problem;
        try {
            // Stages are written while the nodes start.
            files.write(loads, stop);
        } catch (...) {
            problem = std::current_exception();
        }
        std::vector<std::function<void()>> awaited;
        for (NodeProcess* node : started) awaited.emplace_back([this, node, &stop] { await_ready(*node, stop); });
        run_together(awaited);
        if (problem) std::rethrow_exception(problem);
        std::vector<std::function<void()>> loading;
        for (NodeProcess* node : prepared) {
            loading.emplace_back([this, node, &loads, &stop] { load(*node, loads.at(node->node.name), stop); });
        }
        run_together(loading);
        if (!options.fail_over) files.remove(loads);  // whoever starts a node anew needs them again
    }

    void load(NodeProcess& node, const std::vector<LayerRange>& ranges, const std::stop_token& stop) {
        for (const LayerRange& layers : ranges) {
            {
                const std::lock_guard lock(mutex);
                if (node.now->stages.contains(stage_name(layers))) continue;
            }
            LoadedStageSpecs specs = node.now->control->load_stage(
                stage_name(layers), files.path(layers), node.optimise, options.start_timeout, stop, options.batches);
            const std::lock_guard lock(mutex);
            node.now->stages[stage_name(layers)] = std::move(specs);
        }
    }

    // -- routes
    // --------------------------------------------------------------------------------------------------------

    void connect(const Pipeline& pipeline, RouteNumber number, RouteUse use, const std::stop_token& stop) {
        use.nodes.clear();
        for (const PlannedStage& stage : pipeline.stages) use.nodes.push_back(stage.node);
        const std::set<std::pair<std::string, std::string>> suspects = failed_links();
        NextHop next{std::string(kGateway), gateway.address(), {}, false, {}};
        for (std::size_t i = pipeline.stages.size(); i-- > 0;) {
            const PlannedStage& stage = pipeline.stages[i];
            next.link = emulation_of(link_between(cluster, stage.node, next.name));
            next.fresh = suspects.contains({stage.node, next.name});
            next.to_answer = time_to_answer(cluster, pipeline, i);
            const std::shared_ptr<Incarnation> node = incarnation_of(stage.node);
            node->control->set_route(number, stage_name(stage.layers), next, options.start_timeout, stop);
            node->serves = true;
            next.name = stage.node;
            next.address = node->tensors_address;
        }
        next.link = emulation_of(link_between(cluster, kGateway, next.name));
        next.fresh = suspects.contains({std::string(kGateway), next.name});
        {
            const std::lock_guard lock(mutex);
            routes[number] = {pipeline};
        }
        gateway.add_route(number, use, next);
        // A node may have ended since it was connected, and told the gateway before it knew of the route.
        for (const PlannedStage& stage : pipeline.stages) {
            const std::shared_ptr<Incarnation> node = incarnation_of(stage.node);
            std::string ended;
            {
                const std::lock_guard lock(mutex);
                ended = node->ended;
            }
            if (!ended.empty()) {
                gateway.fail_node({stage.node, ended, "process end", now_monotonic(), Nanoseconds(0)});
                throw EnvironmentError(ended, "start it again");
            }
        }
    }

    /// What failed routes went over: a connection that broke may not be known to both its ends.
    std::set<std::pair<std::string, std::string>> failed_links() const {
        std::set<std::pair<std::string, std::string>> links;
        const std::vector<RouteNumber> failed_routes = gateway.failed_routes();
        const std::lock_guard lock(mutex);
        for (const RouteNumber number : failed_routes) {
            const auto found = routes.find(number);
            if (found == routes.end()) continue;
            links.merge(links_of(found->second.pipeline));
        }
        return links;
    }

    /// The failure of a node says more than the call that noticed it, which may be the first to know.
    [[noreturn]] void rethrow_with_end(const StageLoads& loads) const {
        std::unique_lock lock(mutex);
        std::string died;
        const auto find_died = [&] {
            for (const auto& [name, ranges] : loads) {
                for (const auto& node : nodes) {
                    if (node->node.name == name && node->now && died.empty()) died = node->now->ended;
                }
            }
            return !died.empty();
        };
        node_ended.wait_for(lock, std::chrono::seconds(1), find_died);
        if (!died.empty() && died != kNotStarted) {
            throw EnvironmentError(died, "give it more memory, or look at its message");
        }
        throw;
    }

    /// Unloads what no route needs, ends the nodes that are left with nothing.
    void tidy() {
        std::map<std::string, std::set<std::string>> needed;
        std::vector<std::pair<std::shared_ptr<Incarnation>, std::vector<std::string>>> unloading;
        {
            const std::lock_guard lock(mutex);
            for (const auto& [number, route] : routes) {
                for (const PlannedStage& stage : route.pipeline.stages)
                    needed[stage.node].insert(stage_name(stage.layers));
            }
            for (const auto& node : nodes) {
                if (!runs(*node) || !node->now->control) continue;
                std::vector<std::string> unneeded;
                for (const auto& [name, specs] : node->now->stages) {
                    if (!needed[node->node.name].contains(name)) unneeded.push_back(name);
                }
                for (const std::string& name : unneeded) node->now->stages.erase(name);
                if (node->now->stages.empty()) node->now->ending = true;
                unloading.emplace_back(node->now, std::move(unneeded));
            }
        }
        for (auto& [incarnation, stages] : unloading) {
            if (incarnation->ending) {
                incarnation->pulse.request_stop();
                incarnation->farewell = std::async(std::launch::async, [leaving = incarnation.get()] {
                    if (!leaving->control->shut_down(kEnding) || !leaving->process->wait(kEnding))
                        leaving->process->kill();
                });
                // One that is stuck is not waited for: there may be routes to open.
                incarnation->farewell.wait_for(kShortFarewell);
                continue;
            }
            for (const std::string& stage : stages) incarnation->control->unload_stage(stage, kEnding);
        }
    }

    void close(RouteNumber number, Nanoseconds patience) {
        gateway.retire_route(number, patience);
        std::vector<std::shared_ptr<Incarnation>> ends;
        {
            const std::lock_guard lock(mutex);
            const auto found = routes.find(number);
            if (found == routes.end()) return;
            for (const PlannedStage& stage : found->second.pipeline.stages) {
                const NodeProcess& node = find(stage.node);
                if (runs(node)) ends.push_back(node.now);
            }
            routes.erase(found);
        }
        for (const auto& node : ends) {
            if (node->control) node->control->close_route(number, kEnding);
        }
        tidy();
    }

    // -- what fails ------------------------------------------------------------------------------------------------

    void hear_end(const NodeProcess& node, Incarnation& incarnation) {
        if (closing || incarnation.ending) return;
        const std::string how = incarnation.process->wait(std::chrono::seconds(1)).value_or("ended");
        const bool out_of_memory = node.group.out_of_memory_kills() > incarnation.out_of_memory_before;
        fail(incarnation, {node.node.name,
                           fmt::format("node '{}' {}{}", node.node.name, how, out_of_memory ? ": out of memory" : ""),
                           "process end", now_monotonic(), Nanoseconds(0)});
    }

    void hear_silence(const NodeProcess& node, Incarnation& incarnation, Nanoseconds silent) {
        if (closing || incarnation.ending) return;
        fail(incarnation,
             {node.node.name,
              fmt::format("node '{}' gave no sign of life for {}", node.node.name, duration_text(to_seconds(silent))),
              "heartbeat", now_monotonic(), silent});
        // Whatever it does later would be too late; who waits for it to read is let go.
        incarnation.process->kill();
    }

    void fail(Incarnation& incarnation, const Failure& what) {
        {
            const std::lock_guard lock(mutex);
            if (!incarnation.ended.empty()) return;  // told already
            incarnation.ended = what.cause;
            node_ended.notify_all();
        }
        gateway.fail_node(what);
        settle(what.cause);
    }

    void hear_broken(RouteNumber route, const std::string& cause) {
        if (closing) return;
        std::vector<std::shared_ptr<Incarnation>> ends;
        {
            const std::lock_guard lock(mutex);
            const auto found = routes.find(route);
            if (found == routes.end()) return;  // closed meanwhile
            for (const PlannedStage& stage : found->second.pipeline.stages) ends.push_back(find(stage.node).now);
        }
        gateway.fail_route(route, {"", cause, "connection", now_monotonic(), Nanoseconds(0)});
        if (options.fail_over || gateway.has_route()) {
            settle(cause);
            return;
        }
        std::unique_lock lock(mutex);
        std::string died;
        node_ended.wait_for(lock, kEndIsTold, [&] {
            for (const auto& node : ends) {
                if (died.empty()) died = node->ended;
            }
            return !died.empty();
        });
        lock.unlock();
        settle(died.empty() ? cause : died);
    }

    /// What follows from a failure that the gateway knows of.
    void settle(const std::string& cause) {
        std::function<void()> hear;
        bool lost = false;
        {
            const std::lock_guard lock(mutex);
            hear = on_failure;
            lost = !options.fail_over && !gateway.has_route();
            if (lost && !failure) failure = cause;
            failed.notify_all();
        }
        if (lost) gateway.fail_all(cause);
        if (hear) hear();
    }

    EngineOptions options;
    Cluster cluster;
    std::vector<bool> optimise;
    Bytes longest;
    PrivateDirectory directory;
    StageFiles files;
    LaunchThread launcher;
    Gateway gateway;
    std::atomic<bool> closing{false};
    std::int64_t incarnations = 0;
    RouteNumber next_route = 0;
    PipelineEnds pipeline_ends;

    std::mutex changing;  ///< one change at a time
    mutable std::mutex mutex;
    mutable std::condition_variable_any node_ended;
    mutable std::condition_variable_any failed;
    std::map<RouteNumber, OpenRoute> routes;
    std::vector<EnforcedLimit> limits;
    std::optional<std::string> failure;
    std::function<void()> on_failure;
    std::vector<std::unique_ptr<NodeProcess>> nodes;
};

ProcessEngine::ProcessEngine(const Plan& plan, const WriteStage& write_stage, const EngineOptions& options,
                             const std::stop_token& stop) {
    state_ = std::make_unique<State>(plan, write_stage, options);
    State& state = *state_;
    const StageLoads loads = loads_of(plan.pipelines);
    try {
        state.prepare(loads, stop);
        state.pipeline_ends = require_fit(plan, [&](const PlannedStage& stage) -> const LoadedStageSpecs& {
            return state.find(stage.node).now->stages.at(stage_name(stage.layers));
        });
        for (std::size_t i = 0; i < plan.pipelines.size(); ++i) {
            state.connect(plan.pipelines[i], state.next_route++, {i, {}, 0}, stop);
        }
    } catch (const EnvironmentError&) {
        state.rethrow_with_end(loads);
    }
}

ProcessEngine::~ProcessEngine() = default;

Gateway& ProcessEngine::gateway() { return state_->gateway; }
const std::vector<InputSpec>& ProcessEngine::input_specs() const { return state_->pipeline_ends.inputs; }
const std::vector<InputSpec>& ProcessEngine::output_specs() const { return state_->pipeline_ends.outputs; }
const std::string& ProcessEngine::directory() const { return state_->directory.path(); }

std::vector<EnforcedLimit> ProcessEngine::limits() const {
    const std::lock_guard lock(state_->mutex);
    return state_->limits;
}

std::vector<std::string> ProcessEngine::batch_refusals() const {
    const std::lock_guard lock(state_->mutex);
    std::vector<std::string> lines;
    for (const auto& node : state_->nodes) {
        if (!node->now) continue;
        for (const auto& [stage, specs] : node->now->stages) {
            if (!specs.batch_refusal.empty()) lines.push_back(batch_refusal_line(node->node.name, stage, specs));
        }
    }
    return lines;
}

NodeUsage ProcessEngine::usage(const std::string& node) const {
    const State::NodeProcess* found = nullptr;
    std::shared_ptr<State::Incarnation> now;
    Nanoseconds earlier{0};
    {
        const std::lock_guard lock(state_->mutex);
        found = &state_->find(node);
        now = found->now;
        earlier = found->earlier_cpu;
    }
    Bytes peak = found->group.peak_memory();
    if (!now) return {earlier, found->group.throttled_time(), peak};
    if (peak.value() == 0) peak = now->process->peak_memory();
    return {earlier + now->process->cpu_time(), found->group.throttled_time(), peak};
}

int ProcessEngine::process(const std::string& node) const { return state_->incarnation_of(node)->process->pid(); }

const std::string& ProcessEngine::inference_address(const std::string& node) const {
    return state_->incarnation_of(node)->inference_address;
}

void ProcessEngine::wait_for_failure(const std::stop_token& stop) const {
    std::unique_lock lock(state_->mutex);
    state_->failed.wait(lock, stop, [this] { return state_->failure.has_value(); });
}

std::optional<std::string> ProcessEngine::failure() const {
    const std::lock_guard lock(state_->mutex);
    return state_->failure;
}

RouteNumber ProcessEngine::open_route(const Pipeline& pipeline, const RouteUse& use, const std::stop_token& stop) {
    State& state = *state_;
    const std::lock_guard changing(state.changing);
    const StageLoads loads = loads_of({pipeline});
    const RouteNumber number = state.next_route++;
    try {
        try {
            state.prepare(loads, stop);
            Plan one;
            one.pipelines = {pipeline};
            const std::lock_guard lock(state.mutex);
            require_fit(one, [&](const PlannedStage& stage) -> const LoadedStageSpecs& {
                return state.find(stage.node).now->stages.at(stage_name(stage.layers));
            });
        } catch (...) {
            state.tidy();
            throw;
        }
        try {
            state.connect(pipeline, number, use, stop);
        } catch (...) {
            state.close(number, Nanoseconds(0));
            throw;
        }
    } catch (const EnvironmentError&) {
        state.rethrow_with_end(loads);
    }
    return number;
}

void ProcessEngine::close_route(RouteNumber route, Nanoseconds patience) {
    const std::lock_guard changing(state_->changing);
    state_->close(route, patience);
}

std::map<RouteNumber, bool> ProcessEngine::open_routes() const {
    const std::vector<RouteNumber> failed = state_->gateway.failed_routes();
    const std::lock_guard lock(state_->mutex);
    std::map<RouteNumber, bool> open;
    for (const auto& [number, route] : state_->routes) open[number] = std::ranges::find(failed, number) == failed.end();
    return open;
}

std::vector<std::string> ProcessEngine::nodes_started() const {
    const std::lock_guard lock(state_->mutex);
    std::vector<std::string> names;
    for (const auto& node : state_->nodes) names.push_back(node->node.name);
    return names;
}

std::set<std::string> ProcessEngine::failed_nodes() const {
    const std::lock_guard lock(state_->mutex);
    std::set<std::string> failed;
    for (const auto& node : state_->nodes) {
        if (node->now && !node->now->ended.empty()) failed.insert(node->node.name);
    }
    return failed;
}

void ProcessEngine::on_failure(std::function<void()> hear) {
    const std::lock_guard lock(state_->mutex);
    state_->on_failure = std::move(hear);
}

}  // namespace carbonedge
