// What it costs to cut a graph at positions of one order instead of at any down-set, for the objectives of carbonedge
// plan: one request at a time, so that time and carbon add up over stages and legs. Prints the table of
// docs/decisions/0020.
//
//     linearising GRAPH.json...
//
// Three nodes: fast and dirty, half as fast, a third as fast and clean; each holds 55 % of the memory, so that there
// are two or three stages. What crosses a cut is sent once. Exact: two or three stages need one or two cuts, tried in
// the order of what they cost.
#include "lib/base/atomic_file.h"
#include "lib/dag/dnn_partitioning_file.h"
#include "lib/planner/down_sets.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <iostream>
#include <limits>
#include <numeric>
#include <sstream>
#include <tuple>
#include <vector>

namespace carbonedge {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
/// The files' edge costs are bytes / 2^31.
constexpr double kBytesPerMillisecondOfCost = 2147483648.0;

struct Setting {
    std::array<double, 3> weight;  ///< of a second of accelerator time on each node
    double per_byte;
};

/// Cuts with what is before them, as shares of nothing: sums of the store.
struct CutCost {
    std::size_t set = 0;
    double cost = 0;
};

std::vector<CutCost> sorted_cuts(const DownSets& store, double weight, double per_byte) {
    std::vector<CutCost> cuts;
    for (std::size_t s = 0; s < store.size(); ++s) {
        const double bytes = store.cost(s).frontier * 1000 * kBytesPerMillisecondOfCost;
        cuts.push_back({s, weight * store.cost(s).accelerator + per_byte * bytes});
    }
    std::sort(cuts.begin(), cuts.end(), [](const CutCost& a, const CutCost& b) { return a.cost < b.cost; });
    return cuts;
}

bool within(const DownSets& store, std::size_t smaller, std::size_t larger) {
    for (std::size_t word = 0; word < store.words(); ++word) {
        if ((store.bits(smaller)[word] & ~store.bits(larger)[word]) != 0) return false;
    }
    return true;
}

/// Least weighted sum over pipelines of two or three stages on different nodes, cut at sets of the store.
double least(const DownSets& store, const DownSetCost& all, std::int64_t memory, const Setting& setting, bool three) {
    double best = kNever;
    std::array<std::size_t, 3> order{0, 1, 2};
    do {
        const auto [u, v, w] = std::tuple(setting.weight[order[0]], setting.weight[order[1]], setting.weight[order[2]]);
        const std::vector<CutCost> first = sorted_cuts(store, u - v, setting.per_byte);
        for (const CutCost& cut : first) {
            const double value = cut.cost + v * all.accelerator;
            if (value >= best) break;
            const std::int64_t before = store.cost(cut.set).memory;
            if (before <= memory && all.memory - before <= memory) best = value;
        }
        if (!three) continue;
        const std::vector<CutCost> second = sorted_cuts(store, v - w, setting.per_byte);
        for (const CutCost& later : second) {
            if (later.cost + first.front().cost + w * all.accelerator >= best) break;
            if (all.memory - store.cost(later.set).memory > memory) continue;
            for (const CutCost& earlier : first) {
                const double value = later.cost + earlier.cost + w * all.accelerator;
                if (value >= best) break;
                const std::int64_t before = store.cost(earlier.set).memory;
                if (before > memory || store.cost(later.set).memory - before > memory) continue;
                if (within(store, earlier.set, later.set)) best = value;
            }
        }
    } while (std::next_permutation(order.begin(), order.end()));
    return best;
}

void compare(const std::string& path) {
    std::istringstream unused;
    OperationGraph graph = read_dnn_partitioning(read_input(path, unused), path);
    Bytes memory;
    for (const Operation& operation : graph.operations) memory += operation.memory;
    graph.accelerator_memory = Bytes(memory.value() * 55 / 100);
    const CondensedGraph condensed = condense(graph);
    DownSets every(condensed);
    constexpr std::size_t kMost = 1'000'000;
    const bool complete =
        for_each_down_set(condensed, [&](std::span<const std::uint64_t> bits, const DownSetCost& cost) {
            if (every.size() == kMost) return false;
            every.add_new(bits, cost);
            return true;
        });
    if (!complete) {
        std::cout << fmt::format("| {} | more than {} down-sets | | | |\n", graph.name, kMost);
        return;
    }
    DownSets one(condensed);  // items are in execution order
    std::vector<std::uint64_t> bits(one.words(), 0);
    one.add(bits);
    for (std::size_t i = 0; i < condensed.items.size(); ++i) {
        bits[i / 64] |= std::uint64_t{1} << (i % 64);
        one.add(bits);
    }
    const bool three = every.size() <= 5'000;  // pairs of cuts are too many beyond
    const DownSetCost all = one.cost(one.size() - 1);
    for (const double gigabits : {1.0, 10.0, 100.0}) {
        double sum = 0;
        double worst = 0;
        int settings = 0;
        int dearer = 0;
        // From latency alone to carbon alone: grams a second are speed times intensity times power.
        for (const double carbon : {0.0, 0.25, 0.5, 0.75, 1.0}) {
            Setting setting{};
            const std::array<double, 3> slowness{1, 2, 3};
            const std::array<double, 3> grams{1.0, 0.8, 0.25};
            for (std::size_t v = 0; v < 3; ++v) {
                setting.weight[v] = (1 - carbon) * slowness[v] + carbon * slowness[v] * grams[v];
            }
            // A link is as dear in carbon as a node at a tenth of the fast one's power.
            setting.per_byte = ((1 - carbon) + 0.1 * carbon) / (gigabits * 1.25e8);
            const double any = least(every, all, graph.accelerator_memory.value(), setting, three);
            const double position = least(one, all, graph.accelerator_memory.value(), setting, three);
            const double more = position / any - 1;
            sum += more;
            worst = std::max(worst, more);
            ++settings;
            if (more > 1e-9) ++dearer;
        }
        std::cout << fmt::format("| {} | {} | {} | {} | {:.0f} Gbit/s | {} of {} | {:.3f} % | {:.3f} % |\n", graph.name,
                                 every.size(), one.size(), three ? "2 or 3" : "2", gigabits, dearer, settings,
                                 100 * sum / settings, 100 * worst);
    }
}

}  // namespace
}  // namespace carbonedge

int main(int argc, char** argv) {
    std::cout << "| graph | down-sets | positions | stages | links | dearer | mean | worst "
                 "|\n|---|---|---|---|---|---|---|---|\n";
    for (int i = 1; i < argc; ++i) carbonedge::compare(argv[i]);
    return 0;
}
