#pragma once

#include <cmath>

namespace carbonedge::rapl {

/// A power curve whose energy is known in closed form: `low` watts, and `high` for the first `on` seconds of every
/// `period`.
struct Rectangles {
    double low = 0;
    double high = 0;
    double period = 1;
    double on = 0;

    /// Joules used from 0 to `time` seconds.
    [[nodiscard]] double energy(double time) const {
        const double whole = std::floor(time / period);
        const double rest = time - whole * period;
        return low * time + (high - low) * (whole * on + std::fmin(rest, on));
    }
};

}  // namespace carbonedge::rapl
