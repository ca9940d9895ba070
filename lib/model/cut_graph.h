#pragma once

#include "lib/model/layer_names.h"
#include "lib/model/observer.h"
#include "lib/model/torch_fwd.h"

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace carbonedge {

/// Gives every node of the frozen graph a number that copies and passes keep, so that what executes can be traced back.
void number_nodes(torch::jit::Graph& frozen);

/// A row: nodes of the frozen graph that execute as a unit.
struct GraphRow {
    std::string name;
    std::string type;
    std::string path;                         ///< of the module that it belongs to
    std::vector<torch::jit::Node*> nodes;     ///< of the frozen graph, in an order that can run
    const torch::jit::Node* first = nullptr;  ///< of the executing graph: where the row's time starts
    bool first_call = true;                   ///< false for "#2" and later: its parameters are counted already
};

/// Rows in the order in which `executing` runs them (a copy of `frozen`, optimised or not). Nodes that a pass made are
/// counted with the row that they stand in. `frozen` must have been numbered before it was copied.
std::vector<GraphRow> make_rows(torch::jit::Graph& frozen, const torch::jit::Graph& executing, int depth);

/// A position between rows: what a stage border there would carry.
struct GraphCut {
    std::vector<torch::jit::Value*> values;  ///< tensors made before and read at or after, or returned; by id
    std::string refusal;                     ///< why no stage may begin here; "" where one may
};

/// The frozen graph with its rows, its values numbered and its cuts judged.
struct CutGraph {
    std::shared_ptr<torch::jit::Graph> graph;
    GraphFacts facts;
    std::vector<GraphRow> rows;
    std::vector<GraphCut> cuts;  ///< rows.size() + 1; the first is the network's input, the last its output
    std::unordered_map<const torch::jit::Value*, std::int64_t> ids;  ///< tensors that some cut may carry
};

CutGraph make_cut_graph(std::shared_ptr<torch::jit::Graph> frozen, const torch::jit::Graph& executing, GraphFacts facts,
                        int depth);

/// Tensors (and what cannot cross) that a node needs from others: its inputs, where lists and tuples built for it are
/// looked into and constants left out.
std::vector<torch::jit::Value*> needed_values(torch::jit::Node& node);
/// Constants, and lists built from values: copied to whoever reads them instead of crossing a border.
bool is_rebuilt(const torch::jit::Node& node);

/// The index of the input that a node overwrites, or -1.
int overwritten_input(const torch::jit::Node& node);
/// "aten::relu" for "aten::relu_", "" where there is no such operation.
std::string out_of_place_name(const torch::jit::Node& node);
/// Replaces operations that would overwrite the network's own inputs. Returns whether anything changed. Throws
/// InputError on `path` where that is not possible.
bool keep_inputs_intact(torch::jit::Graph& graph, const GraphFacts& facts, const std::string& path);
/// `node` without overwriting: a node with the same inputs placed where `node` is, which is destroyed.
void make_out_of_place(torch::jit::Node& node);

}  // namespace carbonedge
