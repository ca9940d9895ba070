#include "lib/model/model.h"
#include "lib/model/tensor_bridge.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

namespace carbonedge {
namespace {

// Beyond this a network amplifies rounding so much that a difference says nothing about being right.
constexpr double kAbsurdRange = 1e9;

OutputDifference compare_one(const HostTensor& reference, const HostTensor& actual) {
    if (reference.dtype != actual.dtype || reference.shape != actual.shape)
        return {INFINITY, true,
                fmt::format("is {} of {} where the reference is {} of {}", shape_text(actual.shape),
                            dtype_name(actual.dtype), shape_text(reference.shape), dtype_name(reference.dtype))};
    if (reference.content.empty()) return {0, false, "has no elements"};
    const at::Tensor left = borrow_tensor(reference.dtype, reference.shape, reference.content.data());
    const at::Tensor right = borrow_tensor(actual.dtype, actual.shape, actual.content.data());
    if (!left.is_floating_point()) {
        const bool equal = at::equal(left, right);
        return {equal ? 0.0 : 1.0, true, equal ? "" : "whole numbers differ"};
    }
    const at::Tensor wide = left.to(at::kDouble);
    const double low = wide.min().item<double>();
    const double high = wide.max().item<double>();
    if (!std::isfinite(low) || !std::isfinite(high)) return {0, false, "the reference is not finite"};
    const double range = wide.numel() == 1 ? std::fabs(high) : high - low;
    if (range == 0) return {0, false, "the reference's range is zero"};
    if (range > kAbsurdRange) return {0, false, fmt::format("the reference's range is {:.3g}", range)};
    const double difference = (wide - right.to(at::kDouble)).abs().max().item<double>();
    if (!std::isfinite(difference)) return {INFINITY, true, "the output is not finite"};
    return {difference / range, true, ""};
}

}  // namespace

OutputDifference compare_outputs(const std::vector<HostTensor>& reference, const std::vector<HostTensor>& actual) {
    if (reference.size() != actual.size())
        return {INFINITY, true, fmt::format("{} outputs where the reference has {}", actual.size(), reference.size())};
    if (reference.empty()) return {0, false, "there are no outputs"};
    OutputDifference worst{0, true, ""};
    for (std::size_t i = 0; i < reference.size(); ++i) {
        const OutputDifference one = compare_one(reference[i], actual[i]);
        // A wrong output outweighs one that cannot be judged; both outweigh an equal one.
        const bool wrong = one.conclusive && one.relative > kEqualOutputs;
        if (wrong ? !(worst.conclusive && worst.relative >= one.relative)
                  : (worst.conclusive && worst.relative <= kEqualOutputs &&
                     (!one.conclusive || one.relative > worst.relative)))
            worst = {one.relative, one.conclusive,
                     one.remark.empty() ? "" : fmt::format("output {}: {}", i, one.remark)};
    }
    return worst;
}

}  // namespace carbonedge
