#include "lib/runtime/swarm_host.h"

#include "lib/base/atomic_file.h"
#include "lib/base/errors.h"
#include "lib/runtime/in_parallel.h"
#include "lib/transport/clocks.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <ostream>
#include <sstream>

namespace carbonedge {
namespace {

constexpr Nanoseconds kRemovalPatience = std::chrono::seconds(60);
constexpr Nanoseconds kLookPeriod = std::chrono::milliseconds(500);
/// Published ports count from here, two a node.
constexpr int kFirstPort = 17000;

/// Waits; false where `stop` came first.
bool pause(Nanoseconds time, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, time, [] { return false; });
    return !stop.stop_requested();
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        if (!line.empty()) lines.push_back(line);
    }
    return lines;
}

/// A task that will not run any more.
bool is_over(const std::string& state) {
    const auto begins = [&state](const char* word) { return state.starts_with(word); };
    return std::ranges::any_of(std::array{"Complete", "Shutdown", "Failed", "Rejected", "Orphaned", "Remove"}, begins);
}

}  // namespace

/// The tasks of a service, one after the other; each start of the node has its own.
class SwarmHost::ServiceNode final : public StartedNode {
public:
    ServiceNode(SwarmHost& host, std::string node, std::string task_before, NodeAddresses addresses)
        : host_(host), node_(std::move(node)), task_before_(std::move(task_before)), addresses_(std::move(addresses)) {}
    ~ServiceNode() override { host_.endings_.forget(task_); }
    ServiceNode(const ServiceNode&) = delete;
    ServiceNode& operator=(const ServiceNode&) = delete;

    NodeAddresses await(Nanoseconds timeout, const std::stop_token& stop) override {
        task_ = host_.await_task(node_, task_before_, timeout, stop).id;
        return addresses_;
    }
    void on_end(OnEnd hear) override { host_.endings_.hear(task_, std::move(hear)); }
    std::optional<std::string> wait(Nanoseconds timeout) override { return host_.endings_.wait(task_, timeout); }
    void kill() noexcept override {
        if (!wait(Nanoseconds(0))) host_.end_task(node_);
    }

private:
    SwarmHost& host_;
    std::string node_;
    std::string task_before_;
    NodeAddresses addresses_;
    std::string task_;  ///< "" before it is known
};

SwarmHost::SwarmHost(const EngineOptions& options, const std::stop_token& stop)
    : options_(options), cli_(options.container.program, options.environment), stack_(make_run_name()) {
    own_address_ = options.container.gateway_address;
    if (own_address_.empty()) own_address_ = ask({"info", "--format", "{{.Swarm.NodeAddr}}"}, stop);
    static_cast<void>(ask({"node", "ls", "--quiet"}, stop));  // only a manager may ask
    if (own_address_.empty()) {
        throw EnvironmentError("the swarm does not know this machine's address",
                               "give the one that its hosts reach with --gateway-address");
    }
}

SwarmHost::~SwarmHost() {
    watch_ = {};
    if (!deployed_) return;
    try {
        const std::string name = "carbonedge-" + stack_;
        static_cast<void>(cli_.run({"stack", "rm", name}, kRemovalPatience, {}));
        // It answers before anything is gone.
        const Nanoseconds deadline = now_monotonic() + kRemovalPatience;
        const std::string filter = "label=carbonedge.run=" + stack_;
        const auto left = [&](const std::vector<std::string>& list) {
            std::vector<std::string> words = list;
            words.insert(words.end(), {"--quiet", "--filter", filter});
            return !cli_.run(words, kRemovalPatience, {}).out.empty();
        };
        while (now_monotonic() < deadline && (left({"ps", "--all"}) || left({"network", "ls"}))) {
            pause(kLookPeriod, {});
        }
    } catch (const std::exception&) {
        // Nobody is left to hear it; docs/containers.md says how to find what carries the label.
    }
}

std::string SwarmHost::ask(const std::vector<std::string>& arguments, const std::stop_token& stop) const {
    return cli_.ask(arguments, options_.start_timeout, stop);
}

std::string SwarmHost::address_for(const std::string& node, const std::stop_token& stop) const {
    const std::string label = placement_label(node);
    const std::string format =
        fmt::format("{{{{index .Spec.Labels \"{}\"}}}} {{{{.Status.State}}}} {{{{.Status.Addr}}}}", label);
    std::string found;
    for (const std::string& host : lines_of(ask({"node", "ls", "--quiet"}, stop))) {
        std::istringstream words(ask({"node", "inspect", "--format", format, host}, stop));
        std::string value;
        std::string state;
        std::string address;
        words >> value >> state >> address;
        if (value != "true" || state != "ready") continue;
        if (!found.empty()) {
            throw EnvironmentError(fmt::format("several hosts of the swarm carry the label {}", label),
                                   "take it from all but one: docker node update --label-rm");
        }
        // A swarm of one knows itself by an address that only it may use.
        found = address == "0.0.0.0" ? own_address_ : address;
    }
    if (found.empty()) {
        throw EnvironmentError(fmt::format("no ready host of the swarm is for node '{}'", node),
                               fmt::format("docker node update --label-add {}=true HOST", label));
    }
    return found;
}

std::string SwarmHost::service_of(const std::string& node) const {
    return fmt::format("carbonedge-{}_{}", stack_, node);
}

void SwarmHost::deploy(Bytes longest_message, const std::stop_token& stop) {
    std::vector<StackService> services;
    {
        const std::lock_guard lock(mutex_);
        services = services_;
    }
    std::ostringstream unused;
    write_output(options_.container.stack_file, true, stack_text(stack_, services, longest_message, options_), unused);
    deployed_ = true;
    static_cast<void>(ask({"stack", "deploy", "--resolve-image", "never", "--compose-file",
                           options_.container.stack_file, "carbonedge-" + stack_},
                          stop));
}

std::vector<std::unique_ptr<StartedNode>> SwarmHost::start(const std::vector<Node>& nodes, Bytes longest_message,
                                                           const std::stop_token& stop) {
    std::vector<std::unique_ptr<StartedNode>> started;
    std::vector<std::string> again;
    bool added = false;
    for (const Node& node : nodes) {
        const std::string address = address_for(node.name, stop);
        std::string task_before;
        std::unique_lock lock(mutex_);
        auto service = std::ranges::find_if(services_, [&](const auto& other) { return other.node.name == node.name; });
        if (service == services_.end()) {
            const int port = kFirstPort + 2 * static_cast<int>(services_.size());
            service = services_.insert(service, {node, port, port + 1, true});
            added = true;
        } else {
            again.push_back(node.name);
        }
        const StackService placed = *service;
        lock.unlock();
        if (!again.empty() && again.back() == node.name) task_before = newest_task(node.name, stop).id;
        const std::string control = fmt::format("{}:{}", address, placed.control_port);
        started.push_back(std::make_unique<ServiceNode>(
            *this, node.name, task_before,
            NodeAddresses{control, control, fmt::format("{}{}:{}", security().scheme(), address, placed.tensor_port),
                          fmt::format("{}{}:{}", security().scheme(), node.name, kTensorPort)}));
    }
    if (added) deploy(longest_message, stop);
    // A task that has ended stays so by itself: the stack says that nothing is restarted.
    in_parallel(again.size(), [&](std::size_t i) {
        say_runs(again[i], true);
        static_cast<void>(
            ask({"service", "update", "--detach", "--force", "--replicas", "1", service_of(again[i])}, stop));
    });
    if (!watch_.joinable()) watch_ = std::jthread([this](const std::stop_token& end) { watch(end); });
    return started;
}

void SwarmHost::say_runs(const std::string& node, bool runs) {
    const std::lock_guard lock(mutex_);
    for (StackService& service : services_) {
        if (service.node.name == node) service.runs = runs;
    }
}

void SwarmHost::end_task(const std::string& node) noexcept {
    try {
        say_runs(node, false);
        static_cast<void>(cli_.run({"service", "scale", "--detach", service_of(node) + "=0"}, kRemovalPatience, {}));
    } catch (const std::exception&) {
        // What still runs goes with the stack.
    }
}

SwarmHost::Task SwarmHost::newest_task(const std::string& node, const std::stop_token& stop) const {
    const std::string tasks = ask(
        {"service", "ps", "--no-trunc", "--format", "{{.ID}}|{{.CurrentState}}|{{.Error}}", service_of(node)}, stop);
    std::istringstream parts(tasks.substr(0, tasks.find('\n')));
    Task task;
    std::getline(parts, task.id, '|');
    std::getline(parts, task.state, '|');
    std::getline(parts, task.problem);
    return task;
}

SwarmHost::Task SwarmHost::await_task(const std::string& node, const std::string& before, Nanoseconds timeout,
                                      const std::stop_token& stop) const {
    const Nanoseconds deadline = now_monotonic() + timeout;
    while (true) {
        Task task = newest_task(node, stop);
        if (task.id == before) task.state = "waiting for its swarm";
        if (task.state.starts_with("Running")) return task;
        if (task.id != before && is_over(task.state)) {
            throw EnvironmentError(fmt::format("could not be run: {}", task.problem),
                                   "see docker service ps; each host needs the image");
        }
        // Who waits for a host that has gone waits in vain.
        if (task.state.starts_with("Pending") || task.state.starts_with("Assigned")) {
            static_cast<void>(address_for(node, stop));
        }
        if (now_monotonic() > deadline) {
            throw EnvironmentError(fmt::format("is still {}", task.state),
                                   "see docker service ps, or raise --start-timeout");
        }
        if (!pause(kLookPeriod, stop)) throw Interrupted();
    }
}

void SwarmHost::watch(const std::stop_token& stop) {
    const auto look = [&] {
        const ContainerCli::Outcome looked = cli_.run(
            {"stack", "ps", "--no-trunc", "--format", "{{.ID}}|{{.CurrentState}}|{{.Error}}", "carbonedge-" + stack_},
            kRemovalPatience, stop);
        for (const std::string& line : lines_of(looked.out)) {
            const std::string state = line.substr(line.find('|') + 1);
            if (!is_over(state)) continue;
            const std::string how = state.substr(state.find('|') + 1);
            endings_.tell(line.substr(0, line.find('|')),
                          how.empty() ? "is " + state.substr(0, state.find('|')) : "ended: " + how);
        }
    };
    while (pause(2 * kLookPeriod, stop)) {
        try {
            look();
        } catch (const Interrupted&) {
            return;
        } catch (const EnvironmentError&) {
            continue;  // the swarm may answer again; nodes that end are noticed by what is not heard of them
        }
    }
}

}  // namespace carbonedge
