#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace carbonedge {

/// One-sided p-values of each of several quantities that were measured together, corrected for looking at all of them.
struct FamilyEvidence {
    std::vector<double> increase;  ///< of "not larger than the baseline"
    std::vector<double> decrease;  ///< of "not smaller"
};

/// Sign-flip test of paired rounds. `differences[q][r]` is log(current / baseline) of quantity q in round r. Where
/// both sides are the same thing, each round could as well have gone the other way round, all its quantities
/// together: so every pattern of signs is as likely as the one seen (Fisher 1935). The statistic of a quantity is the
/// sum of its differences over the root of the sum of their squares and a quarter of the middle quantity's (so that
/// none looks large for spreading little), after |difference| is clipped at three times its median over rounds, so that
/// one disturbed round does not decide. All of that depends on |difference| alone, which keeps the test exact. The
/// p-value is the share of patterns in which the largest statistic of all quantities reaches the one seen (Westfall and
/// Young 1993, single-step maxT): it holds the chance of any false claim among all of them, and unlike Holm's its least
/// value does not grow with their number. All 2^R patterns up to 12 rounds, else 8,191 seeded ones and the one seen.
/// O(quantities x rounds x patterns).
FamilyEvidence sign_flip_evidence(std::span<const std::vector<double>> differences, std::uint64_t seed);

/// Permutation test of separate runs: `baseline[q]` and `current[q]` hold a logarithm a run. Where both sides are the
/// same thing and the runs can be exchanged, every way of calling as many of them current is as likely. The statistic
/// is the difference of means in standard deviations of all runs, after clipping at three median deviations from their
/// common median. Correction as above. All ways where there are at most 8,192, else that many seeded ones.
FamilyEvidence permutation_evidence(std::span<const std::vector<double>> baseline,
                                    std::span<const std::vector<double>> current, std::uint64_t seed);

/// The least one-sided p-value that so many rounds, or runs on each side, can give: 2^-R, 1 / C(N + M, M).
double least_sign_flip_p(std::size_t rounds);
double least_permutation_p(std::size_t baseline, std::size_t current);

}  // namespace carbonedge
