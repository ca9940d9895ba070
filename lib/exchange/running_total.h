#pragma once

#include "lib/profile/profile_header_file.h"

#include <cmath>
#include <cstdint>
#include <stdexcept>

namespace carbonedge {

/// Rounds the running sum, not each number, so that errors do not add up.
class RunningTotal {
public:
    /// What the rounded sum grows by. Throws std::invalid_argument where it leaves what a profile can hold
    /// (kLargestCount).
    std::int64_t add(double amount) {
        sum_ += amount;
        if (!(sum_ >= 0 && sum_ <= static_cast<double>(kLargestCount))) {
            throw std::invalid_argument("a sum over the layers is larger than a profile can hold");
        }
        const auto rounded = static_cast<std::int64_t>(std::llround(sum_));
        const std::int64_t step = rounded - rounded_;
        rounded_ = rounded;
        return step;
    }

private:
    double sum_ = 0;
    std::int64_t rounded_ = 0;
};

}  // namespace carbonedge
