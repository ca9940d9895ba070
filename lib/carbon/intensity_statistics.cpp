#include "lib/carbon/intensity_statistics.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace carbonedge {
namespace {

struct Sums {
    double count = 0;
    double sum = 0;
    double squares = 0;

    void add(double value) {
        ++count;
        sum += value;
        squares += value * value;
    }
    [[nodiscard]] double mean() const { return sum / count; }
    [[nodiscard]] double deviation() const { return std::sqrt(std::max(0.0, squares / count - mean() * mean())); }
};

}  // namespace

IntensityStatistics intensity_statistics(const IntensitySeries& series) {
    IntensityStatistics result;
    Sums all;
    std::map<std::chrono::sys_days, Sums> days;
    std::array<Sums, 24> hours;
    double estimated = 0;
    result.lowest = result.highest = series.samples().front().intensity;
    for (const IntensitySample& sample : series.samples()) {
        const double value = sample.intensity.value();
        const auto day = std::chrono::floor<std::chrono::days>(sample.start);
        all.add(value);
        days[day].add(value);
        hours[static_cast<std::size_t>((sample.start - day) / std::chrono::hours(1))].add(value);
        result.lowest = std::min(result.lowest, sample.intensity);
        result.highest = std::max(result.highest, sample.intensity);
        if (sample.estimated) ++estimated;
    }
    result.mean = CarbonIntensity(all.mean());
    result.estimated_share = estimated / all.count;

    std::chrono::seconds missing{0};
    for (const SeriesGap& gap : series.gaps()) {
        missing += gap.to - gap.from;
        result.longest_gap = std::max(result.longest_gap, gap.to - gap.from);
    }
    const auto whole = series.end() - series.begin();
    result.coverage = 1.0 - static_cast<double>(missing.count()) / static_cast<double>(whole.count());

    Sums variation;
    for (const auto& [day, sums] : days) {
        if (sums.count >= 2 && sums.mean() > 0) variation.add(sums.deviation() / sums.mean());
    }
    if (variation.count > 0) result.daily_variation = variation.mean();
    for (std::size_t hour = 0; hour < hours.size(); ++hour) {
        if (hours[hour].count > 0) result.by_hour[hour] = CarbonIntensity(hours[hour].mean());
    }
    return result;
}

std::optional<CleanestWindow> cleanest_window(const IntensitySeries& series, std::chrono::seconds length,
                                              const SeriesPolicy& policy) {
    std::optional<CleanestWindow> best;
    const auto consider = [&](UtcSeconds start) {
        if (start < series.begin() || start + length > series.end()) return;
        const IntensityAnswer answer = series.mean(start, start + length, policy);
        const auto* mean = std::get_if<CarbonIntensity>(&answer);
        if (mean == nullptr) return;
        if (!best || *mean < best->mean || (*mean == best->mean && start < best->start)) best = {start, *mean};
    };
    for (const IntensitySample& sample : series.samples()) {
        consider(sample.start);
        consider(sample.start - length);
    }
    consider(series.end() - length);
    return best;
}

}  // namespace carbonedge
