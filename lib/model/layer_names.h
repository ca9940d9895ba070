#pragma once

#include "lib/model/torch_fwd.h"

#include <cstdint>
#include <string>
#include <vector>

namespace carbonedge {

/// Which call of which module made a node.
struct LayerKey {
    std::string path;       ///< "features.3.conv.0"; "" for the network's own forward
    std::string type;       ///< class of that module: "Conv2d"
    bool leaf = false;      ///< the module has no children, so all its work is its own
    std::string call_site;  ///< differs between two calls of one module

    bool operator==(const LayerKey&) const = default;
};

/// The layer of a node of an inlined graph, from the callstack that inlining left in it. `depth` 0: the innermost
/// module; n: the first n parts of its path.
LayerKey layer_of(const torch::jit::Node& node, int depth);

/// A module of the loaded network in the order in which forward calls modules.
struct CalledModule {
    std::string path;
    std::string type;
};
/// Leaf modules whose code forward runs, each once, in order. `graph` is the inlined graph of the module as loaded.
std::vector<CalledModule> called_leaf_modules(const torch::jit::Graph& graph);

}  // namespace carbonedge
