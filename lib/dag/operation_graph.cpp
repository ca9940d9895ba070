#include "lib/dag/operation_graph.h"

#include <functional>
#include <queue>

namespace carbonedge {

std::vector<std::size_t> execution_order(const OperationGraph& graph) {
    std::vector<std::size_t> waiting(graph.operations.size(), 0);
    for (const Operation& operation : graph.operations) {
        for (const std::size_t consumer : operation.consumers) ++waiting[consumer];
    }
    std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
        if (waiting[i] == 0) ready.push(i);
    }
    std::vector<std::size_t> order;
    while (!ready.empty()) {
        order.push_back(ready.top());
        ready.pop();
        for (const std::size_t consumer : graph.operations[order.back()].consumers) {
            if (--waiting[consumer] == 0) ready.push(consumer);
        }
    }
    return order;
}

}  // namespace carbonedge
