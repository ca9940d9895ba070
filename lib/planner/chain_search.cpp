#include "lib/planner/chain_search.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace carbonedge {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

bool has(std::span<const std::uint64_t> bits, std::size_t item) { return (bits[item / 64] >> (item % 64) & 1) != 0; }

/// Devices used so far, as one number.
struct States {
    std::size_t accelerators;
    std::size_t cpus;

    [[nodiscard]] std::size_t count() const { return (accelerators + 1) * (cpus + 1); }
    [[nodiscard]] std::size_t of(std::size_t used_accelerators, std::size_t used_cpus) const {
        return used_cpus * (accelerators + 1) + used_accelerators;
    }
};

/// A value on the frontier of a source set, and who reads it beyond.
struct Crossing {
    double cost = 0;
    std::size_t first = 0;  ///< of its readers
    std::size_t end = 0;
};

class Search {
public:
    Search(const CondensedGraph& graph, const GraphDevices& devices, const DownSets& store, double limit,
           std::uint64_t most_pairs)
        : graph_(graph),
          devices_(devices),
          store_(store),
          bounds_(graph, devices),
          limit_(limit),
          most_pairs_(most_pairs),
          states_{devices.accelerators, devices.cpus} {
        bounds_.set_threshold(limit);
        order_.resize(store.size());
        std::iota(order_.begin(), order_.end(), std::size_t{0});
        std::stable_sort(order_.begin(), order_.end(), [&](std::size_t left, std::size_t right) {
            const DownSetCost& a = store.cost(left);
            const DownSetCost& b = store.cost(right);
            return a.accelerator != b.accelerator ? a.accelerator < b.accelerator : a.size < b.size;
        });
        words_ = store.words();
        for (const std::size_t set : order_) {
            sorted_bits_.insert(sorted_bits_.end(), store.bits(set).begin(), store.bits(set).end());
            sorted_costs_.push_back(store.cost(set));
        }
        accelerator_forbidden_.assign(words_, 0);
        for (std::size_t i = 0; i < graph.items.size(); ++i) {
            if (!graph.items[i].accelerator_can_run) accelerator_forbidden_[i / 64] |= std::uint64_t{1} << (i % 64);
        }
        best_.assign(store.size() * states_.count(), kNever);
    }

    ChainSearchResult run() {
        ChainSearchResult result;
        best_[0] = 0;
        for (std::size_t source = 0; source + 1 < order_.size(); ++source) {
            if (!open_source(source)) continue;
            if (!extend(source)) {
                result.finished = false;
                result.pairs = pairs_;
                return result;
            }
        }
        result.pairs = pairs_;
        const double* last = best_.data() + (order_.size() - 1) * states_.count();
        std::size_t state = 0;
        for (std::size_t i = 0; i < states_.count(); ++i) {
            if (last[i] < last[state]) state = i;
        }
        if (last[state] < limit_) result.best = trace(state);
        return result;
    }

private:
    /// Collects the states of a set from which a chain below the limit may go on; false where there is none.
    bool open_source(std::size_t source) {
        const DownSetCost& cost = sorted_costs_[source];
        const double* values = best_.data() + source * states_.count();
        open_.clear();
        for (std::size_t cpus = 0; cpus <= states_.cpus; ++cpus) {
            for (std::size_t accelerators = 0; accelerators <= states_.accelerators; ++accelerators) {
                const double value = values[states_.of(accelerators, cpus)];
                if (value < limit_ && bounds_.possible(cost, accelerators, cpus)) {
                    open_.push_back({accelerators, cpus, value});
                }
            }
        }
        if (open_.empty()) return false;
        crossings_.clear();
        readers_.clear();
        const std::span<const std::uint64_t> bits = bits_of(source);
        for (const std::uint32_t value : store_.frontier(order_[source])) {
            Crossing crossing{graph_.values[value].cost, readers_.size(), 0};
            for (const std::size_t consumer : graph_.values[value].consumers) {
                if (!has(bits, consumer)) readers_.push_back(consumer);
            }
            crossing.end = readers_.size();
            if (crossing.cost > 0) crossings_.push_back(crossing);
        }
        return true;
    }

    bool extend(std::size_t source) {
        const DownSetCost& from = sorted_costs_[source];
        const std::uint64_t* bits = sorted_bits_.data() + source * words_;
        const double reach = std::max(limit_, devices_.cpus > 0 ? bounds_.relief(1) : 0);
        const double slack = limit_ == kNever ? 0 : 1e-9 * reach;
        for (std::size_t target = source + 1; target < order_.size(); ++target) {
            const DownSetCost& to = sorted_costs_[target];
            if (to.accelerator - from.accelerator > reach + slack) break;
            if (++pairs_ > most_pairs_) return false;
            const std::uint64_t* larger = sorted_bits_.data() + target * words_;
            if (!subset(bits, larger)) continue;
            relax(source, target, to);
        }
        return true;
    }

    [[nodiscard]] bool subset(const std::uint64_t* smaller, const std::uint64_t* larger) const {
        for (std::size_t word = 0; word < words_; ++word) {
            if ((smaller[word] & ~larger[word]) != 0) return false;
        }
        return true;
    }

    /// What an accelerator would take for the difference, kNever where it cannot run it.
    [[nodiscard]] double accelerator_load(std::size_t source, std::size_t target) const {
        const DownSetCost& from = sorted_costs_[source];
        const DownSetCost& to = sorted_costs_[target];
        const std::uint64_t* small = sorted_bits_.data() + source * words_;
        const std::uint64_t* large = sorted_bits_.data() + target * words_;
        if (to.memory - from.memory > devices_.memory) return kNever;
        double load = to.accelerator - from.accelerator + to.frontier;
        if (load - from.frontier > limit_) return kNever;
        for (std::size_t word = 0; word < words_; ++word) {
            if ((large[word] & ~small[word] & accelerator_forbidden_[word]) != 0) return kNever;
        }
        for (const Crossing& crossing : crossings_) {
            std::size_t read = 0;
            for (std::size_t i = crossing.first; i < crossing.end; ++i) {
                read += large[readers_[i] / 64] >> (readers_[i] % 64) & 1;
            }
            if (read > 0) load += crossing.cost;
            if (read < crossing.end - crossing.first) load -= crossing.cost;
        }
        return load;
    }

    void relax(std::size_t source, std::size_t target, const DownSetCost& to) {
        const double on_accelerator = states_.accelerators > 0 ? accelerator_load(source, target) : kNever;
        const double on_cpu = states_.cpus > 0 ? to.cpu - sorted_costs_[source].cpu : kNever;
        double* values = best_.data() + target * states_.count();
        if (on_accelerator < limit_) {
            for (const Open& open : open_) {
                if (open.accelerators == states_.accelerators) continue;
                double& value = values[states_.of(open.accelerators + 1, open.cpus)];
                value = std::min(value, std::max(open.value, on_accelerator));
            }
        }
        if (on_cpu < limit_) {
            for (const Open& open : open_) {
                if (open.cpus == states_.cpus) continue;
                double& value = values[states_.of(open.accelerators, open.cpus + 1)];
                value = std::min(value, std::max(open.value, on_cpu));
            }
        }
    }

    /// Walks back from the full set: each step finds a predecessor that explains the value.
    Chain trace(std::size_t state) {
        Chain chain;
        std::size_t target = order_.size() - 1;
        chain.load = best_[target * states_.count() + state];
        std::size_t accelerators = state % (states_.accelerators + 1);
        std::size_t cpus = state / (states_.accelerators + 1);
        while (target != 0) {
            const double value = best_[target * states_.count() + states_.of(accelerators, cpus)];
            const std::span<const std::uint64_t> bits = bits_of(target);
            ChainLink link{{bits.begin(), bits.end()}, true};
            const std::size_t from = predecessor(target, value, accelerators, cpus, link.accelerator);
            (link.accelerator ? accelerators : cpus) -= 1;
            chain.links.push_back(std::move(link));
            target = from;
        }
        std::reverse(chain.links.begin(), chain.links.end());
        return chain;
    }

    std::size_t predecessor(std::size_t target, double value, std::size_t accelerators, std::size_t cpus,
                            bool& accelerator) {
        const std::uint64_t* large = sorted_bits_.data() + target * words_;
        for (std::size_t source = 0; source < target; ++source) {
            if (!subset(sorted_bits_.data() + source * words_, large)) continue;
            const double* values = best_.data() + source * states_.count();
            if (accelerators > 0 && values[states_.of(accelerators - 1, cpus)] <= value && open_source(source) &&
                is_open(accelerators - 1, cpus) && accelerator_load(source, target) <= value) {
                accelerator = true;
                return source;
            }
            if (cpus > 0 && values[states_.of(accelerators, cpus - 1)] <= value && open_source(source) &&
                is_open(accelerators, cpus - 1) && sorted_costs_[target].cpu - sorted_costs_[source].cpu <= value) {
                accelerator = false;
                return source;
            }
        }
        throw std::logic_error("a chain of down-sets has no beginning");
    }

    [[nodiscard]] bool is_open(std::size_t accelerators, std::size_t cpus) const {
        return std::any_of(open_.begin(), open_.end(),
                           [&](const Open& open) { return open.accelerators == accelerators && open.cpus == cpus; });
    }

    [[nodiscard]] std::span<const std::uint64_t> bits_of(std::size_t position) const {
        return {sorted_bits_.data() + position * words_, words_};
    }

    struct Open {
        std::size_t accelerators;
        std::size_t cpus;
        double value;
    };

    const CondensedGraph& graph_;
    GraphDevices devices_;
    const DownSets& store_;
    GraphBounds bounds_;
    double limit_;
    std::uint64_t most_pairs_;
    std::uint64_t pairs_ = 0;
    States states_;
    std::size_t words_ = 0;
    std::vector<std::size_t> order_;  ///< by accelerator time, then size: a set comes after its subsets
    std::vector<std::uint64_t> sorted_bits_;
    std::vector<DownSetCost> sorted_costs_;
    std::vector<std::uint64_t> accelerator_forbidden_;
    std::vector<double> best_;  ///< [position in order_][state]: least largest load so far
    std::vector<Open> open_;    ///< of the source at hand
    std::vector<Crossing> crossings_;
    std::vector<std::size_t> readers_;
};

}  // namespace

ChainSearchResult best_chain(const CondensedGraph& graph, const GraphDevices& devices, const DownSets& store,
                             double limit, std::uint64_t most_pairs) {
    return Search(graph, devices, store, limit, most_pairs).run();
}

double load_between(const CondensedGraph& graph, std::span<const std::uint64_t> before,
                    std::span<const std::uint64_t> after, bool accelerator) {
    const auto inside = [&](std::size_t item) { return has(after, item) && !has(before, item); };
    double load = 0;
    for (std::size_t i = 0; i < graph.items.size(); ++i) {
        if (inside(i)) load += accelerator ? graph.items[i].accelerator : graph.items[i].cpu;
    }
    if (!accelerator) return load;
    for (const GraphValue& value : graph.values) {
        const bool made = inside(value.producer);
        const auto readers_inside = std::count_if(value.consumers.begin(), value.consumers.end(), inside);
        if (made ? static_cast<std::size_t>(readers_inside) < value.consumers.size() : readers_inside > 0) {
            load += value.cost;
        }
    }
    return load;
}

}  // namespace carbonedge
