#include "lib/base/quantile.h"

#include <algorithm>
#include <cstddef>

namespace carbonedge {

double quantile(std::span<const double> ascending, double probability) {
    const double position = probability * static_cast<double>(ascending.size() - 1);
    const auto below = static_cast<std::size_t>(position);
    const std::size_t above = std::min(below + 1, ascending.size() - 1);
    return ascending[below] + (position - static_cast<double>(below)) * (ascending[above] - ascending[below]);
}

}  // namespace carbonedge
