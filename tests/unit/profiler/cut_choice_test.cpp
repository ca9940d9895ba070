#include "lib/profiler/cut_choice.h"

#include <doctest/doctest.h>
#include <chrono>
#include <vector>

namespace carbonedge {
namespace {

/// Cuts 1 .. of a chain, with the given crossing bytes.
std::vector<Cut> cuts_of(const std::vector<std::int64_t>& bytes) {
    std::vector<Cut> cuts;
    for (const std::int64_t count : bytes) {
        Cut cut;
        cut.position = cuts.size() + 1;
        cut.bytes = Bytes(count);
        cuts.push_back(cut);
    }
    return cuts;
}

std::vector<std::size_t> positions(const std::vector<Cut>& cuts) {
    std::vector<std::size_t> found;
    for (const Cut& cut : cuts) found.push_back(cut.position);
    return found;
}

using Positions = std::vector<std::size_t>;

}  // namespace

TEST_CASE("calibration cuts span the sizes, and are told in order of position") {
    const std::vector<Cut> cuts = cuts_of({50, 10, 40, 20, 30});
    CHECK(positions(spread_by_bytes(cuts, 2)) == Positions{1, 2});
    CHECK(positions(spread_by_bytes(cuts, 3)) == Positions{1, 2, 5});
    CHECK(positions(spread_by_bytes(cuts, 9)) == Positions{1, 2, 3, 4, 5});
    CHECK(spread_by_bytes(cuts, 0).empty());
    CHECK(spread_by_bytes({}, 3).empty());
}

TEST_CASE("checked cuts are others than those of the calibration where there are enough") {
    const std::vector<Cut> cuts = cuts_of({1, 2, 3, 4, 5, 6});
    CHECK(positions(spread_by_position(cuts, 3, {cuts[0], cuts[5]})) == Positions{2, 3, 5});
    CHECK(positions(spread_by_position(cuts, 6, {cuts[0]})) == Positions{1, 2, 3, 4, 5, 6});
    CHECK(positions(spread_by_position(cuts, 1, {})) == Positions{4});
    CHECK(spread_by_position(cuts, 0, {}).empty());
}

TEST_CASE("balanced stages cut where time is divided best") {
    Profile profile;
    for (const int time : {10, 10, 40, 10, 10, 10, 10}) {
        LayerProfile layer;
        layer.latency_median = Nanoseconds(time);
        profile.layers.push_back(layer);
    }
    const std::vector<Cut> cuts = cuts_of({1, 1, 1, 1, 1, 1});
    CHECK(balanced_stages(profile, cuts, 1) == std::vector<LayerRange>{{0, 7}});
    CHECK(balanced_stages(profile, cuts, 2) == std::vector<LayerRange>{{0, 3}, {3, 7}});
    CHECK(balanced_stages(profile, cuts, 3) == std::vector<LayerRange>{{0, 2}, {2, 4}, {4, 7}});
    CHECK(balanced_stages(profile, {cuts[4]}, 3) == std::vector<LayerRange>{{0, 5}, {5, 7}});
    CHECK(balanced_stages(profile, {}, 3) == std::vector<LayerRange>{{0, 7}});
}

}  // namespace carbonedge
