#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace carbonedge {

/// How long a block must be for neighbours' likeness to stay inside it: the first lag at which the autocorrelation of
/// the values falls below 2 / sqrt(n), at least the cube root of n, at most a quarter of n, at least 1.
std::size_t block_length(std::span<const double> values);

/// `resamples` medians of moving-block resamples (Kuensch 1989) of `values` in the order they were taken, ascending.
/// What is alike from one pass to the next, drift within the run included, stays together in a block and shows in the
/// spread. Not empty.
std::vector<double> bootstrap_medians(std::span<const double> values, std::size_t resamples, std::uint64_t seed);

}  // namespace carbonedge
