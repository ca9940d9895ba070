#include "lib/runtime/process_host.h"

#include "lib/base/errors.h"
#include "lib/runtime/node_child.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <filesystem>

namespace carbonedge {
namespace {

constexpr std::string_view kReady = "ready ";
constexpr Nanoseconds kReaping = std::chrono::seconds(1);

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
        const std::string tensors = fmt::format("unix:{}/{}.tensors", home_, name_);
        return {fmt::format("{}/{}.control", home_, name_), line.substr(kReady.size()), tensors, tensors};
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

ProcessHost::ProcessHost(const EngineOptions& options) : options_(options), directory_(options.scratch_directory) {}

std::string ProcessHost::gateway_address() const { return "unix:" + directory_.path() + "/gateway.tensors"; }

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
                         exact_duration(options_.request_timeout)};
    // Read when the libraries load, long before the node could set anything itself.
    program.environment = with_threads(options_.environment, node.threads);
    launcher_.run([&] { started->launch(program); });
    const std::lock_guard lock(mutex_);
    place.process = started->process();
    return started;
}

}  // namespace carbonedge
