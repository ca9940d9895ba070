#include "lib/units/index.h"

#include <doctest/doctest.h>
#include <type_traits>

namespace carbonedge {

static_assert(sizeof(LayerIndex) == sizeof(std::size_t), "an index costs what a number costs");
static_assert(std::is_trivially_copyable_v<LayerIndex>);
static_assert(!std::is_convertible_v<std::size_t, LayerIndex>);
static_assert(!std::is_convertible_v<LayerIndex, std::size_t>);
static_assert(!std::is_convertible_v<LayerIndex, CutIndex> && !std::is_constructible_v<CutIndex, LayerIndex>);

TEST_CASE("an index steps, compares and shows its number") {
    LayerIndex layer;
    CHECK(layer.value() == 0);
    ++layer;
    CHECK(layer == LayerIndex(1));
    CHECK(layer < LayerIndex(2));
    CHECK(layer != LayerIndex(0));
}

}  // namespace carbonedge
