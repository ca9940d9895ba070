#include "lib/runtime/node_engine.h"

#include "lib/base/errors.h"
#include "lib/runtime/node_fleet.h"
#include "lib/transport/clocks.h"

#include <fmt/format.h>
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>

namespace carbonedge {
namespace {

/// Connections break a little before it is known that their node has ended, whoever tells it.
constexpr Nanoseconds kEndIsTold = std::chrono::milliseconds(200);
constexpr Nanoseconds kEndExplains = std::chrono::seconds(1);
/// A node that is asked to let go of another may be slow too.
constexpr Nanoseconds kLettingGo = std::chrono::milliseconds(300);

std::set<std::string> nodes_of(const Pipeline& pipeline) {
    std::set<std::string> nodes;
    for (const PlannedStage& stage : pipeline.stages) nodes.insert(stage.node);
    return nodes;
}

}  // namespace

struct NodeEngine::State {
    State(const Plan& plan, const WriteStage& write, const EngineOptions& given, std::unique_ptr<NodeHost> node_host)
        : options(given),
          cluster(plan.cluster),
          longest(std::max(given.longest_message, longest_message(plan))),
          host(std::move(node_host)),
          fleet(plan, write, given, longest, *host,
                {[this](const Failure& what) { hear_end(what); }, [this](const Failure& what) { hear_silent(what); },
                 [this](const std::string& node) { hear_return(node); },
                 [this](RouteNumber route, const std::string& cause) { hear_broken(route, cause); }}),
          gateway(host->gateway_address(), longest, options.request_timeout, options.gateway,
                  secured_streams(host->security(), std::string(kGateway), options.request_timeout)) {
        // Whoever lost its route waits until it is clear what happened, or for another route.
        gateway.expect_recovery(true);
        gateway.on_broken([this](RouteNumber route, const std::string& cause) { hear_broken(route, cause); });
    }

    ~State() {
        closing = true;
        if (!host->ends_nodes()) {
            for (const auto& [number, pipeline] : routes) fleet.close_route(number, nodes_of(pipeline));
        }
        fleet.end();
    }

    // -- routes ------------------------------------------------------------------------------------------------------

    void connect(const Pipeline& pipeline, RouteNumber number, RouteUse use, const std::stop_token& stop) {
        use.nodes.clear();
        for (const PlannedStage& stage : pipeline.stages) use.nodes.push_back(stage.node);
        const std::set<std::pair<std::string, std::string>> suspects = failed_links();
        NextHop next{std::string(kGateway), gateway.address(), {}, false, {}};
        std::string reached_at = next.address;  // by this host
        for (std::size_t i = pipeline.stages.size(); i-- > 0;) {
            const PlannedStage& stage = pipeline.stages[i];
            next.link = imitate_link(stage.node, next.name, reached_at, stop);
            next.fresh = suspects.contains({stage.node, next.name});
            next.to_answer = time_to_answer(cluster, pipeline, i);
            fleet.set_route(stage, number, next, stop);
            const NodeAddresses& addresses = fleet.at(stage.node)->addresses;
            next.name = stage.node;
            next.address = i > 0 ? addresses.tensors_for_nodes : addresses.tensors;
            reached_at = addresses.tensors;
        }
        next.link = imitate_link(std::string(kGateway), next.name, reached_at, stop);
        next.fresh = suspects.contains({std::string(kGateway), next.name});
        {
            const std::lock_guard lock(mutex);
            routes[number] = pipeline;
        }
        gateway.add_route(number, use, next);
        // A node may have ended since it was connected, and told the gateway before it knew of the route.
        for (const PlannedStage& stage : pipeline.stages) {
            const std::optional<std::string> ended = fleet.await_end({stage.node}, Nanoseconds(0));
            if (!ended) continue;
            gateway.fail_node({stage.node, *ended, host->end_notice(), now_monotonic(), Nanoseconds(0)});
            throw EnvironmentError(*ended, "start it again");
        }
        const std::set<std::string> silent = fleet.silent();
        for (const PlannedStage& stage : pipeline.stages) {
            if (!silent.contains(stage.node)) continue;
            const std::string cause = fmt::format("node '{}' has fallen silent", stage.node);
            gateway.fail_node({stage.node, cause, "heartbeat", now_monotonic(), Nanoseconds(0)});
            throw EnvironmentError(cause, "see whether it is frozen");
        }
    }

    /// What the sender has to imitate: the bandwidth is the kernel's where the host can have it so.
    LinkEmulation imitate_link(const std::string& from, const std::string& to, const std::string& address,
                               const std::stop_token& stop) {
        LinkEmulation link = emulation_of(link_between(cluster, from, to));
        if (link.bandwidth.value() <= 0 || !host->limit_bandwidth(from, address, link.bandwidth, stop)) return link;
        link.bandwidth = BytesPerSecond(0);
        const std::lock_guard lock(mutex);
        limited_by_kernel.insert({from, to});
        return link;
    }

    /// What failed routes went over: a connection that broke may not be known to both its ends.
    std::set<std::pair<std::string, std::string>> failed_links() const {
        std::set<std::pair<std::string, std::string>> links;
        const std::vector<RouteNumber> failed_routes = gateway.failed_routes();
        const std::lock_guard lock(mutex);
        for (const RouteNumber number : failed_routes) {
            const auto found = routes.find(number);
            if (found != routes.end()) links.merge(links_of(found->second));
        }
        return links;
    }

    /// The end of a node says more than the call that noticed it, which may be the first to know.
    [[noreturn]] void rethrow_with_end(const StageLoads& loads) const {
        std::set<std::string> names;
        for (const auto& [name, ranges] : loads) names.insert(name);
        // What becomes of a silent node is told in time.
        const std::set<std::string> silent = fleet.silent();
        if (std::ranges::any_of(names, [&](const std::string& name) { return silent.contains(name); })) throw;
        const Nanoseconds patience = std::max(kEndExplains, host->end_is_told());
        if (const std::optional<std::string> died = fleet.await_end(names, patience)) {
            throw EnvironmentError(*died, host->remedy());
        }
        throw;
    }

    /// Unloads what no route needs, ends the nodes that are left with nothing.
    void tidy() {
        std::map<std::string, std::set<std::string>> needed;
        {
            const std::lock_guard lock(mutex);
            for (const auto& [number, pipeline] : routes) {
                for (const PlannedStage& stage : pipeline.stages) needed[stage.node].insert(stage_name(stage.layers));
            }
        }
        fleet.keep(std::move(needed));
    }

    void close(RouteNumber number, Nanoseconds patience) {
        gateway.retire_route(number, patience);
        std::set<std::string> ends;
        {
            const std::lock_guard lock(mutex);
            const auto found = routes.find(number);
            if (found == routes.end()) return;
            ends = nodes_of(found->second);
            routes.erase(found);
        }
        fleet.close_route(number, ends);
        tidy();
    }

    // -- what fails --------------------------------------------------------------------------------------------------

    void hear_end(const Failure& what) {
        gateway.fail_node(what);
        settle(what.cause);
    }

    /// Nothing goes by a silent node until it is back or has ended; what it answers all the same is welcome.
    void hear_silent(const Failure& what) {
        gateway.fail_node(what);
        settle(what.cause);
        // Whoever sends to it may be stuck, and have other routes to serve.
        std::map<RouteNumber, std::string> senders;
        {
            const std::lock_guard lock(mutex);
            for (const auto& [number, pipeline] : routes) {
                for (std::size_t i = 1; i < pipeline.stages.size(); ++i) {
                    if (pipeline.stages[i].node == what.node) senders[number] = pipeline.stages[i - 1].node;
                }
            }
        }
        const std::set<std::string> silent = fleet.silent();
        for (const auto& [number, node] : senders) {
            if (!silent.contains(node)) fleet.close_route(number, {node}, kLettingGo);
        }
    }

    void hear_return(const std::string& node) {
        gateway.note_return(node, now_monotonic());
        tell_change();
    }

    void hear_broken(RouteNumber route, const std::string& cause) {
        if (closing) return;
        std::set<std::string> ends;
        {
            const std::lock_guard lock(mutex);
            const auto found = routes.find(route);
            if (found == routes.end()) return;  // closed meanwhile
            ends = nodes_of(found->second);
        }
        gateway.fail_route(route, {"", cause, "connection", now_monotonic(), Nanoseconds(0)});
        if (options.fail_over || gateway.has_route()) {
            settle(cause);
            return;
        }
        settle(fleet.await_end(ends, std::max(kEndIsTold, host->end_is_told())).value_or(cause));
    }

    /// What follows from a failure that the gateway knows of.
    void settle(const std::string& cause) {
        bool lost = false;
        {
            const std::lock_guard lock(mutex);
            lost = !options.fail_over && !gateway.has_route();
            if (lost && !failure) failure = cause;
            failed.notify_all();
        }
        if (lost) gateway.fail_all(cause);
        tell_change();
    }

    void tell_change() {
        const std::lock_guard calling(hearing);
        if (on_change) on_change();
    }

    EngineOptions options;
    Cluster cluster;
    Bytes longest;
    std::atomic<bool> closing{false};
    RouteNumber next_route = 0;
    PipelineEnds pipeline_ends;

    std::mutex changing;  ///< one change at a time
    mutable std::mutex mutex;
    mutable std::condition_variable_any failed;
    std::map<RouteNumber, Pipeline> routes;
    std::set<std::pair<std::string, std::string>> limited_by_kernel;  ///< links
    std::optional<std::string> failure;
    std::mutex hearing;  ///< of `on_change`, and held while it runs: who takes it back is not called any more
    std::function<void()> on_change;

    // The gateway's threads go first, those of the nodes are told to before.
    std::unique_ptr<NodeHost> host;
    NodeFleet fleet;
    Gateway gateway;
};

NodeEngine::NodeEngine(const Plan& plan, const WriteStage& write_stage, const EngineOptions& options,
                       std::unique_ptr<NodeHost> host, const std::stop_token& stop)
    : state_(std::make_unique<State>(plan, write_stage, options, std::move(host))) {
    State& state = *state_;
    const StageLoads loads = loads_of(plan.pipelines);
    try {
        state.fleet.prepare(loads, stop);
        state.pipeline_ends = require_fit(
            plan, [&](const PlannedStage& stage) -> const LoadedStageSpecs& { return state.fleet.specs(stage); });
        for (std::size_t i = 0; i < plan.pipelines.size(); ++i) {
            state.connect(plan.pipelines[i], state.next_route++, {i, {}, 0}, stop);
        }
    } catch (const EnvironmentError&) {
        state.rethrow_with_end(loads);
    }
}

NodeEngine::~NodeEngine() = default;

std::string NodeEngine::name() const { return state_->host->name(); }
Gateway& NodeEngine::gateway() { return state_->gateway; }
std::string NodeEngine::link_note() const { return state_->host->bandwidth_note(); }
std::vector<EnforcedLimit> NodeEngine::limits() const { return state_->fleet.limits(); }
const std::vector<InputSpec>& NodeEngine::input_specs() const { return state_->pipeline_ends.inputs; }
const std::vector<InputSpec>& NodeEngine::output_specs() const { return state_->pipeline_ends.outputs; }
std::vector<std::string> NodeEngine::batch_refusals() const { return state_->fleet.batch_refusals(); }
NodeUsage NodeEngine::usage(const std::string& node) const { return state_->fleet.usage(node); }
std::vector<std::string> NodeEngine::nodes_started() const { return state_->fleet.started(); }
std::set<std::string> NodeEngine::failed_nodes() const { return state_->fleet.failed(); }
std::set<std::string> NodeEngine::silent_nodes() const { return state_->fleet.silent(); }

const std::string& NodeEngine::inference_address(const std::string& node) const {
    return state_->fleet.at(node)->addresses.inference;
}

std::vector<EmulatedLink> NodeEngine::links(const Plan& plan) const {
    std::vector<EmulatedLink> links = Engine::links(plan);
    const std::lock_guard lock(state_->mutex);
    for (EmulatedLink& link : links) {
        const bool by_kernel = state_->limited_by_kernel.contains({link.from, link.to});
        if (by_kernel && !link.bandwidth_by.empty()) link.bandwidth_by = "tc";
    }
    return links;
}

void NodeEngine::wait_for_failure(const std::stop_token& stop) const {
    std::unique_lock lock(state_->mutex);
    state_->failed.wait(lock, stop, [this] { return state_->failure.has_value(); });
}

std::optional<std::string> NodeEngine::failure() const {
    const std::lock_guard lock(state_->mutex);
    return state_->failure;
}

RouteNumber NodeEngine::open_route(const Pipeline& pipeline, const RouteUse& use, const std::stop_token& stop) {
    State& state = *state_;
    const std::lock_guard changing(state.changing);
    const StageLoads loads = loads_of({pipeline});
    const RouteNumber number = state.next_route++;
    try {
        try {
            state.fleet.prepare(loads, stop);
            Plan one;
            one.pipelines = {pipeline};
            require_fit(one,
                        [&](const PlannedStage& stage) -> const LoadedStageSpecs& { return state.fleet.specs(stage); });
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

void NodeEngine::close_route(RouteNumber route, Nanoseconds patience) {
    const std::lock_guard changing(state_->changing);
    state_->close(route, patience);
}

std::map<RouteNumber, bool> NodeEngine::open_routes() const {
    const std::vector<RouteNumber> failed = state_->gateway.failed_routes();
    const std::lock_guard lock(state_->mutex);
    std::map<RouteNumber, bool> open;
    for (const auto& [number, pipeline] : state_->routes) {
        open[number] = std::ranges::find(failed, number) == failed.end();
    }
    return open;
}

void NodeEngine::on_change(std::function<void()> hear) {
    const std::lock_guard calling(state_->hearing);
    state_->on_change = std::move(hear);
}

}  // namespace carbonedge
