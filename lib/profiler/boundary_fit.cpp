#include "lib/profiler/boundary_fit.h"

#include "lib/measure/statistics.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace carbonedge {
namespace {

constexpr double kHuber = 1.345;
constexpr double kMadToDeviation = 1.4826;
constexpr int kMostIterations = 50;
constexpr double kLeastMeasured = 1e5;  // below 0.1 ms the clock and the caches rule, not the length

double residual(const BoundarySample& sample, const BoundaryCost& cost) {
    return sample.extra_ns - sample.borders * cost.fixed_ns - sample.bytes * cost.per_byte_ns;
}

double objective(std::span<const BoundarySample> samples, std::span<const double> weights, const BoundaryCost& cost) {
    double sum = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const double left = residual(samples[i], cost);
        sum += weights[i] * left * left;
    }
    return sum;
}

/// With two unknowns the constrained minimum is the free one or lies on an edge: all four are tried.
BoundaryCost solve(std::span<const BoundarySample> samples, std::span<const double> weights) {
    double bb = 0, by = 0, yy = 0, be = 0, ye = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const BoundarySample& sample = samples[i];
        bb += weights[i] * sample.borders * sample.borders;
        by += weights[i] * sample.borders * sample.bytes;
        yy += weights[i] * sample.bytes * sample.bytes;
        be += weights[i] * sample.borders * sample.extra_ns;
        ye += weights[i] * sample.bytes * sample.extra_ns;
    }
    std::vector<BoundaryCost> candidates{{0, 0}};
    if (bb > 0) candidates.push_back({be / bb, 0});
    if (yy > 0) candidates.push_back({0, ye / yy});
    const double determinant = bb * yy - by * by;
    if (determinant > 1e-9 * bb * yy) {
        candidates.push_back({(be * yy - ye * by) / determinant, (ye * bb - be * by) / determinant});
    }
    BoundaryCost best{0, 0};
    double least = objective(samples, weights, best);
    for (const BoundaryCost& candidate : candidates) {
        if (candidate.fixed_ns < 0 || candidate.per_byte_ns < 0) continue;
        const double value = objective(samples, weights, candidate);
        if (value < least) {
            least = value;
            best = candidate;
        }
    }
    return best;
}

}  // namespace

BoundaryCost fit_boundary(std::span<const BoundarySample> samples) {
    if (samples.empty()) return {};
    std::vector<double> base;
    for (const BoundarySample& sample : samples) {
        const double scale = std::max(sample.measured_ns, kLeastMeasured);
        base.push_back(1 / (scale * scale));
    }
    std::vector<double> weights = base;
    BoundaryCost cost = solve(samples, weights);
    for (int iteration = 0; iteration < kMostIterations; ++iteration) {
        std::vector<double> sizes;
        for (std::size_t i = 0; i < samples.size(); ++i) {
            sizes.push_back(std::abs(residual(samples[i], cost)) * std::sqrt(base[i]));
        }
        const double bound = kHuber * kMadToDeviation * median(sizes);
        if (bound <= 0) break;
        for (std::size_t i = 0; i < samples.size(); ++i) {
            weights[i] = base[i] * (sizes[i] <= bound ? 1 : bound / sizes[i]);
        }
        const BoundaryCost next = solve(samples, weights);
        const double change = std::abs(next.fixed_ns - cost.fixed_ns) + std::abs(next.per_byte_ns - cost.per_byte_ns);
        cost = next;
        if (change <= 1e-9 * (cost.fixed_ns + cost.per_byte_ns)) break;
    }
    return cost;
}

}  // namespace carbonedge
