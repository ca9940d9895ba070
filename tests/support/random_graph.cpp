#include "tests/support/random_graph.h"

#include "lib/base/random.h"

#include <algorithm>
#include <limits>
#include <map>

namespace carbonedge {
namespace {

/// Everything by definition, nothing shared with the planner.
class Trial {
public:
    explicit Trial(const OperationGraph& graph) : graph_(graph), count_(graph.operations.size()) {}

    double run() {
        best_ = std::numeric_limits<double>::infinity();
        extend(0, graph_.accelerators, graph_.cpus, 0);
        return best_;
    }

private:
    using Set = std::uint32_t;

    [[nodiscard]] bool down_set(Set set) const {
        for (std::size_t i = 0; i < count_; ++i) {
            if ((set >> i & 1) != 0) continue;
            for (const std::size_t consumer : graph_.operations[i].consumers) {
                if ((set >> consumer & 1) != 0) return false;
            }
        }
        return true;
    }

    [[nodiscard]] bool colours_together(Set block) const {
        for (std::size_t i = 0; i < count_; ++i) {
            for (std::size_t j = 0; j < count_; ++j) {
                if (graph_.operations[i].colour == graph_.operations[j].colour &&
                    (block >> i & 1) != (block >> j & 1)) {
                    return false;
                }
            }
        }
        return true;
    }

    [[nodiscard]] double load(Set block, bool accelerator) const {
        double sum = 0;
        Bytes memory;
        for (std::size_t i = 0; i < count_; ++i) {
            const Operation& operation = graph_.operations[i];
            const bool inside = (block >> i & 1) != 0;
            bool consumed_inside = false;
            bool consumed_outside = false;
            for (const std::size_t consumer : operation.consumers) {
                ((block >> consumer & 1) != 0 ? consumed_inside : consumed_outside) = true;
            }
            if (inside && !accelerator) sum += operation.cpu_time.count();
            if (!accelerator) continue;
            if (inside) {
                if (!operation.accelerator_can_run) return std::numeric_limits<double>::infinity();
                sum += operation.accelerator_time.count();
                memory += operation.memory;
            }
            if (inside ? consumed_outside : consumed_inside) sum += operation.transfer_time.count();
        }
        return memory > graph_.accelerator_memory ? std::numeric_limits<double>::infinity() : sum;
    }

    void extend(Set done, std::size_t accelerators, std::size_t cpus, double worst) {
        const Set all = (Set{1} << count_) - 1;
        if (done == all) best_ = std::min(best_, worst);
        const Set rest = all & ~done;
        for (Set block = rest; block != 0; block = (block - 1) & rest) {
            if (!down_set(done | block) || !colours_together(block)) continue;
            if (accelerators > 0) {
                const double next = std::max(worst, load(block, true));
                if (next < best_) extend(done | block, accelerators - 1, cpus, next);
            }
            if (cpus > 0) {
                const double next = std::max(worst, load(block, false));
                if (next < best_) extend(done | block, accelerators, cpus - 1, next);
            }
        }
    }

    const OperationGraph& graph_;
    std::size_t count_;
    double best_ = 0;
};

}  // namespace

OperationGraph random_graph(std::uint64_t seed, std::size_t most_operations) {
    SeededRandom random(seed);
    OperationGraph graph;
    graph.name = "random";
    graph.accelerators = random.below(4);
    graph.cpus = random.below(graph.accelerators == 0 ? 2 : 3) + (graph.accelerators == 0 ? 1 : 0);
    const std::size_t count = 1 + random.below(most_operations);
    const double density = random.uniform(0.1, 0.8);
    const double transfer = random.uniform() < 0.5 ? 0.3 : 3;
    const double idle_share = random.uniform(0, 0.6);
    std::int64_t memory = 0;
    for (std::size_t i = 0; i < count; ++i) {
        Operation operation;
        operation.id = static_cast<std::int64_t>(100 - i);
        operation.name = "op" + std::to_string(i);
        operation.colour = static_cast<std::int64_t>(i);
        if (i > 0 && random.uniform() < 0.1) operation.colour = static_cast<std::int64_t>(random.below(i));
        if (random.uniform() >= idle_share) {
            operation.accelerator_time = Seconds(random.uniform(0.1, 2));
            operation.cpu_time = operation.accelerator_time * random.uniform(0.5, 5);
        }
        if (random.uniform() < 0.8) operation.transfer_time = Seconds(random.uniform(0, transfer));
        if (random.uniform() < 0.6) operation.memory = Bytes(static_cast<std::int64_t>(random.below(100)));
        memory += operation.memory.value();
        operation.accelerator_can_run = random.uniform() >= 0.07;
        for (std::size_t j = i + 1; j < count; ++j) {
            if (random.uniform() < density) operation.consumers.push_back(j);
        }
        graph.operations.push_back(operation);
    }
    const double room = random.uniform() < 0.5 ? 1.0 : random.uniform(0.3, 1);
    graph.accelerator_memory = Bytes(static_cast<std::int64_t>(static_cast<double>(memory) * room));
    return graph;
}

double least_load_by_trying(const OperationGraph& graph) { return Trial(graph).run(); }

}  // namespace carbonedge
