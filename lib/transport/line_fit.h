#pragma once

#include <utility>
#include <vector>

namespace carbonedge {

/// `fixed + per_byte * bytes` by least squares on relative errors: one line has to serve sizes over many decades.
/// Neither is negative.
struct LineFit {
    double fixed = 0;
    double per_byte = 0;
};
LineFit fit_line(const std::vector<std::pair<double, double>>& points);

}  // namespace carbonedge
