#include "lib/runtime/process_host.h"

#include "lib/base/errors.h"
#include "lib/runtime/node_child.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <filesystem>

namespace carbonedge {
namespace {

constexpr std::string_view kReady = "ready ";
constexpr Nanoseconds kReaping = std::chrono::seconds(1);

void copy_certificates(const std::string& from, const std::string& to, const std::string& name) {
    std::error_code problem;
    std::filesystem::copy(std::filesystem::path(from) / name, std::filesystem::path(to) / name,
                          std::filesystem::copy_options::recursive, problem);
    if (problem) {
        throw EnvironmentError(
            fmt::format("cannot read the certificates of node '{}' in {}: {}", name, from, problem.message()),
            "make them: carbonedge run certificates");
    }
}

class ProcessNode final : public StartedNode {
public:
    /// `home` holds its sockets. `group` outlives it.
    ProcessNode(std::string name, std::string home, const LimitGroup& group, EnforcedLimit limit)
        : name_(std::move(name)),
          home_(std::move(home)),
          group_(group),
          limit_(std::move(limit)),
          throttled_before_(group.throttled_time()),
          kills_before_(group.out_of_memory_kills()) {
        std::filesystem::create_directory(home_);
        std::filesystem::permissions(home_, std::filesystem::perms::owner_all);
    }

    ~ProcessNode() override {
        watch_.reset();
        child_.reset();
        std::error_code ignored;
        std::filesystem::remove_all(home_, ignored);
    }
    ProcessNode(const ProcessNode&) = delete;
    ProcessNode& operator=(const ProcessNode&) = delete;

    /// From a thread that lives as long as the process is wanted.
    void launch(const Program& program) { child_ = std::make_unique<NodeChild>(program, group_); }
    [[nodiscard]] int process() const { return child_->pid(); }

    NodeAddresses await(Nanoseconds timeout, const std::stop_token& stop) override {
        const std::string line = child_->read_line(timeout, stop);
        if (!line.starts_with(kReady)) throw EnvironmentError("said '" + line + "'", "give carbonedge-node's path");
        const std::size_t space = line.find(' ', kReady.size());
        if (space == std::string::npos)
            throw EnvironmentError("said '" + line + "'", "give this version's carbonedge-node");
        const std::string tensors = line.substr(space + 1);
        return {fmt::format("{}/{}.control", home_, name_), line.substr(kReady.size(), space - kReady.size()), tensors,
                tensors};
    }

    void on_end(OnEnd hear) override {
        watch_ = std::make_unique<ChildWatch>(
            std::vector<int>{child_->pidfd()},
            [this, told = std::move(hear)](std::size_t) { told(wait(kReaping).value_or("ended")); });
    }

    std::optional<std::string> wait(Nanoseconds timeout) override {
        std::optional<std::string> how = child_->wait(timeout);
        if (how && group_.out_of_memory_kills() > kills_before_) *how += ": out of memory";
        return how;
    }

    void kill() noexcept override { child_->kill(); }

    [[nodiscard]] std::optional<NodeUsage> usage() const override {
        Bytes peak = group_.peak_memory();
        if (peak.value() == 0) peak = child_->peak_memory();
        return NodeUsage{child_->cpu_time(), group_.throttled_time() - throttled_before_, peak};
    }

    [[nodiscard]] std::optional<EnforcedLimit> limit() const override { return limit_; }

private:
    std::string name_;
    std::string home_;
    const LimitGroup& group_;
    EnforcedLimit limit_;
    Nanoseconds throttled_before_;
    std::int64_t kills_before_;
    std::unique_ptr<NodeChild> child_;
    std::unique_ptr<ChildWatch> watch_;
};

}  // namespace

ProcessHost::ProcessHost(const EngineOptions& options)
    : options_(options),
      path_(options.transport == TensorPath::kAuto ? TensorPath::kShm : options.transport),
      directory_(options.scratch_directory) {
    if (path_ == TensorPath::kTls && !options.container.security.encrypted()) {
        throw UsageError("tensors over TLS need certificates");
    }
}

PeerSecurity ProcessHost::security() const {
    return path_ == TensorPath::kTls ? options_.container.security : PeerSecurity{};
}

std::string ProcessHost::listen_address(const std::string& file) const {
    return scheme_of(path_) + (meets_in_files(path_) ? file : "127.0.0.1:0");
}

std::string ProcessHost::gateway_address() const { return listen_address(directory_.path() + "/gateway.tensors"); }

int ProcessHost::process(const std::string& node) const {
    const std::lock_guard lock(mutex_);
    const auto found = places_.find(node);
    if (found == places_.end()) throw UsageError("no node '" + node + "' is in use");
    return found->second.process;
}

ProcessHost::Place& ProcessHost::place_of(const Node& node) {
    const auto found = places_.find(node.name);
    if (found != places_.end()) return found->second;
    const ResourceLimit limit = options_.impose_limits ? ResourceLimit{node.cpus, node.quota_period, node.memory}
                                                       : ResourceLimit{0, node.quota_period, Bytes(0)};
    LimitGroup group = LimitGroup::create("node-" + std::to_string(places_.size()), limit);
    EnforcedLimit enforced{node.name,
                           node.cpus,
                           node.quota_period,
                           node.memory,
                           options_.impose_limits && group.enforced(),
                           options_.impose_limits ? group.mechanism() : "limits are off"};
    const std::lock_guard lock(mutex_);
    return places_.emplace(node.name, Place{std::move(group), std::move(enforced), 0}).first->second;
}

std::vector<std::unique_ptr<StartedNode>> ProcessHost::start(const std::vector<Node>& nodes, Bytes longest_message,
                                                             const std::stop_token& /*stop*/) {
    std::vector<std::unique_ptr<StartedNode>> started;
    started.reserve(nodes.size());
    for (const Node& node : nodes) started.push_back(start_one(node, longest_message));
    return started;
}

std::unique_ptr<StartedNode> ProcessHost::start_one(const Node& node, Bytes longest_message) {
    Place& place = place_of(node);
    // A directory of its own, so that nobody takes what an earlier start left for this one's.
    const std::string home = fmt::format("{}/{}", directory_.path(), starts_++);
    auto started = std::make_unique<ProcessNode>(node.name, home, place.group, place.limit);
    Program program;
    program.path = options_.node_program;
    program.home = home;
    program.arguments = {"--name",
                         node.name,
                         "--directory",
                         home,
                         "--threads",
                         std::to_string(node.threads),
                         "--longest-message",
                         fmt::format("{}B", longest_message.value()),
                         "--quiet",  // what a node notices also fails requests here
                         "--send-timeout",
                         exact_duration(options_.request_timeout),
                         "--tensors",
                         listen_address(fmt::format("{}/{}.tensors", home, node.name))};
    if (path_ == TensorPath::kTls) {
        // Its own alone, where it may read.
        copy_certificates(options_.container.security.tls_directory, home, node.name);
        program.arguments.insert(program.arguments.end(), {"--tls", home});
    }
    // Read when the libraries load, long before the node could set anything itself.
    program.environment = with_threads(options_.environment, node.threads);
    if (path_ == TensorPath::kUcx) {
        // UCX's shared memory wakes by abstract sockets and lies in /dev/shm; nodes may reach neither.
        const auto chosen = [](const std::string& setting) { return setting.starts_with("UCX_TLS="); };
        if (std::ranges::none_of(program.environment, chosen)) program.environment.emplace_back("UCX_TLS=tcp");
    }
    launcher_.run([&] { started->launch(program); });
    const std::lock_guard lock(mutex_);
    place.process = started->process();
    return started;
}

}  // namespace carbonedge
