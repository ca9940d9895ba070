#pragma once

#include "lib/units/quantity.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace carbonedge {

/// Seconds since 1970-01-01T00:00:00Z. Series know no other time.
using UtcSeconds = std::chrono::sys_seconds;

enum class IntensitySignal { kAverage, kMarginal };
enum class IntensityScope { kDirect, kLifecycle };
enum class IntensityKind { kActual, kForecast };

std::string_view signal_name(IntensitySignal signal);  ///< "average" | "marginal"
std::string_view scope_name(IntensityScope scope);     ///< "direct" | "lifecycle"
std::string_view kind_name(IntensityKind kind);        ///< "actual" | "forecast"

/// What a series is of. Two series that differ in signal or scope are never mixed (docs/carbon.md).
struct SeriesOrigin {
    std::string zone;
    IntensitySignal signal = IntensitySignal::kAverage;
    IntensityScope scope = IntensityScope::kLifecycle;
    IntensityKind kind = IntensityKind::kActual;
    std::string source;   ///< "Electricity Maps CSV de.csv", "constant", ...
    std::string licence;  ///< what the source asks of whoever shows the numbers; "" unknown

    bool operator==(const SeriesOrigin&) const = default;
};

/// An intensity that holds from `start` until the next sample.
struct IntensitySample {
    UtcSeconds start;
    CarbonIntensity intensity;
    bool estimated = false;  ///< the publisher marked it as such

    bool operator==(const IntensitySample&) const = default;
};

/// What to take where samples are further apart than they should be.
enum class GapPolicy { kError, kHold, kInterpolate };
/// What to take before the first sample and after the end of the last.
enum class OutOfRangePolicy { kError, kHold };

/// Both policies are always the caller's choice; a value is never invented silently.
struct SeriesPolicy {
    GapPolicy gap = GapPolicy::kError;
    OutOfRangePolicy out_of_range = OutOfRangePolicy::kError;
};

/// Why a series has no value there: an answer, not an error.
struct NoIntensity {
    std::string reason;  ///< "no sample between 2022-08-03T01:00:00Z and 2022-08-03T05:00:00Z"
};
using IntensityAnswer = std::variant<CarbonIntensity, NoIntensity>;

/// A stretch without a sample.
struct SeriesGap {
    UtcSeconds from;  ///< end of the sample before it
    UtcSeconds to;    ///< start of the sample after it
};

/// A time-stamped carbon intensity, strictly increasing in time. A sample holds for the series' nominal period (the
/// median distance of its samples); where the next one starts more than half a period later than that, there is a gap.
class IntensitySeries {
public:
    /// Sorts; of samples with one time the last given wins (a publisher's correction). Throws std::invalid_argument on
    /// an empty list or a negative or non-finite intensity.
    IntensitySeries(SeriesOrigin origin, std::vector<IntensitySample> samples);

    [[nodiscard]] const SeriesOrigin& origin() const { return origin_; }
    [[nodiscard]] const std::vector<IntensitySample>& samples() const { return samples_; }
    [[nodiscard]] std::chrono::seconds period() const { return period_; }
    [[nodiscard]] UtcSeconds begin() const { return samples_.front().start; }
    /// Where the last sample stops holding.
    [[nodiscard]] UtcSeconds end() const { return samples_.back().start + period_; }
    [[nodiscard]] std::vector<SeriesGap> gaps() const;

    /// The intensity at one moment. O(log n).
    [[nodiscard]] IntensityAnswer at(UtcSeconds time, const SeriesPolicy& policy) const;

    /// The exact time-weighted mean over [from, to), however many samples the window crosses. O(log n). to > from.
    [[nodiscard]] IntensityAnswer mean(UtcSeconds from, UtcSeconds to, const SeriesPolicy& policy) const;

    /// Means over consecutive windows of `step` from begin() to end(); a last shorter window is left out. Windows
    /// without an answer under `policy` are left out as well.
    [[nodiscard]] IntensitySeries resampled(std::chrono::seconds step, const SeriesPolicy& policy) const;

private:
    /// Integral of intensity over time [g/kWh x s] from begin() to `time` under `gap`, `time` within [begin(), end()].
    [[nodiscard]] double integral_to(UtcSeconds time, GapPolicy gap) const;
    [[nodiscard]] std::size_t index_at(UtcSeconds time) const;
    [[nodiscard]] bool is_gap_after(std::size_t index) const;
    [[nodiscard]] UtcSeconds held_until(std::size_t index) const;
    [[nodiscard]] std::optional<NoIntensity> gap_within(UtcSeconds from, UtcSeconds to) const;

    SeriesOrigin origin_;
    std::vector<IntensitySample> samples_;
    std::chrono::seconds period_{3600};
    std::vector<double> held_integral_;          ///< up to each sample's start, gaps held
    std::vector<double> interpolated_integral_;  ///< ... gaps interpolated
    std::vector<std::size_t> gaps_;              ///< indices of the samples before a gap, ascending
};

/// The one value of a place whose intensity is taken as constant, valid at every time.
IntensitySeries constant_series(SeriesOrigin origin, CarbonIntensity intensity);

/// Reads "2023-01-01 00:00:00", "2023-01-01T00:00:00Z", fractions of a second (dropped) and offsets "+01:00"; without
/// an offset the time is UTC. Nothing where it is no such time.
std::optional<UtcSeconds> parse_utc(std::string_view text);
std::string utc_text(UtcSeconds time);  ///< "2023-01-01T00:00:00Z"

}  // namespace carbonedge
