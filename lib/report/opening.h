#pragma once

#include "lib/carbon/intensity_series.h"
#include "lib/carbon/intensity_statistics.h"
#include "lib/gate/history.h"
#include "lib/partition/partition.h"
#include "lib/profile/profile.h"
#include "lib/profile/samples.h"
#include "lib/report/subject.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace carbonedge {

/// The three sentences that a report opens with, for a reader who reads nothing else: what was looked at, what it emits
/// (or takes) and why, how sure that is. Numbers carry a unit of everyday size.

std::vector<std::string> opening_of_plan(const Subject& subject);

/// `subject.run` is set. `seed` is that of the bootstrap.
std::vector<std::string> opening_of_run(const Subject& subject, std::uint64_t seed);

/// The policy that emits least against the baseline, with the cause that weighs most.
std::vector<std::string> opening_of_comparison(std::span<const Subject> subjects, std::size_t baseline,
                                               std::uint64_t seed);

std::vector<std::string> opening_of_profile(const Profile& profile);

/// `imbalance_percent` of the measured time.
std::vector<std::string> opening_of_partition(const Partition& partition, std::optional<double> imbalance_percent);

/// Seconds are medians over the rounds of CPU time a pass; `before_seconds` where two models ran in turns.
std::vector<std::string> opening_of_samples(const Samples& samples, double seconds,
                                            std::optional<double> before_seconds);

/// How far a metric of a history is from its first value, in percent.
struct HistoryChange {
    std::string metric;
    double percent = 0;
};
/// `moves`: where a metric moved to another level, as text. `left_out`: entries that cannot be held against the last.
std::vector<std::string> opening_of_history(const History& history, const std::vector<HistoryChange>& changes,
                                            const std::vector<std::string>& moves, std::size_t left_out);

std::vector<std::string> opening_of_intensity(const IntensitySeries& series, const IntensityStatistics& statistics);

}  // namespace carbonedge
