#include "lib/base/errors.h"
#include "lib/model/execution.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/runtime/custom_operator.h>
#include <unordered_map>

#include <chrono>
#include <ctime>

namespace carbonedge {
namespace {

/// Where the marks of the pass that runs on this thread write.
struct MarkClock {
    std::vector<Nanoseconds> wall;
    std::vector<Nanoseconds> cpu;
    bool with_cpu = false;
};
thread_local MarkClock* running_clock = nullptr;

Nanoseconds process_cpu_time() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return Nanoseconds(time.tv_sec * 1'000'000'000LL + time.tv_nsec);
}

void mark(torch::jit::Stack& stack) {
    const auto position = static_cast<std::size_t>(stack.back().toInt());
    stack.pop_back();
    MarkClock* clock = running_clock;
    if (clock == nullptr || position >= clock->wall.size()) return;
    if (clock->with_cpu) clock->cpu[position] = process_cpu_time();
    clock->wall[position] = std::chrono::steady_clock::now().time_since_epoch();
}

// Conservative alias analysis: to every pass a mark may read and write anything, so no work can move across it.
const torch::jit::RegisterOperators kRegistration({torch::jit::Operator("carbonedge::mark(int position) -> ()", mark,
                                                                        c10::AliasAnalysisKind::CONSERVATIVE)});

void insert_mark(torch::jit::Graph& graph, torch::jit::Node* before, std::size_t position) {
    torch::jit::WithInsertPoint guard(before);
    torch::jit::Value* number = graph.insertConstant(static_cast<std::int64_t>(position));
    torch::jit::Node* node = graph.create(c10::Symbol::fromQualString("carbonedge::mark"), {number}, 0);
    graph.insertNode(node);
}

}  // namespace

std::shared_ptr<torch::jit::Graph> marked_copy(const torch::jit::Graph& graph,
                                               const std::vector<const torch::jit::Node*>& firsts) {
    std::shared_ptr<torch::jit::Graph> marked = const_cast<torch::jit::Graph&>(graph).copy();
    // A copy has the same top-level nodes in the same order.
    std::unordered_map<const torch::jit::Node*, torch::jit::Node*> twin;
    auto copied = marked->nodes().begin();
    for (const torch::jit::Node* node : graph.nodes()) twin[node] = *copied++;
    for (std::size_t row = 0; row < firsts.size(); ++row) insert_mark(*marked, twin.at(firsts[row]), row);
    insert_mark(*marked, marked->return_node(), firsts.size());
    return marked;
}

TimedPass run_marked(const ExecutableGraph& marked, const std::vector<at::Tensor>& inputs, std::size_t rows,
                     bool with_cpu) {
    MarkClock clock{std::vector<Nanoseconds>(rows + 1), std::vector<Nanoseconds>(with_cpu ? rows + 1 : 0), with_cpu};
    running_clock = &clock;
    const auto start = std::chrono::steady_clock::now();
    static_cast<void>(marked.run(inputs));
    const auto end = std::chrono::steady_clock::now();
    running_clock = nullptr;
    TimedPass pass;
    pass.whole = end - start;
    pass.rows.reserve(rows);
    for (std::size_t row = 0; row < rows; ++row) {
        pass.rows.push_back(clock.wall[row + 1] - clock.wall[row]);
        if (with_cpu) pass.cpu.push_back(clock.cpu[row + 1] - clock.cpu[row]);
    }
    return pass;
}

}  // namespace carbonedge
