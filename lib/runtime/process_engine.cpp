#include "lib/runtime/process_engine.h"

#include "lib/base/errors.h"
#include "lib/runtime/node_child.h"
#include "lib/runtime/private_directory.h"
#include "lib/transport/clocks.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <atomic>
#include <exception>
#include <filesystem>

namespace carbonedge {
namespace {

std::vector<std::string> with_threads(std::vector<std::string> environment, const std::string& threads) {
    for (const std::string name : {"OMP_NUM_THREADS=", "OPENBLAS_NUM_THREADS=", "MKL_NUM_THREADS="}) {
        std::erase_if(environment, [&name](const std::string& setting) { return setting.starts_with(name); });
        environment.push_back(name + threads);
    }
    return environment;
}

std::string range_path(const std::string& directory, const LayerRange& layers) {
    return directory + "/" + stage_name(layers) + ".pt";
}

}  // namespace

struct ProcessEngine::State {
    struct NodeProcess {
        Node node;
        LimitGroup group;
        std::unique_ptr<NodeChild> process;
        std::string inference_address;
        std::unique_ptr<ControlClient> control;
        std::map<std::string, LoadedStageSpecs> stages;
    };

    State(const EngineOptions& given, Bytes longest)
        : options(given),
          directory(options.scratch_directory),
          gateway("unix:" + directory.path() + "/gateway.tensors", longest, options.request_timeout) {}

    ~State() {
        watch.reset();
        std::vector<NodeProcess*> ending;
        for (auto& node : nodes) {
            const bool runs = node->control && node->process && !node->process->wait(Nanoseconds(0));
            if (runs && node->control->shut_down(std::chrono::seconds(2))) ending.push_back(node.get());
        }
        // Whoever does not end by itself is killed as its process goes out of scope.
        for (NodeProcess* node : ending) node->process->wait(std::chrono::seconds(2));
    }

    /// Runs `action` on all nodes at once; rethrows what the first of them threw.
    void on_all_nodes(const std::function<void(NodeProcess&)>& action) {
        std::vector<std::exception_ptr> problems(nodes.size());
        {
            std::vector<std::jthread> threads;
            for (std::size_t i = 0; i < nodes.size(); ++i) {
                threads.emplace_back([&, i] {
                    try {
                        action(*nodes[i]);
                    } catch (...) {
                        problems[i] = std::current_exception();
                    }
                });
            }
        }
        for (const std::exception_ptr& problem : problems) {
            if (problem) std::rethrow_exception(problem);
        }
    }

    NodeProcess& find(const std::string& name) const {
        for (const auto& node : nodes) {
            if (node->node.name == name) return *node;
        }
        throw UsageError("no node '" + name + "' is in use");
    }

    void start_node(const Node& node, Bytes longest) {
        const ResourceLimit limit = options.impose_limits ? ResourceLimit{node.cpus, node.quota_period, node.memory}
                                                          : ResourceLimit{0, node.quota_period, Bytes(0)};
        auto started = std::make_unique<NodeProcess>(NodeProcess{
            node, LimitGroup::create("node-" + std::to_string(nodes.size()), limit), nullptr, "", nullptr, {}});
        limits.push_back({node.name, node.cpus, node.quota_period, node.memory,
                          options.impose_limits && started->group.enforced(),
                          options.impose_limits ? started->group.mechanism() : "limits are off"});
        const std::string threads = std::to_string(node.threads);
        Program program;
        program.path = options.node_program;
        program.arguments = {"--name",
                             node.name,
                             "--directory",
                             directory.path(),
                             "--threads",
                             threads,
                             "--longest-message",
                             fmt::format("{}B", longest.value()),
                             "--quiet",  // what a node notices also fails requests here
                             "--send-timeout",
                             exact_duration(options.request_timeout)};
        // Read when the libraries load, long before the node could set anything itself.
        program.environment = with_threads(options.environment, threads);
        started->process = std::make_unique<NodeChild>(program, started->group);
        nodes.push_back(std::move(started));
    }

    void await_ready(NodeProcess& node, const std::stop_token& stop) const {
        constexpr std::string_view kReady = "ready ";
        try {
            const std::string line = node.process->read_line(options.start_timeout, stop);
            if (!line.starts_with(kReady)) throw EnvironmentError("said '" + line + "'", "give carbonedge-node's path");
            node.inference_address = line.substr(kReady.size());
        } catch (const EnvironmentError& error) {
            throw EnvironmentError(fmt::format("node '{}' did not start: it {}", node.node.name, error.what()),
                                   "give it more memory, or look at its message");
        }
        node.control = std::make_unique<ControlClient>(node.node.name,
                                                       fmt::format("{}/{}.control", directory.path(), node.node.name));
    }

    void watch_nodes() {
        std::vector<int> pidfds;
        for (const auto& node : nodes) pidfds.push_back(node->process->pidfd());
        watch = std::make_unique<ChildWatch>(pidfds, [this](std::size_t child) {
            const std::string how = nodes[child]->process->wait(std::chrono::seconds(1)).value_or("ended");
            const std::string line =
                fmt::format("node '{}' {}{}", nodes[child]->node.name, how,
                            nodes[child]->group.out_of_memory_kills() > 0 ? ": out of memory" : "");
            {
                const std::lock_guard lock(failure_mutex);
                if (!failure) failure = line;
                failed.notify_all();
            }
            gateway.fail_all(line);
        });
    }

    std::optional<std::string> await_failure(Nanoseconds timeout) const {
        std::unique_lock lock(failure_mutex);
        failed.wait_for(lock, timeout, [this] { return failure.has_value(); });
        return failure;
    }

    void connect(const Plan& plan, std::size_t index, const std::stop_token& stop) {
        const Pipeline& pipeline = plan.pipelines[index];
        std::string next_name(kGateway);
        std::string next_address = gateway.address();
        for (std::size_t i = pipeline.stages.size(); i-- > 0;) {
            const PlannedStage& stage = pipeline.stages[i];
            const NextHop next{next_name, next_address,
                               emulation_of(link_between(plan.cluster, stage.node, next_name))};
            find(stage.node)
                .control->set_route(static_cast<std::int32_t>(index), stage_name(stage.layers), next,
                                    options.start_timeout, stop);
            next_name = stage.node;
            next_address = fmt::format("unix:{}/{}.tensors", directory.path(), stage.node);
        }
        const LinkEmulation link = emulation_of(link_between(plan.cluster, kGateway, next_name));
        gateway.connect(index, {next_name, next_address, link});
    }

    EngineOptions options;
    PrivateDirectory directory;
    Gateway gateway;
    std::vector<std::unique_ptr<NodeProcess>> nodes;
    std::vector<EnforcedLimit> limits;
    PipelineEnds ends;
    mutable std::mutex failure_mutex;
    std::optional<std::string> failure;
    mutable std::condition_variable_any failed;
    std::unique_ptr<ChildWatch> watch;
};

ProcessEngine::ProcessEngine(const Plan& plan, const WriteStage& write_stage, const EngineOptions& options,
                             const std::stop_token& stop) {
    const Bytes longest = longest_message(plan);
    state_ = std::make_unique<State>(options, longest);
    State& state = *state_;
    for (const Node& node : plan.cluster.nodes) {
        if (!ranges_of(plan, node.name).empty()) state.start_node(node, longest);
    }
    // Stages are written while the nodes start.
    for (const LayerRange& layers : ranges_of(plan, "")) {
        if (stop.stop_requested()) throw Interrupted();
        write_stage(layers, range_path(state.directory.path(), layers));
    }
    state.on_all_nodes([&](State::NodeProcess& node) { state.await_ready(node, stop); });
    state.watch_nodes();
    try {
        state.on_all_nodes([&](State::NodeProcess& node) {
            const auto profile = find_node(plan.cluster, node.node.name);
            const bool optimise =
                plan.profiles.at(static_cast<std::size_t>(plan.node_profile.at(profile->value()))).execution !=
                "frozen";
            for (const LayerRange& layers : ranges_of(plan, node.node.name)) {
                node.stages[stage_name(layers)] =
                    node.control->load_stage(stage_name(layers), range_path(state.directory.path(), layers), optimise,
                                             state.options.start_timeout, stop);
            }
        });
        state.ends = require_fit(plan, [&](const PlannedStage& stage) -> const LoadedStageSpecs& {
            return state.find(stage.node).stages.at(stage_name(stage.layers));
        });
        for (std::size_t i = 0; i < plan.pipelines.size(); ++i) state.connect(plan, i, stop);
    } catch (const EnvironmentError&) {
        // A node that died says more than the call that noticed, which may be the first to know.
        if (const std::optional<std::string> died = state.await_failure(std::chrono::seconds(1))) {
            throw EnvironmentError(*died, "give it more memory, or look at its message");
        }
        throw;
    }
    for (const LayerRange& layers : ranges_of(plan, "")) {
        std::error_code ignored;
        std::filesystem::remove(range_path(state.directory.path(), layers), ignored);
    }
}

ProcessEngine::~ProcessEngine() = default;

Gateway& ProcessEngine::gateway() { return state_->gateway; }
const std::vector<EnforcedLimit>& ProcessEngine::limits() const { return state_->limits; }
const std::vector<InputSpec>& ProcessEngine::input_specs() const { return state_->ends.inputs; }
const std::vector<InputSpec>& ProcessEngine::output_specs() const { return state_->ends.outputs; }

NodeUsage ProcessEngine::usage(const std::string& node) const {
    const State::NodeProcess& found = state_->find(node);
    Bytes peak = found.group.peak_memory();
    if (peak.value() == 0) peak = found.process->peak_memory();
    return {found.process->cpu_time(), found.group.throttled_time(), peak};
}

int ProcessEngine::process(const std::string& node) const { return state_->find(node).process->pid(); }

const std::string& ProcessEngine::inference_address(const std::string& node) const {
    return state_->find(node).inference_address;
}

void ProcessEngine::wait_for_failure(const std::stop_token& stop) const {
    std::unique_lock lock(state_->failure_mutex);
    state_->failed.wait(lock, stop, [this] { return state_->failure.has_value(); });
}

std::optional<std::string> ProcessEngine::failure() const {
    const std::lock_guard lock(state_->failure_mutex);
    return state_->failure;
}

}  // namespace carbonedge
