#include "lib/planner/two_tier_cut.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/boykov_kolmogorov_max_flow.hpp>
#include <cmath>
#include <cstdint>
#include <map>

namespace carbonedge {
namespace {

using Picoseconds = std::int64_t;
constexpr Picoseconds kNever = 1'000'000'000'000'000'000;

using Traits = boost::adjacency_list_traits<boost::vecS, boost::vecS, boost::directedS>;
using EdgeProperties =
    boost::property<boost::edge_capacity_t, Picoseconds,
                    boost::property<boost::edge_residual_capacity_t, Picoseconds,
                                    boost::property<boost::edge_reverse_t, Traits::edge_descriptor>>>;
using VertexProperties =
    boost::property<boost::vertex_color_t, boost::default_color_type,
                    boost::property<boost::vertex_distance_t, std::int64_t,
                                    boost::property<boost::vertex_predecessor_t, Traits::edge_descriptor>>>;
using Network = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, VertexProperties, EdgeProperties>;

Picoseconds picoseconds(double seconds) {
    return static_cast<Picoseconds>(std::llround(std::min(seconds * 1e12, 1e15)));
}

/// What is on the source's side stays on the first node.
class TierNetwork {
public:
    explicit TierNetwork(std::size_t rows) : network_(rows + 2), source_(rows), sink_(rows + 1) {}

    [[nodiscard]] std::size_t source() const { return source_; }

    std::size_t add_vertex() { return boost::add_vertex(network_); }

    void add_times(std::size_t row, Picoseconds on_first, Picoseconds on_second) {
        add_edge(row, sink_, on_first);
        add_edge(source_, row, on_second);
    }

    /// Paid where `from` is on the first node and `to` on the second.
    void add_edge(std::size_t from, std::size_t to, Picoseconds capacity) {
        const auto there = boost::add_edge(from, to, network_).first;
        const auto back = boost::add_edge(to, from, network_).first;
        boost::put(boost::edge_capacity, network_, there, capacity);
        boost::put(boost::edge_capacity, network_, back, Picoseconds{0});
        boost::put(boost::edge_reverse, network_, there, back);
        boost::put(boost::edge_reverse, network_, back, there);
    }

    std::vector<bool> on_first(std::size_t rows) {
        boost::boykov_kolmogorov_max_flow(network_, source_, sink_);
        const auto side = boost::get(boost::vertex_color, network_, source_);
        std::vector<bool> stays;
        for (std::size_t row = 0; row < rows; ++row) {
            stays.push_back(boost::get(boost::vertex_color, network_, row) == side);
        }
        return stays;
    }

private:
    Network network_;
    std::size_t source_;
    std::size_t sink_;
};

double row_seconds(const PlanningProblem& problem, std::size_t node, std::size_t row) {
    const int profile = problem.node_profile[node];
    const double scale = profile == 0 ? 1 / problem.cluster.nodes[node].speed_factor : 1.0;
    return to_seconds(problem.profiles[static_cast<std::size_t>(profile)].layers[row].latency_median).count() * scale;
}

double seconds_per_byte(const PlanningProblem& problem, std::size_t first, std::size_t second) {
    const Cluster& cluster = problem.cluster;
    const Link link = link_between(cluster, cluster.nodes[first].name, cluster.nodes[second].name);
    double nanoseconds = cluster.transport.per_byte_ns;
    for (const std::size_t node : {first, second}) {
        const int profile = problem.node_profile[node];
        const double scale = profile == 0 ? 1 / cluster.nodes[node].speed_factor : 1.0;
        nanoseconds += problem.profiles[static_cast<std::size_t>(profile)].boundary.per_byte_ns * scale;
    }
    const double shipping = link.bandwidth.value() > 0 ? 1 / link.bandwidth.value() : 0.0;
    return shipping + nanoseconds * 1e-9;
}

}  // namespace

std::vector<bool> minimum_cut_of_graph(const PlanningProblem& problem, std::size_t first, std::size_t second) {
    const Profile& profile = problem.profiles.front();
    const std::size_t rows = profile.layers.size();
    const double per_byte = seconds_per_byte(problem, first, second);
    TierNetwork network(rows);

    struct Value {
        std::size_t maker;    ///< vertex
        std::size_t shipped;  ///< vertex between the maker and all its readers, so that it is paid once
    };
    std::map<std::int64_t, Value> values;
    const auto add_value = [&](const ValueRef& value, std::size_t maker) {
        const std::size_t shipped = network.add_vertex();
        network.add_edge(maker, shipped, picoseconds(static_cast<double>(value.bytes.value()) * per_byte));
        values[value.id] = {maker, shipped};
    };
    for (const ValueRef& input : profile.input_values) add_value(input, network.source());
    for (std::size_t row = 0; row < rows; ++row) {
        network.add_times(row, picoseconds(row_seconds(problem, first, row)),
                          picoseconds(row_seconds(problem, second, row)));
        for (const std::int64_t id : profile.layers[row].inputs) {
            const auto value = values.find(id);
            if (value == values.end()) continue;
            network.add_edge(value->second.shipped, row, kNever);
            if (value->second.maker != network.source()) network.add_edge(row, value->second.maker, kNever);
        }
        for (const ValueRef& output : profile.layers[row].outputs) add_value(output, row);
    }
    return network.on_first(rows);
}

}  // namespace carbonedge
