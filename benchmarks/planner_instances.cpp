#include "benchmarks/planner_instances.h"

#include "lib/base/random.h"
#include "lib/planner/reduced_graph.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace carbonedge {
namespace {

double log_uniform(SeededRandom& random, double low, double high) {
    return std::exp(random.uniform(std::log(low), std::log(high)));
}

double log_normal(SeededRandom& random, double median, double sigma) {
    return median * std::exp(sigma * random.normal());
}

Bytes whole(double bytes) { return Bytes(static_cast<std::int64_t>(bytes)); }

Profile chain(SeededRandom& random, std::size_t layers) {
    Profile profile;
    profile.model_name = "instance.pt";
    profile.model_sha256 = std::string(64, 'c');
    profile.input_values = {{0, Bytes(602'112)}};
    profile.runtime_base_bytes = Bytes(50'000'000);
    double weights = 0;
    double peak = 0;
    for (std::size_t l = 0; l < layers; ++l) {
        LayerProfile layer;
        layer.name = fmt::format("layer{}", l);
        layer.type = "Conv2d";
        layer.inputs = {static_cast<std::int64_t>(l)};
        layer.outputs = {{static_cast<std::int64_t>(l + 1), whole(log_normal(random, 2e5, 1.0))}};
        layer.parameters = static_cast<std::int64_t>(log_normal(random, 5e5, 1.2));
        layer.macs = 10 * layer.parameters;
        layer.weight_bytes = Bytes(4 * layer.parameters);
        layer.activation_bytes = layer.outputs.front().bytes;
        layer.peak_bytes = whole(static_cast<double>(layer.activation_bytes.value()) * random.uniform(2, 6));
        layer.latency_median = Nanoseconds(static_cast<std::int64_t>(log_normal(random, 4e6, 1.0)));
        layer.latency_q1 = layer.latency_q3 = layer.latency_min = layer.latency_mean = layer.latency_median;
        layer.samples = 30;
        layer.cpu_mean = layer.latency_median;
        weights += static_cast<double>(layer.weight_bytes.value());
        peak = std::max(peak, static_cast<double>(layer.peak_bytes.value()));
        profile.layers.push_back(std::move(layer));
    }
    profile.output_values = {static_cast<std::int64_t>(layers)};
    profile.load_peak_bytes = whole(static_cast<double>(profile.runtime_base_bytes.value()) + peak + weights);
    return profile;
}

Node machine(SeededRandom& random, const Profile& profile, bool throttled) {
    Node node;
    const double speed = log_uniform(random, 0.5, 10);
    node.speed_factor = speed;
    node.cpus = throttled ? random.uniform(0.3, 1.0) : 1.0;
    node.threads = throttled ? 2 : 1;
    node.memory = whole(static_cast<double>(profile.runtime_base_bytes.value()) +
                        static_cast<double>((profile.load_peak_bytes - profile.runtime_base_bytes).value()) *
                            random.uniform(0.2, 0.7));
    node.intensity = CarbonIntensity(random.uniform(20, 700));
    node.idle_power_per_core = Watts(0.5 * std::pow(speed, 0.7));
    node.busy_power_per_core = node.idle_power_per_core + Watts(2.5 * std::pow(speed, 0.8) * random.uniform(0.7, 1.4));
    return node;
}

struct Access {
    double bytes_per_second;
    double seconds;
};

void join(Cluster& cluster, const std::vector<Access>& access, const std::vector<double>& joules) {
    cluster.default_link.energy_per_byte = JoulesPerByte(joules.front());
    for (std::size_t v = 0; v < cluster.nodes.size(); ++v) {
        for (std::size_t u = 0; u <= v; ++u) {
            Link link;
            link.from = cluster.nodes[v].name;
            link.to = u == v ? std::string(kGateway) : cluster.nodes[u].name;
            const double slower = std::min(access[u].bytes_per_second, access[v].bytes_per_second);
            link.bandwidth = BytesPerSecond(slower);
            link.latency = to_nanoseconds(Seconds(access[u].seconds + access[v].seconds));
            link.energy_per_byte = JoulesPerByte(joules[u] + joules[v]);
            cluster.links.push_back(std::move(link));
        }
    }
}

void add_limits(PlanningProblem& problem, double slo_factor) {
    double rate = 0;
    double whole_seconds = 0;
    for (const LayerProfile& layer : problem.profiles[0].layers) {
        whole_seconds += to_seconds(layer.latency_median).count();
    }
    for (const Node& node : problem.cluster.nodes) {
        rate += node.speed_factor * std::min(1.0, node.cpus) / whole_seconds;
    }
    // No more than what lets the largest layer run somewhere with room to spare: many nodes cannot share one layer.
    double largest = 0;
    double fastest_node = 0;
    for (const LayerProfile& layer : problem.profiles[0].layers) {
        largest = std::max(largest, to_seconds(layer.latency_median).count());
    }
    for (const Node& node : problem.cluster.nodes) {
        fastest_node = std::max(fastest_node, node.speed_factor * std::min(1.0, node.cpus));
    }
    problem.limits.throughput_per_second = std::min(rate / 3, fastest_node / (2 * largest));
    PlanningProblem free = problem;
    free.objective = Objective::kLatency;
    const CostTable table(free);
    const SearchGraph graph = build_search_graph(free, table, {});
    const std::vector<double> nothing(graph.kinds, 0.0);
    const double fastest = ReducedGraph(graph).completions({0.0, 1.0, {}, nothing}).root;
    if (fastest < kNotAllowed) problem.limits.latency_mean = to_nanoseconds(Seconds(fastest * slo_factor));
}

}  // namespace

PlanningProblem planning_instance(const InstanceShape& shape, Objective objective, std::uint64_t seed) {
    SeededRandom random(seed);
    PlanningProblem problem;
    problem.objective = objective;
    problem.profiles.push_back(chain(random, shape.layers));
    const std::size_t kinds = shape.kinds == 0 ? shape.nodes : shape.kinds;
    std::vector<Access> access;
    std::vector<double> joules;
    for (std::size_t v = 0; v < shape.nodes; ++v) {
        if (v < kinds) {
            problem.cluster.nodes.push_back(machine(random, problem.profiles[0], shape.throttled));
            access.push_back({log_uniform(random, 2.5e6, 1.25e8), random.uniform(1e-4, 1e-3)});
            joules.push_back(log_uniform(random, 5e-9, 2e-7));
        } else {
            problem.cluster.nodes.push_back(problem.cluster.nodes[v % kinds]);
            access.push_back(access[v % kinds]);
            joules.push_back(joules[v % kinds]);
        }
        problem.cluster.nodes.back().name = fmt::format("n{}", v);
        problem.node_profile.push_back(0);
    }
    join(problem.cluster, access, joules);
    if (shape.limits) add_limits(problem, shape.slo_factor);
    return problem;
}

}  // namespace carbonedge
