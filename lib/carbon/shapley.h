#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace carbonedge {

/// The Shapley value of each of `players` in a game whose worth is given for every coalition as a bit mask.
/// The shares sum to worth(all) - worth(none), do not depend on any order, and equal players get equal shares.
/// Exact: 2^players evaluations; players <= 20. Source: Shapley, "A value for n-person games", 1953.
std::vector<double> shapley_values(unsigned players, const std::function<double(std::uint32_t coalition)>& worth);

}  // namespace carbonedge
