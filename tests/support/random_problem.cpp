#include "tests/support/random_problem.h"

#include <fmt/format.h>
#include <cmath>

namespace carbonedge {
namespace {

double log_uniform(SeededRandom& random, double low, double high) {
    return std::exp(random.uniform(std::log(low), std::log(high)));
}

Nanoseconds milliseconds(double value) { return Nanoseconds(static_cast<std::int64_t>(value * 1e6)); }
Bytes whole_bytes(double value) { return Bytes(static_cast<std::int64_t>(value)); }

Profile random_profile(SeededRandom& random, const RandomShape& shape) {
    Profile profile;
    profile.model_name = "random.pt";
    profile.model_sha256 = std::string(64, 'a');
    profile.input_values = {{0, whole_bytes(log_uniform(random, 1e4, 1e6))}};
    profile.runtime_base_bytes = whole_bytes(random.uniform(2e7, 1e8));
    profile.boundary = {random.uniform(0, 2e4), random.uniform(0, 0.2)};
    double weights = 0;
    double peak = 0;
    for (std::size_t l = 0; l < shape.layers; ++l) {
        LayerProfile layer;
        layer.name = fmt::format("layer{}", l);
        layer.type = "Conv2d";
        layer.inputs = {static_cast<std::int64_t>(l)};
        if (l > 1 && random.uniform() < shape.skips) {
            layer.inputs.push_back(static_cast<std::int64_t>(random.below(l)));
        }
        layer.outputs = {{static_cast<std::int64_t>(l + 1), whole_bytes(log_uniform(random, 1e3, 3e5))}};
        layer.cut_after = l + 1 == shape.layers || random.uniform() >= shape.closed_cuts;
        if (!layer.cut_after) layer.cut_reason = "carries a list";
        layer.parameters = static_cast<std::int64_t>(log_uniform(random, 1e3, 1e6));
        layer.macs = static_cast<std::int64_t>(log_uniform(random, 1e6, 1e8));
        layer.weight_bytes = Bytes(4 * layer.parameters);
        layer.activation_bytes = layer.outputs.front().bytes;
        layer.peak_bytes = whole_bytes(random.uniform(1e5, 2e7));
        layer.latency_median = milliseconds(log_uniform(random, 0.1, 5));
        layer.latency_q1 = layer.latency_median;
        layer.latency_q3 = layer.latency_median;
        layer.latency_min = layer.latency_median;
        layer.latency_mean = layer.latency_median;
        layer.samples = 30;
        layer.cpu_mean = milliseconds(static_cast<double>(layer.latency_median.count()) * 1e-6 *
                                      random.uniform(0.9, shape.throttled ? 2.0 : 1.0));
        weights += static_cast<double>(layer.weight_bytes.value());
        peak = std::max(peak, static_cast<double>(layer.peak_bytes.value()));
        profile.layers.push_back(std::move(layer));
    }
    profile.output_values = {static_cast<std::int64_t>(shape.layers)};
    profile.load_peak_bytes =
        whole_bytes(static_cast<double>(profile.runtime_base_bytes.value()) + peak + weights * random.uniform(0.8, 3));
    return profile;
}

/// Another machine's times for the same rows.
Profile own_profile(SeededRandom& random, const Profile& reference) {
    Profile profile = reference;
    const double factor = random.uniform(0.4, 2.5);
    for (LayerProfile& layer : profile.layers) {
        const double here = factor * random.uniform(0.8, 1.25);
        layer.latency_median = milliseconds(static_cast<double>(layer.latency_median.count()) * 1e-6 * here);
        layer.cpu_mean = milliseconds(static_cast<double>(layer.cpu_mean.count()) * 1e-6 * here);
    }
    profile.runtime_base_bytes = whole_bytes(random.uniform(2e7, 1e8));
    profile.boundary.fixed_ns *= factor;
    return profile;
}

Link random_link(SeededRandom& random) {
    Link link;
    link.latency = milliseconds(random.uniform(0, 1));
    link.bandwidth = BytesPerSecond(random.below(4) == 0 ? 0 : log_uniform(random, 2.5e6, 1.25e8));
    link.energy_per_byte = JoulesPerByte(log_uniform(random, 1e-9, 2e-7));
    if (random.below(3) == 0) link.intensity = CarbonIntensity(random.uniform(20, 700));
    return link;
}

}  // namespace

Plan random_problem(SeededRandom& random, const RandomShape& shape) {
    Plan plan;
    plan.name = "random";
    plan.profiles.push_back(random_profile(random, shape));
    Cluster& cluster = plan.cluster;
    cluster.name = "random";
    cluster.default_link = random_link(random);
    if (random.below(2) == 0) cluster.gateway_intensity = CarbonIntensity(random.uniform(20, 700));
    cluster.transport = {random.uniform(0, 3e5),
                         random.uniform(0, 0.5),
                         random.uniform(0, 1e5),
                         random.uniform(0, 0.3),
                         random.uniform(0, 1e5),
                         random.uniform(0, 0.3),
                         ""};
    cluster.idle_policy = static_cast<IdlePolicy>(random.below(3));
    for (std::size_t v = 0; v < shape.nodes; ++v) {
        Node node;
        node.name = fmt::format("n{}", v);
        node.cpus = shape.throttled ? random.uniform(0.2, 2) : 2.0;
        node.threads = 1 + static_cast<int>(random.below(3));
        node.quota_period = milliseconds(random.below(2) == 0 ? 100 : random.uniform(10, 200));
        node.memory = whole_bytes(4e9);
        node.zone = "zone";
        node.intensity = CarbonIntensity(random.uniform(20, 700));
        node.idle_power_per_core = Watts(random.uniform(0, 3));
        node.busy_power_per_core = node.idle_power_per_core + Watts(random.uniform(1, 10));
        node.pue = random.uniform(1, 1.6);
        if (random.below(2) == 0) {
            node.embodied = GramsCo2e(random.uniform(1e4, 3e5));
            node.lifetime = Seconds(random.uniform(1e8, 2e8));
        }
        if (random.uniform() < shape.own_profiles) {
            node.profile = node.name + ".profile.csv";
            plan.profiles.push_back(own_profile(random, plan.profiles.front()));
            plan.node_profile.push_back(static_cast<int>(plan.profiles.size()) - 1);
        } else {
            node.speed_factor = random.uniform(0.4, 2.5);
            plan.node_profile.push_back(0);
        }
        cluster.nodes.push_back(std::move(node));
    }
    for (std::size_t v = 0; v < shape.nodes; ++v) {
        if (random.below(2) == 0) continue;
        Link link = random_link(random);
        link.from = cluster.nodes[v].name;
        link.to = v == 0 ? std::string(kGateway) : cluster.nodes[random.below(v)].name;
        cluster.links.push_back(std::move(link));
    }
    return plan;
}

}  // namespace carbonedge
