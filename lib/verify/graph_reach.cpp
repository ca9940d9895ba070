#include "lib/verify/graph_reach.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <vector>

namespace carbonedge {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

double work(const Operation& operation) {
    return operation.accelerator_can_run ? operation.accelerator_time.count() : 0;
}

/// The most accelerator time that a CPU saves per second of its own.
double best_relief(const OperationGraph& graph) {
    double best = 0;
    for (const Operation& operation : graph.operations) {
        if (work(operation) > 0) best = std::max(best, work(operation) / operation.cpu_time.count());
    }
    return best;
}

/// The graph without operations that nobody consumes, that take no time and that read of one operation alone: beside
/// that one they change no load, elsewhere they only add to loads, and a plan with them is contiguous as well. Only
/// where memory cannot bind.
OperationGraph without_idle_ends(const OperationGraph& graph) {
    Bytes memory;
    std::map<std::int64_t, std::size_t> colour_size;
    std::vector<std::size_t> producers(graph.operations.size(), 0);
    for (const Operation& operation : graph.operations) {
        memory += operation.memory;
        colour_size[operation.colour] += 1;
        for (const std::size_t consumer : operation.consumers) ++producers[consumer];
    }
    if (memory > graph.accelerator_memory) return graph;
    std::vector<bool> kept(graph.operations.size(), true);
    std::vector<std::size_t> order = execution_order(graph);
    for (auto i = order.rbegin(); i != order.rend(); ++i) {
        const Operation& operation = graph.operations[*i];
        const bool ends = std::none_of(operation.consumers.begin(), operation.consumers.end(),
                                       [&](std::size_t consumer) { return kept[consumer]; });
        kept[*i] =
            !(ends && producers[*i] == 1 && operation.accelerator_time.count() == 0 &&
              operation.cpu_time.count() == 0 && operation.accelerator_can_run && colour_size[operation.colour] == 1);
    }
    OperationGraph rest = graph;
    rest.operations.clear();
    std::vector<std::size_t> position(graph.operations.size(), 0);
    for (std::size_t i = 0; i < graph.operations.size(); ++i) {
        position[i] = rest.operations.size();
        if (kept[i]) rest.operations.push_back(graph.operations[i]);
    }
    for (Operation& operation : rest.operations) {
        std::erase_if(operation.consumers, [&](std::size_t consumer) { return !kept[consumer]; });
        for (std::size_t& consumer : operation.consumers) consumer = position[consumer];
    }
    return rest;
}

using Members = std::vector<bool>;
using Devices = std::set<std::pair<std::size_t, std::size_t>>;  ///< accelerators and CPUs used

/// The down-sets that devices have reached, the smallest first.
class Reach {
public:
    Reach(const OperationGraph& graph, double limit, std::uint64_t most_steps)
        : graph_(graph),
          limit_(limit),
          steps_left_(most_steps),
          order_(execution_order(graph_)),
          rank_(order_.size()),
          producers_(order_.size()),
          relief_(best_relief(graph_)) {
        for (std::size_t i = 0; i < order_.size(); ++i) rank_[order_[i]] = i;
        for (std::size_t i = 0; i < order_.size(); ++i) {
            for (const std::size_t consumer : graph_.operations[i].consumers) producers_[consumer].push_back(i);
            colour_size_[graph_.operations[i].colour] += 1;
        }
    }

    std::optional<bool> run() {
        reached_[0][Members(order_.size(), false)].insert({0, 0});
        while (!reached_.empty()) {
            auto layer = std::move(reached_.begin()->second);
            const std::size_t size = reached_.begin()->first;
            reached_.erase(reached_.begin());
            if (size == order_.size()) return true;
            for (const auto& [members, devices] : layer) {
                open(members, devices);
                if (!grow(0, size)) return std::nullopt;
            }
        }
        return false;
    }

private:
    void open(const Members& members, const Devices& devices) {
        members_ = members;
        block_ = Members(order_.size(), false);
        accelerator_ = cpu_ = sent_ = received_ = 0;
        memory_ = Bytes(0);
        only_cpu_ = broken_colours_ = 0;
        colour_inside_.clear();
        paid_ = Members(order_.size(), false);
        unread_.assign(order_.size(), 0);
        left_ = 0;
        for (std::size_t i = 0; i < order_.size(); ++i) {
            if (!members[i]) left_ += work(graph_.operations[i]);
            for (const std::size_t consumer : graph_.operations[i].consumers) {
                if (!members[consumer]) ++unread_[i];
            }
        }
        devices_ = devices;
    }

    /// Notes that devices can have come so far, if those that are left have time for the work that is left.
    void reach(std::size_t size, std::size_t accelerators, std::size_t cpus) {
        const double relief = cpus == graph_.cpus ? 0 : static_cast<double>(graph_.cpus - cpus) * relief_;
        const double room = limit_ * (static_cast<double>(graph_.accelerators - accelerators) + relief);
        if (left_ > room + 1e-9 * (limit_ + left_)) return;
        reached_[size][members_].insert({accelerators, cpus});
    }

    /// Adds to the block every operation from a rank on that can be added, one after the other and in all combinations.
    bool grow(std::size_t from_rank, std::size_t size) {
        for (std::size_t rank = from_rank; rank < order_.size(); ++rank) {
            const std::size_t added = order_[rank];
            if (members_[added]) continue;
            if (!std::all_of(producers_[added].begin(), producers_[added].end(),
                             [&](std::size_t producer) { return members_[producer]; })) {
                continue;
            }
            if (steps_left_-- == 0) return false;
            const std::vector<std::size_t> newly_paid = put(added);
            const bool too_much = accelerator_ >= limit_ && (graph_.cpus == 0 || cpu_ >= limit_);
            if (!too_much) {
                record(size + 1);
                if (!grow(rank + 1, size + 1)) return false;
            }
            take(added, newly_paid);
        }
        return true;
    }

    std::vector<std::size_t> put(std::size_t added) {
        const Operation& operation = graph_.operations[added];
        members_[added] = block_[added] = true;
        accelerator_ += operation.accelerator_time.count();
        cpu_ += operation.cpu_time.count();
        memory_ += operation.memory;
        left_ -= work(operation);
        if (!operation.accelerator_can_run) ++only_cpu_;
        std::size_t& inside = colour_inside_[operation.colour];
        if (inside++ == 0) ++broken_colours_;
        if (inside == colour_size_[operation.colour]) --broken_colours_;
        if (!operation.consumers.empty()) sent_ += operation.transfer_time.count();
        std::vector<std::size_t> newly_paid;
        for (const std::size_t producer : producers_[added]) {
            const double cost = graph_.operations[producer].transfer_time.count();
            --unread_[producer];
            if (block_[producer]) {
                if (unread_[producer] == 0) sent_ -= cost;
            } else if (!paid_[producer]) {
                paid_[producer] = true;
                received_ += cost;
                newly_paid.push_back(producer);
            }
        }
        return newly_paid;
    }

    void take(std::size_t added, const std::vector<std::size_t>& newly_paid) {
        const Operation& operation = graph_.operations[added];
        for (const std::size_t producer : newly_paid) {
            paid_[producer] = false;
            received_ -= graph_.operations[producer].transfer_time.count();
        }
        for (const std::size_t producer : producers_[added]) {
            if (block_[producer] && unread_[producer] == 0) sent_ += graph_.operations[producer].transfer_time.count();
            ++unread_[producer];
        }
        if (!operation.consumers.empty()) sent_ -= operation.transfer_time.count();
        std::size_t& inside = colour_inside_[operation.colour];
        if (inside == colour_size_[operation.colour]) ++broken_colours_;
        if (--inside == 0) --broken_colours_;
        if (!operation.accelerator_can_run) --only_cpu_;
        memory_ -= operation.memory;
        left_ += work(operation);
        cpu_ -= operation.cpu_time.count();
        accelerator_ -= operation.accelerator_time.count();
        members_[added] = block_[added] = false;
    }

    void record(std::size_t size) {
        if (broken_colours_ > 0) return;
        const bool on_accelerator =
            only_cpu_ == 0 && memory_ <= graph_.accelerator_memory && accelerator_ + sent_ + received_ < limit_;
        const bool on_cpu = cpu_ < limit_;
        for (const auto& [accelerators, cpus] : devices_) {
            if (on_accelerator && accelerators < graph_.accelerators) reach(size, accelerators + 1, cpus);
            if (on_cpu && cpus < graph_.cpus) reach(size, accelerators, cpus + 1);
        }
    }

    OperationGraph graph_;
    double limit_;
    std::uint64_t steps_left_;
    std::vector<std::size_t> order_;
    std::vector<std::size_t> rank_;
    std::vector<std::vector<std::size_t>> producers_;
    double relief_;
    std::map<std::int64_t, std::size_t> colour_size_;
    std::map<std::size_t, std::map<Members, Devices>> reached_;  ///< by the size of the down-set

    Members members_;  ///< of the down-set with the block
    Members block_;
    Devices devices_;
    double accelerator_ = 0;
    double cpu_ = 0;
    double sent_ = 0;
    double received_ = 0;
    double left_ = 0;  ///< accelerator time of all that is not in the down-set
    Bytes memory_;
    std::size_t only_cpu_ = 0;
    std::size_t broken_colours_ = 0;  ///< colours of which the block holds some, not all
    std::map<std::int64_t, std::size_t> colour_inside_;
    Members paid_;                     ///< values from before the block that it already receives
    std::vector<std::size_t> unread_;  ///< consumers of each operation that are not in the down-set
};

}  // namespace

std::optional<bool> reachable_below(const OperationGraph& graph, double limit, std::uint64_t most_steps) {
    return Reach(without_idle_ends(graph), limit, most_steps).run();
}

double least_by_work(const OperationGraph& graph) {
    double heaviest = 0;
    double all = 0;
    for (const Operation& operation : graph.operations) {
        const bool fits =
            graph.accelerators > 0 && operation.accelerator_can_run && operation.memory <= graph.accelerator_memory;
        heaviest = std::max(heaviest, std::min(fits ? operation.accelerator_time.count() : kNever,
                                               graph.cpus > 0 ? operation.cpu_time.count() : kNever));
        all += work(operation);
    }
    const double relief = graph.cpus == 0 ? 0 : static_cast<double>(graph.cpus) * best_relief(graph);
    const double speed = static_cast<double>(graph.accelerators) + relief;
    return std::max(heaviest, all == 0 || speed == kNever ? 0 : all / speed);
}

}  // namespace carbonedge
