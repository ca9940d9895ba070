#include "lib/planner/condensed_graph.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

namespace carbonedge {
namespace {

/// Which group each operation belongs to; groups only grow.
class Groups {
public:
    explicit Groups(std::size_t count) : parent_(count) { std::iota(parent_.begin(), parent_.end(), std::size_t{0}); }

    std::size_t find(std::size_t member) {
        while (parent_[member] != member) member = parent_[member] = parent_[parent_[member]];
        return member;
    }
    void merge(std::size_t left, std::size_t right) {
        left = find(left);
        right = find(right);
        parent_[std::max(left, right)] = std::min(left, right);
    }

private:
    std::vector<std::size_t> parent_;
};

using Adjacency = std::vector<std::vector<std::size_t>>;

/// Edges between groups, at the groups' representatives.
Adjacency group_edges(const OperationGraph& graph, Groups& groups) {
    Adjacency edges(graph.operations.size());
    for (std::size_t i = 0; i < graph.operations.size(); ++i) {
        for (const std::size_t consumer : graph.operations[i].consumers) {
            if (groups.find(i) != groups.find(consumer)) edges[groups.find(i)].push_back(groups.find(consumer));
        }
    }
    return edges;
}

/// Merges what lies on a circle of groups (Tarjan's strongly connected components, without recursion).
void merge_circles(const OperationGraph& graph, Groups& groups) {
    const Adjacency edges = group_edges(graph, groups);
    const std::size_t count = edges.size();
    const std::size_t unseen = count;
    std::vector<std::size_t> number(count, unseen);
    std::vector<std::size_t> low(count, 0);
    std::vector<bool> open(count, false);
    std::vector<std::size_t> stack;
    std::vector<std::pair<std::size_t, std::size_t>> calls;
    std::size_t next = 0;
    for (std::size_t root = 0; root < count; ++root) {
        if (number[root] != unseen) continue;
        calls.emplace_back(root, 0);
        while (!calls.empty()) {
            auto& [at, edge] = calls.back();
            if (edge == 0 && number[at] == unseen) {
                number[at] = low[at] = next++;
                stack.push_back(at);
                open[at] = true;
            }
            if (edge < edges[at].size()) {
                const std::size_t to = edges[at][edge++];
                if (number[to] == unseen) {
                    calls.emplace_back(to, 0);
                } else if (open[to]) {
                    low[at] = std::min(low[at], number[to]);
                }
                continue;
            }
            const std::size_t done = at;
            calls.pop_back();
            if (!calls.empty()) low[calls.back().first] = std::min(low[calls.back().first], low[done]);
            if (low[done] != number[done]) continue;
            while (true) {
                const std::size_t member = stack.back();
                stack.pop_back();
                open[member] = false;
                groups.merge(done, member);
                if (member == done) break;
            }
        }
    }
}

/// All of it fits on one accelerator, so that memory decides nothing.
bool fits_at_once(const OperationGraph& graph) {
    Bytes all;
    for (const Operation& operation : graph.operations) all += operation.memory;
    return all <= graph.accelerator_memory;
}

/// The items of the groups, in execution order, without those that are left out.
CondensedGraph build(const OperationGraph& graph, Groups& groups, const std::vector<bool>& left_out) {
    const std::size_t count = graph.operations.size();
    std::vector<std::vector<std::size_t>> members(count);
    for (std::size_t i = 0; i < count; ++i) {
        if (!left_out[i]) members[groups.find(i)].push_back(i);
    }
    const Adjacency edges = group_edges(graph, groups);
    std::vector<std::size_t> waiting(count, 0);
    for (std::size_t i = 0; i < count; ++i) {
        if (left_out[i]) continue;
        for (const std::size_t to : edges[i]) ++waiting[to];
    }
    // Last ready, first taken: neighbours in a branch stay together, which makes for good orders and tight down-sets.
    std::vector<std::size_t> ready;
    for (std::size_t i = count; i-- > 0;) {
        if (!members[i].empty() && waiting[i] == 0) ready.push_back(i);
    }
    CondensedGraph condensed;
    const bool memory_counts = !fits_at_once(graph);
    std::vector<std::size_t> item_of(count, count);
    while (!ready.empty()) {
        const std::size_t group = ready.back();
        ready.pop_back();
        GraphItem item;
        item.operations = members[group];
        for (const std::size_t i : item.operations) {
            const Operation& operation = graph.operations[i];
            item.accelerator += operation.accelerator_time.count();
            item.cpu += operation.cpu_time.count();
            if (memory_counts) item.memory += operation.memory.value();
            item.accelerator_can_run = item.accelerator_can_run && operation.accelerator_can_run;
            item_of[i] = condensed.items.size();
        }
        if (graph.accelerators == 0 || item.memory > graph.accelerator_memory.value()) item.accelerator_can_run = false;
        if (!item.accelerator_can_run) item.accelerator = 0;
        condensed.items.push_back(std::move(item));
        for (const std::size_t to : edges[group]) {
            if (--waiting[to] == 0) ready.push_back(to);
        }
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (left_out[i]) {
            condensed.free_sources.push_back(i);
            continue;
        }
        GraphValue value{graph.operations[i].transfer_time.count(), item_of[i], {}};
        std::set<std::size_t> consumers;
        for (const std::size_t consumer : graph.operations[i].consumers) consumers.insert(item_of[consumer]);
        consumers.erase(item_of[i]);
        if (consumers.empty()) continue;
        value.consumers.assign(consumers.begin(), consumers.end());
        condensed.items[value.producer].made.push_back(condensed.values.size());
        for (const std::size_t consumer : value.consumers) {
            condensed.items[consumer].read.push_back(condensed.values.size());
            condensed.items[consumer].producers.push_back(value.producer);
            condensed.items[value.producer].consumers.push_back(consumer);
        }
        condensed.values.push_back(std::move(value));
    }
    for (GraphItem& item : condensed.items) {
        for (std::vector<std::size_t>* list : {&item.producers, &item.consumers}) {
            std::sort(list->begin(), list->end());
            list->erase(std::unique(list->begin(), list->end()), list->end());
        }
    }
    return condensed;
}

bool weightless(const GraphItem& item) {
    return item.accelerator == 0 && item.cpu == 0 && item.memory == 0 && item.accelerator_can_run;
}

double total_cost(const CondensedGraph& graph, const std::vector<std::size_t>& values) {
    double sum = 0;
    for (const std::size_t value : values) sum += graph.values[value].cost;
    return sum;
}

/// What is handed from `producer` to `item` and to nobody else.
double cost_handed_only_to(const CondensedGraph& graph, std::size_t producer, std::size_t item) {
    double sum = 0;
    for (const std::size_t value : graph.items[producer].made) {
        if (graph.values[value].consumers == std::vector<std::size_t>{item}) sum += graph.values[value].cost;
    }
    return sum;
}

/// All that `item` reads from its producer goes to nobody else.
bool sole_reader(const CondensedGraph& graph, std::size_t item) {
    return std::all_of(graph.items[item].read.begin(), graph.items[item].read.end(),
                       [&](std::size_t value) { return graph.values[value].consumers.size() == 1; });
}

/// Merges one round of weightless items; false where there is none left. Items touched in a round are left alone until
/// the next, whose graph knows what has become of them.
bool merge_weightless(const CondensedGraph& graph, Groups& groups, std::vector<bool>& left_out) {
    bool merged = false;
    std::vector<bool> touched(graph.items.size(), false);
    const auto join = [&](std::size_t item, std::size_t with) {
        if (touched[item] || touched[with]) return;
        touched[item] = touched[with] = merged = true;
        groups.merge(graph.items[item].operations.front(), graph.items[with].operations.front());
    };
    for (std::size_t i = 0; i < graph.items.size(); ++i) {
        const GraphItem& item = graph.items[i];
        if (touched[i] || !weightless(item)) continue;
        const double in = total_cost(graph, item.read);
        const double out = total_cost(graph, item.made);
        if (item.consumers.size() == 1 && in <= out) {
            join(i, item.consumers.front());
        } else if (item.producers.size() == 1 &&
                   (item.consumers.empty() ||
                    (sole_reader(graph, i) && out <= cost_handed_only_to(graph, item.producers.front(), i)))) {
            join(i, item.producers.front());
        } else if (item.producers.empty() && !item.consumers.empty() && out == 0 && item.operations.size() == 1) {
            touched[i] = merged = true;
            left_out[item.operations.front()] = true;
        }
    }
    return merged;
}

}  // namespace

CondensedGraph condense(const OperationGraph& graph) {
    Groups groups(graph.operations.size());
    std::map<std::int64_t, std::size_t> first_of_colour;
    for (std::size_t i = 0; i < graph.operations.size(); ++i) {
        const auto [entry, added] = first_of_colour.emplace(graph.operations[i].colour, i);
        if (!added) groups.merge(entry->second, i);
    }
    merge_circles(graph, groups);
    std::vector<bool> left_out(graph.operations.size(), false);
    CondensedGraph condensed = build(graph, groups, left_out);
    while (merge_weightless(condensed, groups, left_out)) {
        merge_circles(graph, groups);
        condensed = build(graph, groups, left_out);
    }
    return condensed;
}

}  // namespace carbonedge
