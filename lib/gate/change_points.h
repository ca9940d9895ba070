#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace carbonedge {

/// A place where a series moves to another level.
struct ChangePoint {
    std::size_t index = 0;  ///< the first value of the new level
    double change = 0;      ///< median of the level after / median of the level before - 1
    double p_value = 1;     ///< of the stretch that begins or ends here
};

/// Where a series of values, oldest first, changes its level: the stretch whose ranks stand out most from the rest
/// (circular binary segmentation, Olshen and others 2004, on ranks), its p-value from permutations (1,999, seeded), and
/// where that is at most `level` the same again in the three parts, each at a third of the level. Levels last at least
/// three values. Ranks alone decide: one outlier is no change. `level` is the chance of a false mark in a series
/// without any, where its values can be exchanged; values that drift slowly cannot, and are marked more often. Looks at
/// the last 300 values. O(marks x permutations x n^2).
std::vector<ChangePoint> find_change_points(std::span<const double> values, double level, std::uint64_t seed);

}  // namespace carbonedge
