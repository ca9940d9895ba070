#include "lib/gate/block_bootstrap.h"

#include "lib/base/quantile.h"
#include "lib/base/random.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace carbonedge {

std::size_t block_length(std::span<const double> values) {
    const std::size_t n = values.size();
    if (n < 8) return 1;
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(n);
    double variance = 0;
    for (const double value : values) variance += (value - mean) * (value - mean);
    const auto least = static_cast<std::size_t>(std::ceil(std::cbrt(static_cast<double>(n))));
    const std::size_t most = std::max(least, n / 4);
    const double small = 2 / std::sqrt(static_cast<double>(n));
    std::size_t lag = 1;
    for (; variance > 0 && lag < most; ++lag) {
        double covariance = 0;
        for (std::size_t i = lag; i < n; ++i) covariance += (values[i] - mean) * (values[i - lag] - mean);
        if (covariance / variance < small) break;
    }
    return std::clamp(lag, least, most);
}

std::vector<double> bootstrap_medians(std::span<const double> values, std::size_t resamples, std::uint64_t seed) {
    const std::size_t n = values.size();
    const std::size_t length = block_length(values);
    SeededRandom random(seed);
    std::vector<double> medians;
    std::vector<double> resample;
    for (std::size_t i = 0; i < resamples; ++i) {
        resample.clear();
        while (resample.size() < n) {
            const std::size_t start = random.below(n - length + 1);
            for (std::size_t k = 0; k < length && resample.size() < n; ++k) resample.push_back(values[start + k]);
        }
        std::sort(resample.begin(), resample.end());
        medians.push_back(quantile(resample, 0.5));
    }
    std::sort(medians.begin(), medians.end());
    return medians;
}

}  // namespace carbonedge
