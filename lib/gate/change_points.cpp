#include "lib/gate/change_points.h"

#include "lib/base/quantile.h"
#include "lib/base/random.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace carbonedge {
namespace {

constexpr std::size_t kLeastLevel = 3;
constexpr std::size_t kPermutations = 1999;
constexpr std::size_t kMostValues = 300;  // the cost grows with their square

double median_of(std::span<const double> values) {
    std::vector<double> sorted(values.begin(), values.end());
    std::sort(sorted.begin(), sorted.end());
    return quantile(sorted, 0.5);
}

/// Ranks from 1, ties share their mean, less their common mean: they sum to 0.
std::vector<double> centred_ranks(std::span<const double> values) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
    std::vector<double> ranks(values.size());
    const double centre = (static_cast<double>(values.size()) + 1) / 2;
    for (std::size_t first = 0; first < order.size();) {
        std::size_t last = first;
        while (last + 1 < order.size() && values[order[last + 1]] == values[order[first]]) ++last;
        for (std::size_t i = first; i <= last; ++i) {
            ranks[order[i]] = (static_cast<double>(first + last) / 2 + 1) - centre;
        }
        first = last + 1;
    }
    return ranks;
}

/// A stretch of the series that stands out from the rest of it.
struct Stretch {
    std::size_t first = 0;
    std::size_t end = 0;
    double statistic = 0;
};

/// The stretch whose ranks sum to most, either way, scaled by the sum's deviation. What is left of the series on either
/// side is a level too, or nothing.
Stretch most_unlike(const std::vector<double>& ranks) {
    const std::size_t n = ranks.size();
    std::vector<double> sums(n + 1, 0.0);
    for (std::size_t i = 0; i < n; ++i) sums[i + 1] = sums[i] + ranks[i];
    Stretch best;
    double best_square = 0;
    for (std::size_t first = 0; first + kLeastLevel <= n; ++first) {
        if (first > 0 && first < kLeastLevel) continue;
        for (std::size_t end = first + kLeastLevel; end <= n; ++end) {
            if (end < n && n - end < kLeastLevel) continue;
            if (end - first == n) continue;
            const double sum = sums[end] - sums[first];
            const auto inside = static_cast<double>(end - first);
            const double square = sum * sum / (inside * (static_cast<double>(n) - inside));
            if (square > best_square) {
                best_square = square;
                best = {first, end, square};
            }
        }
    }
    return best;
}

void search(std::span<const double> values, std::size_t offset, double level, SeededRandom& random,
            std::vector<std::pair<std::size_t, double>>& cuts) {
    if (values.size() < 2 * kLeastLevel) return;
    std::vector<double> ranks = centred_ranks(values);
    const Stretch stretch = most_unlike(ranks);
    if (stretch.end == 0) return;
    std::size_t reached = 1;
    for (std::size_t i = 0; i < kPermutations; ++i) {
        for (std::size_t k = ranks.size() - 1; k > 0; --k) std::swap(ranks[k], ranks[random.below(k + 1)]);
        if (most_unlike(ranks).statistic >= stretch.statistic - 1e-12) ++reached;
        // No need to know it better than that it is above the level.
        if (static_cast<double>(reached) / (kPermutations + 1) > level) return;
    }
    const double p_value = static_cast<double>(reached) / (kPermutations + 1);
    const double rest = level / 3;
    search(values.first(stretch.first), offset, rest, random, cuts);
    if (stretch.first > 0) cuts.emplace_back(offset + stretch.first, p_value);
    search(values.subspan(stretch.first, stretch.end - stretch.first), offset + stretch.first, rest, random, cuts);
    if (stretch.end < values.size()) cuts.emplace_back(offset + stretch.end, p_value);
    search(values.subspan(stretch.end), offset + stretch.end, rest, random, cuts);
}

double distance_from_median(std::span<const double> values) {
    const double centre = median_of(values);
    double sum = 0;
    for (const double value : values) sum += std::abs(value - centre);
    return sum;
}

/// Ranks tell that there is a change better than where: the cut of `values` that leaves both sides closest to their
/// medians.
std::size_t closest_cut(std::span<const double> values, std::size_t guess) {
    std::size_t best = guess;
    double least = distance_from_median(values.first(guess)) + distance_from_median(values.subspan(guess));
    for (std::size_t cut = kLeastLevel; cut + kLeastLevel <= values.size(); ++cut) {
        const double distance = distance_from_median(values.first(cut)) + distance_from_median(values.subspan(cut));
        if (distance < least) {
            least = distance;
            best = cut;
        }
    }
    return best;
}

}  // namespace

std::vector<ChangePoint> find_change_points(std::span<const double> values, double level, std::uint64_t seed) {
    const std::size_t skipped = values.size() > kMostValues ? values.size() - kMostValues : 0;
    std::vector<std::pair<std::size_t, double>> cuts;
    SeededRandom random(seed);
    search(values.subspan(skipped), skipped, level, random, cuts);
    std::vector<ChangePoint> found;
    for (std::size_t i = 0; i < cuts.size(); ++i) {
        const std::size_t from = i == 0 ? skipped : cuts[i - 1].first;
        const std::size_t to = i + 1 == cuts.size() ? values.size() : cuts[i + 1].first;
        cuts[i].first = from + closest_cut(values.subspan(from, to - from), cuts[i].first - from);
        const double before = median_of(values.subspan(from, cuts[i].first - from));
        const double after = median_of(values.subspan(cuts[i].first, to - cuts[i].first));
        found.push_back({cuts[i].first, before > 0 ? after / before - 1 : 0, cuts[i].second});
    }
    return found;
}

}  // namespace carbonedge
