#include "lib/carbon/intensity_series.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace carbonedge {
namespace {

using std::chrono::seconds;

double width(UtcSeconds from, UtcSeconds to) { return static_cast<double>((to - from).count()); }

/// Samples of a constant hold for ever; this stands for it without overflowing sums of seconds.
constexpr seconds kForever{std::int64_t{1} << 40};

}  // namespace

std::string_view signal_name(IntensitySignal signal) {
    return signal == IntensitySignal::kAverage ? "average" : "marginal";
}
std::string_view scope_name(IntensityScope scope) { return scope == IntensityScope::kDirect ? "direct" : "lifecycle"; }
std::string_view kind_name(IntensityKind kind) { return kind == IntensityKind::kActual ? "actual" : "forecast"; }

IntensitySeries::IntensitySeries(SeriesOrigin origin, std::vector<IntensitySample> samples)
    : origin_(std::move(origin)), samples_(std::move(samples)) {
    if (samples_.empty()) throw std::invalid_argument("an intensity series needs at least one sample");
    for (const IntensitySample& sample : samples_) {
        if (!std::isfinite(sample.intensity.value()) || sample.intensity.value() < 0) {
            throw std::invalid_argument("an intensity is negative or not finite");
        }
    }
    const auto earlier = [](const IntensitySample& left, const IntensitySample& right) {
        return left.start < right.start;
    };
    if (!std::is_sorted(samples_.begin(), samples_.end(), earlier)) {
        std::stable_sort(samples_.begin(), samples_.end(), earlier);
    }
    // Of equal times the last given stays: walk backwards and keep the first seen.
    const auto kept = std::unique(samples_.rbegin(), samples_.rend(),
                                  [](const auto& left, const auto& right) { return left.start == right.start; });
    samples_.erase(samples_.begin(), kept.base());

    if (samples_.size() > 1) {
        std::vector<seconds> distances;
        distances.reserve(samples_.size() - 1);
        for (std::size_t i = 1; i < samples_.size(); ++i)
            distances.push_back(samples_[i].start - samples_[i - 1].start);
        const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
        std::nth_element(distances.begin(), middle, distances.end());
        period_ = *middle;
    }
    held_integral_.assign(samples_.size(), 0.0);
    interpolated_integral_.assign(samples_.size(), 0.0);
    for (std::size_t i = 1; i < samples_.size(); ++i) {
        const double before = samples_[i - 1].intensity.value();
        const double whole = width(samples_[i - 1].start, samples_[i].start);
        held_integral_[i] = held_integral_[i - 1] + before * whole;
        double interpolated = before * whole;
        if (is_gap_after(i - 1)) {
            gaps_.push_back(i - 1);
            const double gap = width(held_until(i - 1), samples_[i].start);
            interpolated = before * (whole - gap) + 0.5 * (before + samples_[i].intensity.value()) * gap;
        }
        interpolated_integral_[i] = interpolated_integral_[i - 1] + interpolated;
    }
}

bool IntensitySeries::is_gap_after(std::size_t index) const {
    if (index + 1 >= samples_.size()) return false;
    return 2 * (samples_[index + 1].start - samples_[index].start) > 3 * period_;
}

UtcSeconds IntensitySeries::held_until(std::size_t index) const {
    if (index + 1 >= samples_.size()) return samples_[index].start + period_;
    return is_gap_after(index) ? samples_[index].start + period_ : samples_[index + 1].start;
}

std::vector<SeriesGap> IntensitySeries::gaps() const {
    std::vector<SeriesGap> found;
    found.reserve(gaps_.size());
    for (const std::size_t index : gaps_) found.push_back({held_until(index), samples_[index + 1].start});
    return found;
}

std::size_t IntensitySeries::index_at(UtcSeconds time) const {
    const auto after = std::upper_bound(samples_.begin(), samples_.end(), time,
                                        [](UtcSeconds at, const IntensitySample& sample) { return at < sample.start; });
    return static_cast<std::size_t>(after - samples_.begin()) - 1;
}

std::optional<NoIntensity> IntensitySeries::gap_within(UtcSeconds from, UtcSeconds to) const {
    const auto first = std::lower_bound(gaps_.begin(), gaps_.end(), from, [this](std::size_t index, UtcSeconds at) {
        return samples_[index + 1].start <= at;
    });
    if (first == gaps_.end() || held_until(*first) >= to) return std::nullopt;
    return NoIntensity{fmt::format("no sample of zone '{}' between {} and {}", origin_.zone,
                                   utc_text(held_until(*first)), utc_text(samples_[*first + 1].start))};
}

double IntensitySeries::integral_to(UtcSeconds time, GapPolicy gap) const {
    const std::size_t index = index_at(time);
    const double before = samples_[index].intensity.value();
    if (gap != GapPolicy::kInterpolate || time <= held_until(index)) {
        const double base = gap == GapPolicy::kInterpolate ? interpolated_integral_[index] : held_integral_[index];
        return base + before * width(samples_[index].start, time);
    }
    const UtcSeconds from = held_until(index);
    const double slope = (samples_[index + 1].intensity.value() - before) / width(from, samples_[index + 1].start);
    const double into = width(from, time);
    return interpolated_integral_[index] + before * width(samples_[index].start, from) +
           (before + 0.5 * slope * into) * into;
}

IntensityAnswer IntensitySeries::at(UtcSeconds time, const SeriesPolicy& policy) const {
    if (time < begin() || time >= end()) {
        if (policy.out_of_range == OutOfRangePolicy::kError) {
            return NoIntensity{fmt::format("{} lies outside the series of zone '{}', {} to {}", utc_text(time),
                                           origin_.zone, utc_text(begin()), utc_text(end()))};
        }
        return time < begin() ? samples_.front().intensity : samples_.back().intensity;
    }
    const std::size_t index = index_at(time);
    const CarbonIntensity before = samples_[index].intensity;
    if (time < held_until(index) || policy.gap == GapPolicy::kHold) return before;
    if (policy.gap == GapPolicy::kError) return *gap_within(time, time + seconds(1));
    const double share = width(held_until(index), time) / width(held_until(index), samples_[index + 1].start);
    return before + (samples_[index + 1].intensity - before) * share;
}

IntensityAnswer IntensitySeries::mean(UtcSeconds from, UtcSeconds to, const SeriesPolicy& policy) const {
    if (to <= from) throw std::invalid_argument("a window of intensity must not be empty");
    if ((from < begin() || to > end()) && policy.out_of_range == OutOfRangePolicy::kError) {
        return NoIntensity{fmt::format("{} to {} reaches outside the series of zone '{}', {} to {}", utc_text(from),
                                       utc_text(to), origin_.zone, utc_text(begin()), utc_text(end()))};
    }
    if (policy.gap == GapPolicy::kError) {
        if (const auto gap = gap_within(from, to)) return *gap;
    }
    if (from >= begin() && to <= end() && index_at(from) == index_at(to - seconds(1)) &&
        to <= held_until(index_at(from))) {
        return samples_[index_at(from)].intensity;  // exact, where a difference of two large integrals would round
    }
    double integral = 0;
    if (from < begin()) integral += samples_.front().intensity.value() * width(from, std::min(to, begin()));
    if (to > end()) integral += samples_.back().intensity.value() * width(std::max(from, end()), to);
    const UtcSeconds inner_from = std::clamp(from, begin(), end());
    const UtcSeconds inner_to = std::clamp(to, begin(), end());
    if (inner_to > inner_from) integral += integral_to(inner_to, policy.gap) - integral_to(inner_from, policy.gap);
    return CarbonIntensity(integral / width(from, to));
}

IntensitySeries IntensitySeries::resampled(std::chrono::seconds step, const SeriesPolicy& policy) const {
    if (step <= seconds(0)) throw std::invalid_argument("a resampling step must be positive");
    std::vector<IntensitySample> means;
    for (UtcSeconds from = begin(); from + step <= end(); from += step) {
        const IntensityAnswer answer = mean(from, from + step, policy);
        if (const auto* intensity = std::get_if<CarbonIntensity>(&answer)) means.push_back({from, *intensity, false});
    }
    if (means.empty()) throw std::invalid_argument("no window of the resampling step lies inside the series");
    IntensitySeries result(origin_, std::move(means));
    return result;
}

IntensitySeries constant_series(SeriesOrigin origin, CarbonIntensity intensity) {
    // Two samples a "forever" apart: the period makes the last one hold for ever, and no time lies before the first.
    const UtcSeconds past{-kForever};
    return {std::move(origin), {{past, intensity, false}, {past + 2 * kForever, intensity, false}}};
}

namespace {

/// Reads exactly `digits` digits at the front of `text` and drops them.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
    if (text.size() < digits) return std::nullopt;
    int number = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        number = number * 10 + (text[i] - '0');
    }
    text.remove_prefix(digits);
    return number;
}

bool take(std::string_view& text, char letter) {
    if (!text.starts_with(letter)) return false;
    text.remove_prefix(1);
    return true;
}

/// "Z", "" or "+01:00"; the seconds to subtract.
std::optional<seconds> take_offset(std::string_view text) {
    if (text.empty() || text == "Z" || text == " UTC") return seconds(0);
    const bool east = text.starts_with('+');
    if (!east && !text.starts_with('-')) return std::nullopt;
    text.remove_prefix(1);
    const auto hours = take_digits(text, 2);
    take(text, ':');
    const auto minutes = take_digits(text, 2);
    if (!hours || !minutes || !text.empty() || *hours > 14 || *minutes > 59) return std::nullopt;
    const seconds offset(*hours * 3600 + *minutes * 60);
    return east ? offset : -offset;
}

}  // namespace

std::optional<UtcSeconds> parse_utc(std::string_view text) {
    const auto year = take_digits(text, 4);
    if (!year || !take(text, '-')) return std::nullopt;
    const auto month = take_digits(text, 2);
    if (!month || !take(text, '-')) return std::nullopt;
    const auto day = take_digits(text, 2);
    if (!day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) return std::nullopt;
    const UtcSeconds midnight = std::chrono::sys_days(date);
    if (text.empty()) return midnight;
    if (!take(text, 'T') && !take(text, ' ')) return std::nullopt;
    const auto hour = take_digits(text, 2);
    if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
    const auto minute = take_digits(text, 2);
    if (!minute || *minute > 59) return std::nullopt;
    int second = 0;
    if (take(text, ':')) {
        const auto read = take_digits(text, 2);
        if (!read || *read > 60) return std::nullopt;
        second = *read;
        if (take(text, '.')) {
            while (!text.empty() && text.front() >= '0' && text.front() <= '9') text.remove_prefix(1);
        }
    }
    const auto offset = take_offset(text);
    if (!offset) return std::nullopt;
    return midnight + seconds(*hour * 3600 + *minute * 60 + second) - *offset;
}

std::string utc_text(UtcSeconds time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const auto second = (time - day).count();
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), second / 3600,
                       second / 60 % 60, second % 60);
}

}  // namespace carbonedge
