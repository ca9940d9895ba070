#include "lib/runtime/docker_host.h"

#include "lib/base/errors.h"
#include "lib/runtime/in_parallel.h"

#include <fmt/format.h>
#include <string.h>
#include <cmath>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <sstream>

namespace carbonedge {
namespace {

constexpr Nanoseconds kRemovalPatience = std::chrono::seconds(30);
constexpr Nanoseconds kKillPatience = std::chrono::seconds(10);
/// Between two attempts to hear what the engine tells.
constexpr Nanoseconds kHearAgain = std::chrono::seconds(1);
constexpr std::string_view kLabel = "carbonedge.run";
/// Docker names a network's bridge after the beginning of its identifier.
constexpr std::size_t kBridgeDigits = 12;

/// The container is removed when its node is started anew, or with its host.
class ContainerNode final : public StartedNode {
public:
    ContainerNode(const ContainerCli& cli, NodeEndings& endings, std::string id, NodeAddresses addresses)
        : cli_(cli), endings_(endings), id_(std::move(id)), addresses_(std::move(addresses)) {}
    ~ContainerNode() override { endings_.forget(id_); }
    ContainerNode(const ContainerNode&) = delete;
    ContainerNode& operator=(const ContainerNode&) = delete;

    NodeAddresses await(Nanoseconds /*timeout*/, const std::stop_token& /*stop*/) override { return addresses_; }
    void on_end(OnEnd hear) override { endings_.hear(id_, std::move(hear)); }
    std::optional<std::string> wait(Nanoseconds timeout) override { return endings_.wait(id_, timeout); }

    void kill() noexcept override {
        try {
            if (!wait(Nanoseconds(0))) static_cast<void>(cli_.run({"kill", id_}, kKillPatience, {}));
        } catch (const std::exception&) {
            // Who cannot be killed is removed by force later.
        }
    }

private:
    const ContainerCli& cli_;
    NodeEndings& endings_;
    std::string id_;
    NodeAddresses addresses_;
};

}  // namespace

std::vector<std::string> container_arguments(const Node& node, const std::string& run, Bytes longest_message,
                                             const EngineOptions& options, const std::string& certificates) {
    const std::string probe =
        fmt::format("carbonedge-probe --quiet unix:{}/{}.control", kContainerDirectory, node.name);
    std::vector<std::string> words{
        "run", "--detach", "--pull", "never", "--name", fmt::format("carbonedge-{}-{}", run, node.name), "--network",
        "carbonedge-" + run, "--network-alias", node.name, "--label", fmt::format("{}={}", kLabel, run), "--label",
        "carbonedge.node=" + node.name,
        // What a network from elsewhere may do: compute, write to a memory file system of its own, and answer.
        "--read-only", "--tmpfs",
        fmt::format("{}:rw,noexec,nosuid,nodev,mode=0700,uid={},gid={}", kContainerDirectory,
                    std::string_view(kContainerUser).substr(0, 5), std::string_view(kContainerUser).substr(6)),
        "--user", kContainerUser, "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--pids-limit", "4096",
        "--health-cmd", probe, "--health-interval", "30s", "--health-timeout", "5s", "--health-start-period", "60s"};
    if (options.impose_limits) {
        const auto period = std::chrono::duration_cast<std::chrono::microseconds>(node.quota_period).count();
        const std::int64_t quota = std::llround(node.cpus * static_cast<double>(period));
        for (const std::string& word :
             {std::string("--cpu-period"), std::to_string(period), std::string("--cpu-quota"), std::to_string(quota)}) {
            words.push_back(word);
        }
        if (node.memory.value() > 0) {
            // Swap counted with it: what memory may not hold must not go there.
            for (const char* option : {"--memory", "--memory-swap"}) {
                words.emplace_back(option);
                words.push_back(fmt::format("{}b", node.memory.value()));
            }
        }
    }
    if (!certificates.empty()) {
        words.emplace_back("--mount");
        words.push_back(
            fmt::format("type=bind,source={},target={}/{},readonly", certificates, kContainerCertificates, node.name));
    }
    for (const std::string& setting : thread_environment(node.threads)) {
        words.emplace_back("--env");
        words.push_back(setting);
    }
    words.insert(words.end(), {"--entrypoint", "carbonedge-node", options.container.image});
    for (std::string& word : container_node_arguments(node, longest_message, options)) words.push_back(std::move(word));
    return words;
}

std::string container_ending(int status, bool out_of_memory) {
    if (status <= 128) return fmt::format("exited with status {}{}", status, out_of_memory ? ": out of memory" : "");
    const int signal = status - 128;
    const char* text = ::strsignal(signal);
    return fmt::format("was killed by signal {} ({}){}", signal, text == nullptr ? "unknown" : text,
                       out_of_memory ? ": out of memory" : "");
}

DockerHost::DockerHost(const EngineOptions& options, const std::stop_token& stop)
    : options_(options),
      directory_(options.scratch_directory),
      cli_(options.container.program, options.environment),
      run_(make_run_name()),
      shaper_(options.environment) {
    // Nobody but the containers and this host is on their network.
    if (!options_.container.security.encrypted()) options_.container.security.plain_text = true;
    // Asked for first, so that nothing is made where the image is missing.
    static_cast<void>(
        cli_.ask({"image", "inspect", "--format", "{{.Id}}", options.container.image}, options.start_timeout, stop));
    network_ = "carbonedge-" + run_;
    try {
        const std::string id =
            cli_.ask({"network", "create", "--internal", "--label", fmt::format("{}={}", kLabel, run_), network_},
                     options.start_timeout, stop);
        bridge_ = "br-" + id.substr(0, kBridgeDigits);
        const std::string address =
            cli_.ask({"network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", network_},
                     options.start_timeout, stop);
        gateway_address_ = fmt::format("{}{}:0", security().scheme(), address);
    } catch (...) {
        remove_all();
        throw;
    }
}

DockerHost::~DockerHost() {
    watch_ = {};
    remove_all();
}

std::string DockerHost::container_of(const std::string& node) const {
    return fmt::format("carbonedge-{}-{}", run_, node);
}

std::vector<std::unique_ptr<StartedNode>> DockerHost::start(const std::vector<Node>& nodes, Bytes longest_message,
                                                            const std::stop_token& stop) {
    if (!watch_.joinable()) watch_ = std::jthread([this](const std::stop_token& end) { watch(end); });
    std::vector<std::string> again{"rm", "--force", "--volumes"};
    for (const Node& node : nodes) {
        if (!started_.insert(node.name).second) again.push_back(container_of(node.name));
    }
    if (again.size() > 3) static_cast<void>(cli_.run(again, options_.start_timeout, stop));
    std::vector<std::unique_ptr<StartedNode>> started(nodes.size());
    in_parallel(nodes.size(), [&](std::size_t i) { started[i] = start_one(nodes[i], longest_message, stop); });
    return started;
}

std::unique_ptr<StartedNode> DockerHost::start_one(const Node& node, Bytes longest_message,
                                                   const std::stop_token& stop) {
    const std::string certificates = security().encrypted() ? directory_.path() + "/" + node.name : "";
    if (!certificates.empty()) copy_certificates(node);
    const std::string id = cli_.ask(container_arguments(node, run_, longest_message, options_, certificates),
                                    options_.start_timeout, stop);
    const std::string address =
        cli_.ask({"inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", id},
                 options_.start_timeout, stop);
    if (address.empty()) {
        throw EnvironmentError(
            fmt::format("node '{}' {}", node.name, ending_of(id, stop).value_or("has no address on its network")),
            "look at its message");
    }
    const std::string control = fmt::format("{}:{}", address, kControlPort);
    return std::make_unique<ContainerNode>(
        cli_, endings_, id,
        NodeAddresses{control, control, fmt::format("{}{}:{}", security().scheme(), address, kTensorPort),
                      fmt::format("{}{}:{}", security().scheme(), node.name, kTensorPort)});
}

bool DockerHost::limit_bandwidth(const std::string& from, const std::string& address, BytesPerSecond rate,
                                 const std::stop_token& stop) {
    if (!bandwidth_note_.empty()) return false;
    std::string problem = shaper_.obstacle();
    try {
        if (problem.empty()) {
            TrafficShaper::Device device{"", bridge_};
            if (from != kGateway) {
                const std::string process = cli_.ask({"inspect", "--format", "{{.State.Pid}}", container_of(from)},
                                                     options_.start_timeout, stop);
                device = {fmt::format("/proc/{}/ns/net", process), "eth0"};
            }
            shaper_.limit(device, flow_to(address, rate), stop);
            return true;
        }
    } catch (const EnvironmentError& error) {
        problem = error.what();
    }
    bandwidth_note_ = "the bandwidth of links is imitated in user space, not by tc: " + problem;
    return false;
}

void DockerHost::copy_certificates(const Node& node) const {
    // The containers' user is none of this host's; nobody else of this host gets through the private directory.
    const std::filesystem::path from = std::filesystem::path(security().tls_directory) / node.name;
    const std::filesystem::path to = std::filesystem::path(directory_.path()) / node.name;
    try {
        std::filesystem::create_directory(to);
        for (const char* name : {"ca.pem", "cert.pem", "key.pem"}) {
            std::filesystem::copy_file(from / name, to / name, std::filesystem::copy_options::overwrite_existing);
            std::filesystem::permissions(to / name, std::filesystem::perms(0444));
        }
    } catch (const std::filesystem::filesystem_error& error) {
        throw EnvironmentError(fmt::format("cannot copy the certificate of node '{}' from {}: {}", node.name,
                                           from.string(), error.code().message()),
                               "make it with 'carbonedge run certificates'");
    }
}

std::optional<std::string> DockerHost::ending_of(const std::string& id, const std::stop_token& stop) const {
    const std::string state =
        cli_.ask({"inspect", "--format", "{{.State.Running}} {{.State.ExitCode}} {{.State.OOMKilled}}", id},
                 kRemovalPatience, stop);
    std::istringstream words(state);
    std::string running;
    int status = 0;
    std::string out_of_memory;
    words >> running >> status >> out_of_memory;
    if (running == "true") return std::nullopt;
    std::string ending = container_ending(status, out_of_memory == "true");
    const ContainerCli::Outcome logs = cli_.run({"logs", "--tail", "1", id}, kRemovalPatience, stop);
    std::string last = logs.err.substr(0, logs.err.find('\n'));
    if (!last.empty()) ending += ": " + last;
    return ending;
}

void DockerHost::watch(const std::stop_token& stop) {
    const auto tell = [&](const std::string& id) {
        try {
            if (const std::optional<std::string> how = ending_of(id, stop)) endings_.tell(id, *how);
        } catch (const Interrupted&) {
            return;  // we are ending
        } catch (const EnvironmentError&) {
            endings_.tell(id, "ended");  // it is removed already, or the engine has ended too
        }
    };
    std::mutex waiting;
    std::condition_variable_any never;
    std::unique_lock lock(waiting);
    while (!stop.stop_requested()) {
        try {
            // Events from before we listen are told too.
            cli_.follow({"events", "--since", "60s", "--filter", fmt::format("label={}={}", kLabel, run_), "--filter",
                         "event=die", "--format", "{{.Actor.ID}}"},
                        tell, stop);
        } catch (const std::exception&) {
            // Nodes that end are noticed by what is not heard of them.
        }
        never.wait_for(lock, stop, kHearAgain, [] { return false; });
    }
}

void DockerHost::remove_all() noexcept {
    try {
        std::vector<std::string> words{"rm", "--force", "--volumes"};
        for (const std::string& node : started_) words.push_back(container_of(node));
        if (!started_.empty()) static_cast<void>(cli_.run(words, kRemovalPatience, {}));
        if (!network_.empty()) static_cast<void>(cli_.run({"network", "rm", network_}, kRemovalPatience, {}));
    } catch (const std::exception&) {
        // Nobody is left to hear it; docs/containers says how to find what carries the label.
    }
    started_.clear();
    network_.clear();
}

}  // namespace carbonedge
