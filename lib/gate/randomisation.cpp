#include "lib/gate/randomisation.h"

#include "lib/base/quantile.h"
#include "lib/base/random.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace carbonedge {
namespace {

constexpr std::size_t kAllPatternsUpTo = 12;  // rounds
constexpr std::size_t kMostPatterns = 8192;
constexpr double kClip = 3;            // medians of |difference|
constexpr double kCommonShare = 0.25;  // of the middle quantity's spread, added to each one's own
constexpr double kTie = 1e-9;          // statistics this close are the same but for rounding

double median_of(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return quantile(values, 0.5);
}

/// Values whose distance from `centre` is clipped at kClip times its median, as distances from the centre.
std::vector<double> clipped(const std::vector<double>& values, double centre) {
    std::vector<double> distances;
    for (const double value : values) distances.push_back(std::abs(value - centre));
    const double bound = kClip * median_of(distances);
    std::vector<double> result;
    for (const double value : values) {
        const double distance = value - centre;
        result.push_back(bound > 0 ? std::clamp(distance, -bound, bound) : distance);
    }
    return result;
}

/// Counts how often the extremes over all quantities reach what was seen.
class Extremes {
public:
    explicit Extremes(std::vector<double> seen) : seen_(std::move(seen)), above_(seen_.size()), below_(seen_.size()) {}

    void add(double largest, double smallest) {
        ++patterns_;
        for (std::size_t i = 0; i < seen_.size(); ++i) {
            if (largest >= seen_[i] - kTie) ++above_[i];
            if (smallest <= seen_[i] + kTie) ++below_[i];
        }
    }

    [[nodiscard]] FamilyEvidence evidence() const {
        FamilyEvidence result;
        for (std::size_t i = 0; i < seen_.size(); ++i) {
            result.increase.push_back(static_cast<double>(above_[i]) / static_cast<double>(patterns_));
            result.decrease.push_back(static_cast<double>(below_[i]) / static_cast<double>(patterns_));
        }
        return result;
    }

private:
    std::vector<double> seen_;
    std::vector<std::size_t> above_;
    std::vector<std::size_t> below_;
    std::size_t patterns_ = 0;
};

struct Range {
    double largest = -std::numeric_limits<double>::infinity();
    double smallest = std::numeric_limits<double>::infinity();
    void take(double value) {
        largest = std::max(largest, value);
        smallest = std::min(smallest, value);
    }
};

double norm_of(const std::vector<double>& values) {
    return std::sqrt(std::inner_product(values.begin(), values.end(), values.begin(), 0.0));
}

/// Divides each by its norm and a share of the middle norm of all: a statistic is then a plain sum, and a quantity that
/// happens to spread little does not look large by that alone (Tusher, Tibshirani, Chu 2001).
void scale_together(std::vector<std::vector<double>>& all) {
    std::vector<double> norms;
    for (const std::vector<double>& values : all) norms.push_back(norm_of(values));
    const double common = kCommonShare * median_of(norms);
    for (std::size_t q = 0; q < all.size(); ++q) {
        const double divisor = norms[q] + common;
        for (double& value : all[q]) value = divisor > 0 ? value / divisor : 0;
    }
}

std::vector<std::vector<double>> scaled_differences(std::span<const std::vector<double>> differences) {
    std::vector<std::vector<double>> scaled;
    for (const std::vector<double>& each : differences) scaled.push_back(clipped(each, 0));
    scale_together(scaled);
    return scaled;
}

Range flipped_range(const std::vector<std::vector<double>>& scaled, const std::vector<bool>& flip) {
    Range range;
    for (const std::vector<double>& parts : scaled) {
        double sum = 0;
        for (std::size_t r = 0; r < parts.size(); ++r) sum += flip[r] ? -parts[r] : parts[r];
        range.take(sum);
    }
    return range;
}

/// All runs of each quantity, clipped and centred on their mean: the difference of means follows from the sum of the
/// current ones.
std::vector<std::vector<double>> pooled_runs(std::span<const std::vector<double>> baseline,
                                             std::span<const std::vector<double>> current) {
    std::vector<std::vector<double>> pooled;
    for (std::size_t q = 0; q < baseline.size(); ++q) {
        std::vector<double> all = baseline[q];
        all.insert(all.end(), current[q].begin(), current[q].end());
        all = clipped(all, median_of(all));
        const double mean = std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
        for (double& value : all) value -= mean;
        pooled.push_back(std::move(all));
    }
    scale_together(pooled);
    return pooled;
}

Range chosen_range(const std::vector<std::vector<double>>& pooled, std::span<const std::size_t> chosen) {
    Range range;
    for (const std::vector<double>& runs : pooled) {
        double sum = 0;
        for (const std::size_t run : chosen) sum += runs[run];
        range.take(sum);
    }
    return range;
}

/// The next choice of chosen.size() out of `count` in lexicographic order; false after the last.
bool next_choice(std::vector<std::size_t>& chosen, std::size_t count) {
    for (std::size_t i = chosen.size(); i-- > 0;) {
        if (chosen[i] + (chosen.size() - i) >= count) continue;
        ++chosen[i];
        for (std::size_t j = i + 1; j < chosen.size(); ++j) chosen[j] = chosen[j - 1] + 1;
        return true;
    }
    return false;
}

}  // namespace

FamilyEvidence sign_flip_evidence(std::span<const std::vector<double>> differences, std::uint64_t seed) {
    if (differences.empty()) return {};
    const std::vector<std::vector<double>> scaled = scaled_differences(differences);
    const std::size_t rounds = scaled.front().size();
    std::vector<double> seen;
    for (const std::vector<double>& parts : scaled) seen.push_back(std::accumulate(parts.begin(), parts.end(), 0.0));
    Extremes extremes(std::move(seen));
    std::vector<bool> flip(rounds, false);
    if (rounds <= kAllPatternsUpTo) {
        for (std::size_t pattern = 0; pattern < (std::size_t{1} << rounds); ++pattern) {
            for (std::size_t r = 0; r < rounds; ++r) flip[r] = ((pattern >> r) & 1U) != 0;
            const Range range = flipped_range(scaled, flip);
            extremes.add(range.largest, range.smallest);
        }
        return extremes.evidence();
    }
    SeededRandom random(seed);
    for (std::size_t pattern = 0; pattern < kMostPatterns; ++pattern) {
        for (std::size_t r = 0; r < rounds; ++r) flip[r] = pattern > 0 && random.below(2) == 1;
        const Range range = flipped_range(scaled, flip);
        extremes.add(range.largest, range.smallest);
    }
    return extremes.evidence();
}

FamilyEvidence permutation_evidence(std::span<const std::vector<double>> baseline,
                                    std::span<const std::vector<double>> current, std::uint64_t seed) {
    if (baseline.empty()) return {};
    const std::vector<std::vector<double>> pooled = pooled_runs(baseline, current);
    const std::size_t before = baseline.front().size();
    const std::size_t after = current.front().size();
    std::vector<std::size_t> chosen(after);
    std::iota(chosen.begin(), chosen.end(), before);
    std::vector<double> seen;
    for (const std::vector<double>& runs : pooled) {
        seen.push_back(std::accumulate(runs.begin() + static_cast<std::ptrdiff_t>(before), runs.end(), 0.0));
    }
    Extremes extremes(std::move(seen));
    const auto look = [&] {
        const Range range = chosen_range(pooled, chosen);
        extremes.add(range.largest, range.smallest);
    };
    if (least_permutation_p(before, after) >= 1.0 / static_cast<double>(kMostPatterns)) {
        std::iota(chosen.begin(), chosen.end(), std::size_t{0});
        do look();
        while (next_choice(chosen, before + after));
        return extremes.evidence();
    }
    look();
    SeededRandom random(seed);
    std::vector<std::size_t> order(before + after);
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t pattern = 1; pattern < kMostPatterns; ++pattern) {
        for (std::size_t i = 0; i < after; ++i) {
            std::swap(order[i], order[i + random.below(order.size() - i)]);
            chosen[i] = order[i];
        }
        look();
    }
    return extremes.evidence();
}

double least_sign_flip_p(std::size_t rounds) { return std::exp2(-static_cast<double>(rounds)); }

double least_permutation_p(std::size_t baseline, std::size_t current) {
    double ways = 1;
    for (std::size_t i = 1; i <= current; ++i) {
        ways *= static_cast<double>(baseline + i) / static_cast<double>(i);
    }
    return 1 / ways;
}

}  // namespace carbonedge
