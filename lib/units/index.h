#pragma once

#include <compare>
#include <cstddef>

namespace carbonedge {

/// A position that cannot be mistaken for another kind of position. Allowed: make from and read as std::size_t
/// (explicitly), compare, step with ++. Nothing else.
template <class Tag>
class StrongIndex {
public:
    constexpr StrongIndex() = default;
    constexpr explicit StrongIndex(std::size_t value) : value_(value) {}
    [[nodiscard]] constexpr std::size_t value() const { return value_; }
    constexpr StrongIndex& operator++() {
        ++value_;
        return *this;
    }
    friend constexpr auto operator<=>(StrongIndex, StrongIndex) = default;

private:
    std::size_t value_ = 0;
};

/// Layer i of a profile, 0-based in topological order.
using LayerIndex = StrongIndex<struct LayerTag>;
/// Cut p lies before layer p: 0 is the network's input, the number of layers its output.
using CutIndex = StrongIndex<struct CutTag>;
/// Node i of a cluster, in the order of the file.
using NodeIndex = StrongIndex<struct NodeTag>;
using StageIndex = StrongIndex<struct StageTag>;
using PipelineIndex = StrongIndex<struct PipelineTag>;

}  // namespace carbonedge
