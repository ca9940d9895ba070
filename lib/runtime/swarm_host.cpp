#include "lib/runtime/swarm_host.h"

#include "lib/base/atomic_file.h"
#include "lib/base/errors.h"
#include "lib/runtime/stack_file.h"
#include "lib/transport/clocks.h"

#include <fmt/format.h>
#include <condition_variable>
#include <mutex>
#include <ostream>
#include <set>
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

}  // namespace

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

std::vector<PlacedNode> SwarmHost::start(const std::vector<Node>& nodes, Bytes longest_message,
                                         const std::stop_token& stop) {
    std::vector<StackService> services;
    std::vector<PlacedNode> placed;
    int port = kFirstPort;
    for (const Node& node : nodes) {
        const std::string address = address_for(node.name, stop);
        services.push_back({node, port, port + 1});
        placed.push_back({node, fmt::format("{}:{}", address, port),
                          fmt::format("{}{}:{}", security().scheme(), address, port + 1),
                          fmt::format("{}{}:{}", security().scheme(), node.name, kTensorPort)});
        port += 2;
        nodes_.push_back(node.name);
    }
    std::ostringstream unused;
    write_output(options_.container.stack_file, true, stack_text(stack_, services, longest_message, options_), unused);
    deployed_ = true;
    static_cast<void>(ask({"stack", "deploy", "--resolve-image", "never", "--compose-file",
                           options_.container.stack_file, "carbonedge-" + stack_},
                          stop));
    await_tasks(nodes, stop);
    return placed;
}

void SwarmHost::await_tasks(const std::vector<Node>& nodes, const std::stop_token& stop) const {
    const Nanoseconds deadline = now_monotonic() + options_.start_timeout;
    while (true) {
        std::size_t running = 0;
        std::string waiting;
        for (const Node& node : nodes) {
            const std::string state = ask({"service", "ps", "--no-trunc", "--format", "{{.CurrentState}}|{{.Error}}",
                                           fmt::format("carbonedge-{}_{}", stack_, node.name)},
                                          stop);
            const std::string first = state.substr(0, state.find('\n'));
            if (first.starts_with("Running")) ++running;
            if (first.starts_with("Failed") || first.starts_with("Rejected")) {
                throw EnvironmentError(
                    fmt::format("node '{}' did not start: {}", node.name, first.substr(first.find('|') + 1)),
                    "see docker service ps; each host needs the image");
            }
            if (!first.starts_with("Running")) waiting = fmt::format("node '{}' is {}", node.name, first);
        }
        if (running == nodes.size()) return;
        if (now_monotonic() > deadline) {
            throw EnvironmentError(fmt::format("the swarm did not start every node in time: {}", waiting),
                                   "see docker service ps, or raise --start-timeout");
        }
        if (!pause(kLookPeriod, stop)) throw Interrupted();
    }
}

void SwarmHost::watch(const OnEnd& on_end, const std::stop_token& stop) {
    std::set<std::string> told;
    while (pause(kLookPeriod * 2, stop)) {
        const ContainerCli::Outcome looked = cli_.run(
            {"stack", "ps", "--no-trunc", "--format", "{{.Name}}|{{.CurrentState}}|{{.Error}}", "carbonedge-" + stack_},
            kRemovalPatience, stop);
        for (const std::string& line : lines_of(looked.out)) {
            for (const std::string& node : nodes_) {
                if (!line.starts_with(fmt::format("carbonedge-{}_{}.", stack_, node))) continue;
                const std::string state = line.substr(line.find('|') + 1);
                const bool ended = !state.starts_with("Running") && !state.starts_with("Starting");
                if (ended && told.insert(node).second) {
                    const std::string how = state.substr(state.find('|') + 1);
                    on_end(node, how.empty() ? "is " + state.substr(0, state.find('|')) : "ended: " + how);
                }
            }
        }
    }
}

}  // namespace carbonedge
