#include "lib/model/layer_costs.h"

#include "lib/model/graph_walk.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>

namespace carbonedge {
namespace {

using torch::jit::Node;
using torch::jit::Value;
using Shape = std::vector<std::int64_t>;

const Shape* shape_of(const Value* value, const GraphFacts& facts) {
    const TensorFacts* found = facts.find(value);
    return found != nullptr ? &found->shape : nullptr;
}

enum class Product {
    kConvolution,    ///< (input, weight[out, in / groups, kernel...], ...)
    kTransposed,     ///< (input, weight[in, out / groups, kernel...], ...)
    kLinear,         ///< (input, weight[out, in], ...)
    kFirstTimes,     ///< (a[..., n, k], b[..., k, m])
    kSecondTimes,    ///< (bias, a[..., n, k], b[..., k, m])
    kSelfAttention,  ///< LibTorch's fused self attention (query, key, value, embed_dim, ...)
    kEncoderLayer    ///< LibTorch's fused encoder layer
};

struct ProductRow {
    std::string_view operation;
    Product product;
};
constexpr std::array kProducts{
    ProductRow{"aten::conv1d", Product::kConvolution},
    ProductRow{"aten::conv2d", Product::kConvolution},
    ProductRow{"aten::conv3d", Product::kConvolution},
    ProductRow{"aten::_convolution", Product::kConvolution},
    ProductRow{"aten::convolution", Product::kConvolution},
    ProductRow{"aten::conv_transpose1d", Product::kTransposed},
    ProductRow{"aten::conv_transpose2d", Product::kTransposed},
    ProductRow{"aten::conv_transpose3d", Product::kTransposed},
    ProductRow{"aten::linear", Product::kLinear},
    ProductRow{"aten::matmul", Product::kFirstTimes},
    ProductRow{"aten::mm", Product::kFirstTimes},
    ProductRow{"aten::bmm", Product::kFirstTimes},
    ProductRow{"aten::mv", Product::kFirstTimes},
    ProductRow{"aten::addmm", Product::kSecondTimes},
    ProductRow{"aten::baddbmm", Product::kSecondTimes},
    ProductRow{"aten::_native_multi_head_attention", Product::kSelfAttention},
    ProductRow{"aten::_transformer_encoder_layer_fwd", Product::kEncoderLayer},
};

std::int64_t inner_products(const Shape* output, std::int64_t length) {
    return output != nullptr ? element_count(*output) * length : 0;
}

/// Projections to query, key and value and back, and the two products over all pairs of positions.
std::int64_t attention(const Shape& query) {
    if (query.size() != 3) return 0;
    const std::int64_t batch = query[0];
    const std::int64_t length = query[1];
    const std::int64_t width = query[2];
    return batch * length * width * (4 * width + 2 * length);
}

std::int64_t of_one_node(const Node& node, const GraphFacts& facts) {
    const std::string_view operation = node.kind().toQualString();
    const auto* const found = std::find_if(kProducts.begin(), kProducts.end(),
                                           [&](const ProductRow& row) { return row.operation == operation; });
    if (found == kProducts.end()) return 0;
    const Shape* output = shape_of(node.output(0), facts);
    const Shape* first = shape_of(node.input(0), facts);
    const Shape* second = shape_of(node.input(1), facts);
    if (first == nullptr) return 0;
    switch (found->product) {
        case Product::kConvolution:
            return second == nullptr || second->empty()
                       ? 0
                       : inner_products(output, element_count(*second) / second->front());
        case Product::kTransposed:
            return second == nullptr || second->empty()
                       ? 0
                       : inner_products(first, element_count(*second) / second->front());
        case Product::kLinear:
        case Product::kFirstTimes:
            return first->empty() ? 0 : inner_products(output, first->back());
        case Product::kSecondTimes:
            return second == nullptr || second->empty() ? 0 : inner_products(output, second->back());
        case Product::kSelfAttention:
            return attention(*first);
        case Product::kEncoderLayer: {
            // (src, embed_dim, heads, qkv_weight, ...): two dense layers follow the attention; their widths are in the
            // weights with the shapes [hidden, width] and [width, hidden].
            std::int64_t total = attention(*first);
            for (const Value* input : node.inputs()) {
                const Shape* weight = shape_of(input, facts);
                const bool dense = weight != nullptr && weight->size() == 2 && first->size() == 3;
                if (dense && (*weight)[0] != 3 * first->back() && (*weight)[0] != (*weight)[1])
                    total += element_count(*weight) * (*first)[0] * (*first)[1];
            }
            return total;
        }
    }
    return 0;
}

const void* storage_of(const Value* value, const GraphFacts& facts) {
    const TensorFacts* found = facts.find(value);
    return found != nullptr && found->storage_bytes > 0 ? found->storage : nullptr;
}

}  // namespace

std::int64_t multiply_accumulates(const Node& node, const GraphFacts& facts) {
    std::int64_t total = of_one_node(node, facts);
    // Of a branch that is decided while running only one side has been seen, so only it has facts.
    for (const torch::jit::Block* block : const_cast<Node&>(node).blocks())
        for (const Node* inner : block->nodes()) total += multiply_accumulates(*inner, facts);
    return total;
}

std::int64_t weight_bytes(Node& node, std::unordered_map<const void*, bool>& counted) {
    std::int64_t total = 0;
    std::vector<Value*> pending = values_read(node);
    while (!pending.empty()) {
        Value* value = pending.back();
        pending.pop_back();
        Node* maker = value->node();
        if (maker->kind() == c10::prim::ListConstruct || maker->kind() == c10::prim::TupleConstruct) {
            for (Value* part : maker->inputs()) pending.push_back(part);
            continue;
        }
        const auto constant = torch::jit::toIValue(value);
        if (!constant || !constant->isTensor() || !constant->toTensor().defined()) continue;
        const at::Tensor& tensor = constant->toTensor();
        if (tensor.has_storage() && counted.emplace(tensor.data_ptr(), true).second)
            total += static_cast<std::int64_t>(tensor.nbytes());
    }
    return total;
}

std::vector<std::int64_t> peak_bytes(const CutGraph& cut) {
    struct Life {
        std::size_t born;
        std::size_t last;
        std::int64_t bytes;
    };
    std::map<const void*, Life> lives;
    std::set<const void*> constants;
    for (const Node* node : cut.graph->nodes())
        if (node->kind() == c10::prim::Constant)
            if (const void* storage = storage_of(node->output(), cut.facts)) constants.insert(storage);
    const auto touch = [&](const Value* value, std::size_t time) {
        const void* storage = storage_of(value, cut.facts);
        if (storage == nullptr || constants.contains(storage)) return;
        const auto [life, fresh] = lives.emplace(storage, Life{time, time, cut.facts.find(value)->storage_bytes});
        if (!fresh) life->second.last = std::max(life->second.last, time);
    };
    std::size_t time = 0;
    std::vector<std::size_t> row_end;
    for (const Value* input : cut.graph->inputs()) touch(input, time);
    for (const GraphRow& row : cut.rows) {
        for (Node* node : row.nodes) {
            ++time;
            for (const Value* value : needed_values(*node)) touch(value, time);
            for (const Value* value : node->outputs()) touch(value, time);
        }
        row_end.push_back(time);
    }
    for (const Value* output : cut.graph->outputs()) touch(output, time);
    std::vector<std::int64_t> change(time + 2);
    for (const auto& [storage, life] : lives) {
        change[life.born] += life.bytes;
        change[life.last + 1] -= life.bytes;
    }
    std::vector<std::int64_t> peaks;
    std::int64_t live = change[0];
    std::size_t now = 0;
    for (const std::size_t end : row_end) {
        std::int64_t peak = 0;
        for (; now < end; peak = std::max(peak, live)) live += change[++now];
        peaks.push_back(peak);
    }
    return peaks;
}

}  // namespace carbonedge
