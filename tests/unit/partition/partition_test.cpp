#include "lib/partition/partition.h"
#include "lib/partition/plan.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

LayerProfile layer(std::vector<std::int64_t> inputs, std::vector<ValueRef> outputs) {
    LayerProfile made;
    made.inputs = std::move(inputs);
    made.outputs = std::move(outputs);
    return made;
}

/// in(0) -> a -> 1; b(1) -> 2; c(2) -> 3; add(1, 3) -> 4; the network returns 4 and 2.
Profile residual() {
    Profile profile;
    profile.input_values = {{0, Bytes(10)}, {9, Bytes(1000)}};  // 9 is never read
    profile.output_values = {4, 2};
    profile.layers = {layer({0}, {{1, Bytes(1)}}), layer({1}, {{2, Bytes(2)}}), layer({2}, {{3, Bytes(4)}}),
                      layer({1, 3}, {{4, Bytes(8)}})};
    profile.layers[1].cut_after = false;
    profile.layers[1].cut_reason = "a list crosses";
    return profile;
}

}  // namespace

TEST_CASE("what crosses a cut is what was made before and is read after") {
    struct Row {
        std::vector<std::int64_t> values;
        std::int64_t bytes;
    };
    const std::vector<Row> rows{{{0}, 10}, {{1}, 1}, {{1, 2}, 3}, {{1, 2, 3}, 7}, {{2, 4}, 10}};
    const std::vector<Cut> cuts = find_cuts(residual());
    REQUIRE(cuts.size() == rows.size());
    for (std::size_t p = 0; p < rows.size(); ++p) {
        CAPTURE(p);
        CHECK(cuts[p].position == p);
        CHECK(cuts[p].values == rows[p].values);
        CHECK(cuts[p].bytes.value() == rows[p].bytes);
        CHECK(cuts[p].legal == (p != 2));
    }
    CHECK(cuts[2].reason == "a list crosses");
}

TEST_CASE("the ends of a network are always legal") {
    Profile profile = residual();
    for (LayerProfile& one : profile.layers) one.cut_after = false;
    const std::vector<Cut> cuts = find_cuts(profile);
    CHECK(cuts.front().legal);
    CHECK(cuts.back().legal);
    CHECK(find_cuts(Profile{}).size() == 1);
}

TEST_CASE("parts of the carbon add up one by one") {
    const CarbonParts one{Joules(1),    Joules(2),    Joules(3),    Joules(4),   GramsCo2e(5),
                          GramsCo2e(6), GramsCo2e(7), GramsCo2e(8), GramsCo2e(9)};
    CarbonParts sum = one;
    sum += one;
    CHECK(sum == CarbonParts{Joules(2), Joules(4), Joules(6), Joules(8), GramsCo2e(10), GramsCo2e(12), GramsCo2e(14),
                             GramsCo2e(16), GramsCo2e(18)});
    CHECK(sum.joules().value() == 20);
    CHECK(sum.grams().value() == 70);
}

}  // namespace carbonedge
