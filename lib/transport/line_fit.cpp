#include "lib/transport/line_fit.h"

namespace carbonedge {

LineFit fit_line(const std::vector<std::pair<double, double>>& points) {
    // Weighted by 1 / y^2, which makes the residuals relative.
    double w = 0;
    double wx = 0;
    double wy = 0;
    double wxx = 0;
    double wxy = 0;
    for (const auto& [x, y] : points) {
        const double weight = y > 0 ? 1 / (y * y) : 0;
        w += weight;
        wx += weight * x;
        wy += weight * y;
        wxx += weight * x * x;
        wxy += weight * x * y;
    }
    const double determinant = w * wxx - wx * wx;
    if (w == 0) return {};
    if (determinant <= 0) return {wy / w, 0};
    const double per_byte = (w * wxy - wx * wy) / determinant;
    if (per_byte <= 0) return {wy / w, 0};
    const double fixed = (wy - per_byte * wx) / w;
    if (fixed < 0) return {0, wxy / wxx};
    return {fixed, per_byte};
}

}  // namespace carbonedge
