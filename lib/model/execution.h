#pragma once

#include "lib/model/model.h"
#include "lib/model/torch_fwd.h"

#include <memory>
#include <string>
#include <vector>

namespace carbonedge {

/// A graph compiled for LibTorch's interpreter and run exactly as it stands. The usual executor would profile the
/// first passes and rewrite the graph behind our back, differently for the whole, its marked copy and its stages.
class ExecutableGraph {
public:
    /// `graph` has no `self`; its outputs are tensors.
    explicit ExecutableGraph(const std::shared_ptr<torch::jit::Graph>& graph);
    ExecutableGraph(ExecutableGraph&&) noexcept;
    ExecutableGraph& operator=(ExecutableGraph&&) noexcept;
    ~ExecutableGraph();

    [[nodiscard]] std::vector<at::Tensor> run(const std::vector<at::Tensor>& inputs) const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// A copy with what torch::jit::optimize_for_inference does to a frozen graph.
std::shared_ptr<torch::jit::Graph> optimised_copy(const torch::jit::Graph& frozen);

/// Which of two graphs executes, and why.
struct ExecutionChoice {
    std::shared_ptr<torch::jit::Graph> graph;
    bool optimised = false;
    std::string reason;           ///< why frozen; "" where optimised
    OutputDifference difference;  ///< of the chosen one against `reference`
};

/// Optimises `frozen` and takes the result where its outputs on `inputs` equal `reference` (throws away what is wrong)
/// and, with `compare_speed`, where alternated passes show it not slower.
ExecutionChoice choose_execution(const std::shared_ptr<torch::jit::Graph>& frozen,
                                 const std::vector<at::Tensor>& inputs, const std::vector<HostTensor>& reference,
                                 bool optimise, bool compare_speed);

/// A copy of `graph` with a mark before each of `firsts` (nodes of `graph`, in order) and one at its end.
std::shared_ptr<torch::jit::Graph> marked_copy(const torch::jit::Graph& graph,
                                               const std::vector<const torch::jit::Node*>& firsts);
/// One pass of a marked graph; `rows` is the number of marks less one.
TimedPass run_marked(const ExecutableGraph& marked, const std::vector<at::Tensor>& inputs, std::size_t rows,
                     bool with_cpu);

std::vector<HostTensor> to_host_outputs(const std::vector<at::Tensor>& outputs);

}  // namespace carbonedge
