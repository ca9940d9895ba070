#include "tests/unit/tradeoff/drawn_problem.h"

#include <algorithm>

namespace carbonedge {

DrawnProblem draw_problem(SeededRandom& random, bool limits) {
    RandomShape shape;
    shape.layers = 2 + random.below(5);
    shape.nodes = 1 + random.below(4);
    if (shape.nodes == 4) shape.layers = std::min<std::size_t>(shape.layers, 5);
    shape.throttled = random.below(3) > 0;
    DrawnProblem drawn;
    drawn.brute = random_problem(random, shape);
    drawn.brute.objective = random.below(4) == 0 ? Objective::kEnergy : Objective::kCarbon;
    if (limits) {
        std::vector<BruteCost> costs;
        for_every_pipeline(drawn.brute, [&](const std::vector<BruteStage>& pipeline) {
            costs.push_back(brute_cost(drawn.brute, pipeline));
        });
        const BruteCost& some = costs[random.below(costs.size())];
        Limits& held = drawn.brute.limits;
        if (random.below(2) == 0) {
            held.latency_mean = Nanoseconds(static_cast<std::int64_t>(some.latency() * random.uniform(0.9, 1.5) * 1e9));
        }
        if (random.below(4) == 0) held.throughput_per_second = random.uniform(0.5, 1.1) / some.bottleneck;
        if (random.below(4) == 0) held.max_nodes = 1 + random.below(drawn.brute.cluster.nodes.size());
        const std::vector<LayerProfile>& layers = drawn.brute.profiles[0].layers;
        const auto node = [&] { return drawn.brute.cluster.nodes[random.below(shape.nodes)].name; };
        if (random.below(6) == 0) held.pinned.emplace_back(layers[random.below(layers.size())].name, node());
        if (random.below(6) == 0) held.forbidden.emplace_back(layers[random.below(layers.size())].name, node());
        if (random.below(3) == 0) {
            for (Node& one : drawn.brute.cluster.nodes) {
                one.memory = Bytes(static_cast<std::int64_t>(
                    static_cast<double>(drawn.brute.profiles[0].load_peak_bytes.value()) * random.uniform(0.7, 1.3)));
            }
        }
    }
    drawn.problem = problem_of(drawn.brute);
    return drawn;
}

std::vector<BruteStage> brute_stages(const Placement& placement) {
    std::vector<BruteStage> stages;
    for (const PlacedStage& placed : placement) {
        stages.push_back({placed.node, placed.layers.first, placed.layers.end});
    }
    return stages;
}

}  // namespace carbonedge
