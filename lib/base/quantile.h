#pragma once

#include <span>

namespace carbonedge {

/// Quantile of ascending values, linear between order statistics (type 7 of Hyndman and Fan, "Sample quantiles in
/// statistical packages", 1996; NumPy's default). `probability` is 0 to 1, the values are not empty. O(1).
double quantile(std::span<const double> ascending, double probability);

}  // namespace carbonedge
