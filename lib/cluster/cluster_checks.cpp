#include "lib/cluster/cluster_checks.h"

#include "lib/base/spelling.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <vector>

namespace carbonedge {
namespace {

constexpr double kMostCpus = 65'536;
constexpr double kMostThreads = 1024;  // what carbonedge-node takes
constexpr double kMostBuffers = 100;
constexpr double kLeastShare = 1e-6;              // of a core, or of the reference node's speed: less takes years
constexpr double kLeastBytesPerSecond = 1.0 / 8;  // 1 bit/s, likewise
constexpr double kLargestNumber = 1e15;           // of anything that has no closer bound: products of three stay finite

/// Collects the first problem of one section.
class Section {
public:
    explicit Section(std::string name) : name_(std::move(name)) {}

    void refuse(std::string_view key, const std::string& problem) {
        if (!found_) found_ = ClusterProblem{name_, std::string(key), problem};
    }
    void within(std::string_view key, double value, double low, double high) {
        if (!(value >= low && value <= high)) {
            refuse(key, fmt::format("{} is {}, expected {} to {}", key, number_text(value), number_text(low),
                                    number_text(high)));
        }
    }
    void above_zero(std::string_view key, double value, double high) {
        if (!(value > 0 && value <= high)) {
            refuse(key, fmt::format("{} is {}, expected more than 0, at most {}", key, number_text(value),
                                    number_text(high)));
        }
    }
    /// Of what is above 0.
    void at_least(std::string_view key, double value, double least, std::string_view unit) {
        if (value > 0 && value < least) {
            refuse(key, fmt::format("{} is {}{}, expected at least {}{}", key, number_text(value), unit,
                                    number_text(least), unit));
        }
    }
    void one_of(std::string_view key, const std::string& value, std::vector<std::string> valid) {
        if (std::find(valid.begin(), valid.end(), value) == valid.end())
            refuse(key, unknown_name_message(key, value, valid));
    }
    void in(std::string_view key, Nanoseconds value, Nanoseconds low, Nanoseconds high) {
        if (value < low || value > high) {
            refuse(key, fmt::format("{} is {}, expected {} to {}", key, exact_duration(value), exact_duration(low),
                                    exact_duration(high)));
        }
    }
    [[nodiscard]] std::optional<ClusterProblem> found() const { return found_; }

private:
    std::string name_;
    std::optional<ClusterProblem> found_;
};

std::optional<ClusterProblem> problem_of(const Node& node) {
    using namespace std::chrono_literals;
    Section section("node." + node.name);
    if (!is_node_name(node.name)) section.refuse("", "a node's name has letters, digits, - and _");
    if (node.name == kGateway)
        section.refuse("", "'gateway' names the end where requests enter; name the node otherwise");
    section.above_zero("cpus", node.cpus, kMostCpus);
    section.at_least("cpus", node.cpus, kLeastShare, "");
    section.in("quota_period", node.quota_period, 1ms, 1s);
    section.above_zero("memory", static_cast<double>(node.memory.value()), kLargestNumber);
    section.within("threads", node.threads, 1, kMostThreads);
    section.within("intensity", node.intensity.value(), 0, 1e6);
    const bool unresolved = node.intensity_origin && !node.intensity_origin->is_resolved();
    if (!unresolved || !node.intensity_signal.empty())
        section.one_of("intensity_signal", node.intensity_signal, {"average", "marginal"});
    if (!unresolved || !node.intensity_scope.empty())
        section.one_of("intensity_scope", node.intensity_scope, {"direct", "lifecycle"});
    section.above_zero("speed_factor", node.speed_factor, 1e6);
    section.at_least("speed_factor", node.speed_factor, kLeastShare, "");
    if (!node.profile.empty() && node.speed_factor != 1) {
        section.refuse("speed_factor",
                       "speed_factor scales the reference profile, but the node has a profile of its own");
    }
    section.within("idle_power_per_core", node.idle_power_per_core.value(), 0, 1e6);
    section.within("busy_power_per_core", node.busy_power_per_core.value(), 0, 1e6);
    if (node.busy_power_per_core < node.idle_power_per_core) {
        section.refuse(
            "busy_power_per_core",
            fmt::format("busy_power_per_core is {}W, expected at least the {}W of idle_power_per_core",
                        number_text(node.busy_power_per_core.value()), number_text(node.idle_power_per_core.value())));
    }
    section.within("pue", node.pue, 1, 100);
    section.within("embodied", node.embodied.value(), 0, kLargestNumber);
    section.within("lifetime", node.lifetime.count(), 0, kLargestNumber);
    if (node.embodied.value() > 0 && node.lifetime.count() <= 0) {
        section.refuse("embodied", "embodied needs a lifetime to be spread over, such as lifetime = 4years");
    }
    if (node.device == "cuda" || node.device == "jetson") {
        section.refuse("device",
                       fmt::format("device {}: this carbonedge runs models through a LibTorch without CUDA; only cpu",
                                   node.device));
    }
    section.one_of("device", node.device, {"cpu"});
    return section.found();
}

std::optional<ClusterProblem> problem_of(const Link& link) {
    Section section(link_section(link));
    section.in("latency", link.latency, Nanoseconds(0), std::chrono::hours(24));
    section.within("bandwidth", link.bandwidth.value(), 0, kLargestNumber);
    section.at_least("bandwidth", link.bandwidth.value(), kLeastBytesPerSecond, "B/s");
    section.within("energy_per_byte", link.energy_per_byte.value(), 0, 1e6);
    if (link.intensity) section.within("intensity", link.intensity->value(), 0, 1e6);
    return section.found();
}

std::optional<ClusterProblem> problem_of_ends(const Cluster& cluster, std::size_t position) {
    const Link& link = cluster.links[position];
    Section section(link_section(link));
    std::vector<std::string> ends{std::string(kGateway)};
    for (const Node& node : cluster.nodes) ends.push_back(node.name);
    for (const std::string& end : {link.from, link.to}) {
        if (std::find(ends.begin(), ends.end(), end) == ends.end()) {
            section.refuse("", unknown_name_message("end of a link", end, ends));
        }
    }
    if (link.from == link.to) section.refuse("", "a link from a node to itself is free already");
    for (std::size_t i = 0; i < position; ++i) {
        const Link& other = cluster.links[i];
        const bool same = other.from == link.from && other.to == link.to;
        if (same || (other.from == link.to && other.to == link.from)) {
            section.refuse("",
                           fmt::format("[{}] is there already; a link serves both directions", link_section(other)));
        }
    }
    return section.found();
}

std::optional<ClusterProblem> problem_of(const TransportCost& cost) {
    Section section("transport");
    section.within("fixed_ns", cost.fixed_ns, 0, kLargestNumber);
    section.within("per_byte_ns", cost.per_byte_ns, 0, kLargestNumber);
    section.within("send_cpu_fixed_ns", cost.send_cpu_fixed_ns, 0, kLargestNumber);
    section.within("send_cpu_per_byte_ns", cost.send_cpu_per_byte_ns, 0, kLargestNumber);
    section.within("receive_cpu_fixed_ns", cost.receive_cpu_fixed_ns, 0, kLargestNumber);
    section.within("receive_cpu_per_byte_ns", cost.receive_cpu_per_byte_ns, 0, kLargestNumber);
    return section.found();
}

std::optional<ClusterProblem> problem_of(const MessageBuffers& buffers) {
    Section section("transport");
    section.within("receive_buffers", buffers.receive, 0, kMostBuffers);
    section.within("send_buffers", buffers.send, 0, kMostBuffers);
    section.within("input_buffers", buffers.input, 0, kMostBuffers);
    return section.found();
}

}  // namespace

bool is_node_name(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

std::string link_section(const Link& link) {
    return link.from.empty() && link.to.empty() ? "link.default" : fmt::format("link.{}.{}", link.from, link.to);
}

std::optional<ClusterProblem> find_problem(const Cluster& cluster) {
    if (cluster.nodes.empty())
        return ClusterProblem{"cluster", "", "has no node; expected sections such as [node.green]"};
    for (std::size_t i = 0; i < cluster.nodes.size(); ++i) {
        const Node& node = cluster.nodes[i];
        if (auto problem = problem_of(node)) return problem;
        if (find_node(cluster, node.name)->value() != i) {
            return ClusterProblem{"node." + node.name, "", fmt::format("two nodes are named '{}'", node.name)};
        }
    }
    if (!cluster.default_link.from.empty() || !cluster.default_link.to.empty()) {
        return ClusterProblem{"link.default", "", "the default link has no ends"};
    }
    if (auto problem = problem_of(cluster.default_link)) return problem;
    for (std::size_t i = 0; i < cluster.links.size(); ++i) {
        if (auto problem = problem_of(cluster.links[i])) return problem;
        if (auto problem = problem_of_ends(cluster, i)) return problem;
    }
    if (cluster.gateway_intensity) {
        Section section("gateway");
        section.within("intensity", cluster.gateway_intensity->value(), 0, 1e6);
        if (section.found()) return section.found();
    }
    if (auto problem = problem_of(cluster.transport)) return problem;
    return problem_of(cluster.buffers);
}

}  // namespace carbonedge
