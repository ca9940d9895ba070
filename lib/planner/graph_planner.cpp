#include "lib/planner/graph_planner.h"

#include "lib/base/random.h"
#include "lib/planner/chain_search.h"

#include <fmt/format.h>
#include <algorithm>
#include <limits>
#include <optional>

namespace carbonedge {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
using Bits = std::vector<std::uint64_t>;

/// An order in which the items can run. Odd rounds follow a branch to its end, even ones take branches in turns; from
/// the third on the choice among what is ready is random.
std::vector<std::size_t> order_of_items(const CondensedGraph& graph, std::uint64_t round) {
    SeededRandom random(round);
    std::vector<std::size_t> missing;
    std::vector<std::size_t> ready;
    for (const GraphItem& item : graph.items) missing.push_back(item.producers.size());
    for (std::size_t i = graph.items.size(); i-- > 0;) {
        if (missing[i] == 0) ready.push_back(i);
    }
    std::vector<std::size_t> order;
    std::size_t taken = 0;
    while (taken < ready.size()) {
        std::size_t choice = round % 2 == 0 ? ready.size() - 1 : taken;
        if (round >= 2 && random.uniform() < 0.3) choice = taken + random.below(ready.size() - taken);
        // The taken ones stand in front, so that both ends of the rest are at hand.
        const std::size_t item = ready[choice];
        ready.erase(ready.begin() + static_cast<std::ptrdiff_t>(choice));
        ready.insert(ready.begin() + static_cast<std::ptrdiff_t>(taken++), item);
        order.push_back(item);
        for (const std::size_t consumer : graph.items[item].consumers) {
            if (--missing[consumer] == 0) ready.push_back(consumer);
        }
    }
    return order;
}

void add_beginnings(const std::vector<std::size_t>& order, DownSets& store) {
    Bits bits(store.words(), 0);
    store.add(bits);
    for (const std::size_t item : order) {
        bits[item / 64] |= std::uint64_t{1} << (item % 64);
        store.add(bits);
    }
}

bool holds(const Bits& bits, std::size_t item) { return (bits[item / 64] >> (item % 64) & 1) != 0; }

/// Down-sets that differ from a given one by one item.
std::vector<Bits> neighbours(const CondensedGraph& graph, const Bits& bits) {
    std::vector<Bits> found;
    for (std::size_t i = 0; i < graph.items.size(); ++i) {
        const bool inside = holds(bits, i);
        const std::vector<std::size_t>& ties = inside ? graph.items[i].consumers : graph.items[i].producers;
        const bool free =
            std::all_of(ties.begin(), ties.end(), [&](std::size_t other) { return holds(bits, other) != inside; });
        if (!free) continue;
        found.push_back(bits);
        found.back()[i / 64] ^= std::uint64_t{1} << (i % 64);
    }
    return found;
}

/// The down-sets around the cuts of a chain, nearest first, up to so many a cut.
void add_surroundings(const CondensedGraph& graph, const Chain& chain, std::size_t most_per_cut, DownSets& store) {
    for (const ChainLink& link : chain.links) {
        DownSets near(graph);
        near.add(link.down_set);
        for (std::size_t next = 0; next < near.size() && near.size() < most_per_cut; ++next) {
            const Bits bits(near.bits(next).begin(), near.bits(next).end());
            for (const Bits& neighbour : neighbours(graph, bits)) near.add(neighbour);
        }
        for (std::size_t i = 0; i < near.size(); ++i) store.add(near.bits(i));
    }
}

class GraphPlanner {
public:
    GraphPlanner(const OperationGraph& graph, const GraphSearchCaps& caps)
        : graph_(graph),
          caps_(caps),
          condensed_(condense(graph)),
          devices_(devices_for(graph, condensed_)),
          bounds_(condensed_, devices_) {}

    GraphPlanOrInfeasibility run() {
        if (const auto reason = certainly_infeasible()) return GraphInfeasibility{*reason, true};
        if (condensed_.items.size() > kMostGraphItems) {
            return GraphInfeasibility{fmt::format("{} operations are left after merging, the search takes at most {}",
                                                  condensed_.items.size(), kMostGraphItems),
                                      false};
        }
        lower_ = bounds_.least_load();
        try_orders();
        const bool finished = close_gap();
        if (!finished) improve_surroundings();
        if (!best_) {
            return GraphInfeasibility{finished ? "no contiguous plan keeps every accelerator within its memory"
                                               : "no plan was found before the search reached its limits",
                                      finished};
        }
        return describe(finished);
    }

private:
    [[nodiscard]] std::optional<std::string> certainly_infeasible() const {
        if (graph_.cpus > 0) return std::nullopt;
        std::int64_t all = 0;
        for (const GraphItem& item : condensed_.items) {
            if (!item.accelerator_can_run) {
                return fmt::format("operation {} can run on no accelerator or does not fit on one, and there is no cpu",
                                   graph_.operations[item.operations.front()].id);
            }
            all += item.memory;
        }
        if (static_cast<double>(all) >
            static_cast<double>(devices_.memory) * static_cast<double>(devices_.accelerators)) {
            return fmt::format("the operations need {} bytes, {} accelerators have {}", all, graph_.accelerators,
                               static_cast<double>(devices_.memory) * static_cast<double>(devices_.accelerators));
        }
        return std::nullopt;
    }

    [[nodiscard]] double limit() const { return best_ ? best_->load : kNever; }

    /// False: stopped at the cap of pairs.
    bool search(const DownSets& store, double threshold) {
        ChainSearchResult result = best_chain(condensed_, devices_, store, threshold, caps_.pairs);
        pairs_ += result.pairs;
        if (result.best) best_ = std::move(result.best);
        return result.finished;
    }

    void try_orders() {
        constexpr std::size_t kManyItems = 2'000;  // an order takes time with the cube of its items
        const std::uint64_t orders = condensed_.items.size() > kManyItems ? 1 : 6;
        DownSets together(condensed_);
        for (std::uint64_t round = 0; round < orders; ++round) {
            DownSets store(condensed_);
            const std::vector<std::size_t> order = order_of_items(condensed_, round);
            add_beginnings(order, store);
            search(store, limit());
            add_beginnings(order, together);
        }
        if (orders > 1 && best_ && best_->load > lower_) search(together, limit());
    }

    /// Raises a threshold from the lower bound until the search below it finds a plan, which is then the best there is,
    /// or meets the plan at hand. Each threshold that is searched in vain is a lower bound. False: a cap ended it.
    bool close_gap() {
        double step = 1.0 / 1024;
        while (!best_ || best_->load > lower_) {
            const bool last = lower_ * (1 + step) >= worst_load();
            const double threshold = std::min(limit(), last ? kNever : lower_ * (1 + step));
            DownSets store(condensed_);
            if (!collect(threshold, store)) return false;
            const double before = limit();
            if (!search(store, threshold)) return false;
            ++thresholds_;
            if (limit() < before) {
                lower_ = limit();
                return true;
            }
            if (threshold == kNever) return true;
            lower_ = threshold;
            step *= 2;
        }
        lower_ = std::min(lower_, limit());
        return true;
    }

    /// More than any device can be loaded with.
    [[nodiscard]] double worst_load() const {
        double sum = 0;
        for (const GraphItem& item : condensed_.items) sum += item.accelerator + item.cpu;
        for (const GraphValue& value : condensed_.values) {
            sum += value.cost * static_cast<double>(1 + value.consumers.size());
        }
        return sum;
    }

    bool collect(double threshold, DownSets& store) {
        bounds_.set_threshold(threshold);
        const std::size_t states = (devices_.accelerators + 1) * (devices_.cpus + 1);
        const std::size_t most =
            std::min({caps_.kept, std::size_t{32'000'000} / states, std::size_t{32'000'000} / store.words()});
        std::uint64_t walked = 0;
        const bool complete =
            for_each_down_set(condensed_, [&](std::span<const std::uint64_t> bits, const DownSetCost& cost) {
                if (++walked > caps_.walked) return false;
                if (cost.size != 0 && cost.size != condensed_.items.size() && !bounds_.possible(cost)) return true;
                if (store.size() >= most) return false;
                store.add_new(bits, cost);
                return true;
            });
        walked_ = std::max(walked_, walked);
        kept_ = std::max(kept_, store.size());
        return complete;
    }

    void improve_surroundings() {
        constexpr int kRounds = 12;
        const std::size_t per_cut = std::clamp<std::size_t>(1'000'000 / condensed_.items.size(), 50, 1500);
        for (int round = 0; round < kRounds && best_ && best_->load > lower_; ++round) {
            const double before = best_->load;
            DownSets store(condensed_);
            add_beginnings(order_of_items(condensed_, 0), store);
            add_surroundings(condensed_, *best_, per_cut, store);
            search(store, before);
            if (!(best_->load < before)) return;
        }
    }

    [[nodiscard]] GraphPlan describe(bool finished) const;

    const OperationGraph& graph_;
    GraphSearchCaps caps_;
    CondensedGraph condensed_;
    GraphDevices devices_;
    GraphBounds bounds_;
    std::optional<Chain> best_;
    double lower_ = 0;
    std::uint64_t pairs_ = 0;
    std::uint64_t walked_ = 0;
    std::size_t kept_ = 0;
    std::size_t thresholds_ = 0;
};

/// Loads of all devices from the graph itself (docs/planners.md, "Graphs").
void fill_loads(GraphPlan& plan) {
    const std::vector<Operation>& operations = plan.graph.operations;
    std::vector<std::size_t> device_of(operations.size(), 0);
    for (std::size_t d = 0; d < plan.devices.size(); ++d) {
        for (const std::size_t operation : plan.devices[d].operations) device_of[operation] = d;
    }
    std::vector<double> load(plan.devices.size(), 0);
    std::vector<std::size_t> seen_by(plan.devices.size(), operations.size());
    for (std::size_t i = 0; i < operations.size(); ++i) {
        const Operation& operation = operations[i];
        const std::size_t home = device_of[i];
        load[home] += (plan.devices[home].accelerator ? operation.accelerator_time : operation.cpu_time).count();
        plan.devices[home].memory += operation.memory;
        bool leaves = false;
        for (const std::size_t consumer : operation.consumers) {
            const std::size_t there = device_of[consumer];
            if (there == home || seen_by[there] == i) continue;
            seen_by[there] = i;
            leaves = true;
            if (plan.devices[there].accelerator) load[there] += operation.transfer_time.count();
        }
        if (leaves && plan.devices[home].accelerator) load[home] += operation.transfer_time.count();
    }
    for (std::size_t d = 0; d < plan.devices.size(); ++d) plan.devices[d].load = Seconds(load[d]);
}

GraphPlan GraphPlanner::describe(bool finished) const {
    GraphPlan plan;
    plan.graph = graph_;
    const std::size_t nowhere = best_->links.size();
    std::vector<std::size_t> device_of(graph_.operations.size(), nowhere);
    for (std::size_t i = 0; i < condensed_.items.size(); ++i) {
        std::size_t d = 0;
        while (!holds(best_->links[d].down_set, i)) ++d;
        for (const std::size_t operation : condensed_.items[i].operations) device_of[operation] = d;
    }
    for (const std::size_t source : condensed_.free_sources) {
        for (const std::size_t consumer : graph_.operations[source].consumers) {
            device_of[source] = std::min(device_of[source], device_of[consumer]);
        }
    }
    for (const ChainLink& link : best_->links) plan.devices.push_back({link.accelerator, {}, Seconds(0), Bytes(0)});
    for (std::size_t i = 0; i < device_of.size(); ++i) plan.devices[device_of[i]].operations.push_back(i);
    fill_loads(plan);
    GraphCertificate& certificate = plan.certificate;
    for (const GraphDevice& device : plan.devices) certificate.value = std::max(certificate.value, device.load);
    const bool closed = finished || lower_ >= certificate.value.count() * (1 - 1e-12);
    certificate.proven_optimal = closed;
    certificate.method = closed ? "exact-down-sets" : "bounded-down-sets";
    certificate.lower_bound = closed ? certificate.value : Seconds(lower_);
    if (certificate.value > Seconds(0)) {
        certificate.gap = (certificate.value - certificate.lower_bound) / certificate.value;
    }
    certificate.counters = {{"items", static_cast<double>(condensed_.items.size())},
                            {"down_sets_walked", static_cast<double>(walked_)},
                            {"down_sets_kept", static_cast<double>(kept_)},
                            {"pairs", static_cast<double>(pairs_)},
                            {"thresholds", static_cast<double>(thresholds_)}};
    return plan;
}

}  // namespace

GraphPlanOrInfeasibility plan_graph(const OperationGraph& graph, const GraphSearchCaps& caps) {
    return GraphPlanner(graph, caps).run();
}

double best_load_of_execution_order(const OperationGraph& graph) {
    const CondensedGraph condensed = condense(graph);
    std::vector<std::size_t> item_of(graph.operations.size(), condensed.items.size());
    for (std::size_t i = 0; i < condensed.items.size(); ++i) {
        for (const std::size_t operation : condensed.items[i].operations) item_of[operation] = i;
    }
    DownSets store(condensed);
    Bits bits(store.words(), 0);
    store.add(bits);
    std::vector<std::size_t> missing;
    for (const GraphItem& item : condensed.items) missing.push_back(item.operations.size());
    std::vector<std::size_t> order;
    for (const std::size_t operation : execution_order(graph)) {
        if (item_of[operation] < condensed.items.size() && --missing[item_of[operation]] == 0) {
            order.push_back(item_of[operation]);
        }
    }
    // Items of several operations end in another order than they could run in: each waits for its producers.
    std::vector<bool> placed(condensed.items.size(), false);
    while (!order.empty()) {
        std::vector<std::size_t> waiting;
        for (const std::size_t item : order) {
            const std::vector<std::size_t>& producers = condensed.items[item].producers;
            if (!std::all_of(producers.begin(), producers.end(), [&](std::size_t other) { return placed[other]; })) {
                waiting.push_back(item);
                continue;
            }
            placed[item] = true;
            bits[item / 64] |= std::uint64_t{1} << (item % 64);
            store.add(bits);
        }
        order = std::move(waiting);
    }
    const auto result =
        best_chain(condensed, devices_for(graph, condensed), store, kNever, std::numeric_limits<std::uint64_t>::max());
    return result.best ? result.best->load : kNever;
}

}  // namespace carbonedge
