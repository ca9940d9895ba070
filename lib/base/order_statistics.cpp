#include "lib/base/order_statistics.h"

#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

constexpr double kTail = 0.025;
/// What lies further from the mean than so many standard deviations is below the resolution of a double; the constant
/// keeps small samples whole.
constexpr double kDeviations = 40;
constexpr double kNear = 100;

}  // namespace

std::optional<RankInterval> quantile_rank_interval(std::size_t count, double probability) {
    // With K ~ Binomial(n, p) values at or below the quantile: value[k] (1-based) is above it iff K < k.
    const auto size = static_cast<double>(count);
    const double log_p = std::log(probability);
    const double log_q = std::log1p(-probability);
    const double reach = kNear + kDeviations * std::sqrt(size * probability * (1 - probability));
    const auto first = static_cast<std::size_t>(std::max(0.0, size * probability - reach));
    double cumulative = 0;
    std::size_t low = 0;   // largest rank with P(K < rank) <= tail
    std::size_t high = 0;  // smallest rank with P(K >= rank) <= tail
    for (std::size_t k = first; k <= count && high == 0; ++k) {
        if (cumulative <= kTail) low = k;
        if (1 - cumulative <= kTail) high = k;
        const auto below = static_cast<double>(k);
        cumulative += std::exp(std::lgamma(size + 1) - std::lgamma(below + 1) - std::lgamma(size - below + 1) +
                               below * log_p + (size - below) * log_q);
    }
    if (low == 0 || high == 0) return std::nullopt;
    return RankInterval{low, high};
}

bool reaches_quantile(std::size_t count, double probability) {
    // 1 - 0.999 is a little above a thousandth: exactly 1,000 values must do.
    constexpr double kRounding = 1e-9;
    return static_cast<double>(count) * (1 - probability) >= 1 - kRounding;
}

}  // namespace carbonedge
