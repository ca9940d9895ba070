#pragma once

#include "lib/carbon/zone_intensities.h"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace carbonedge {

/// How the time of the intensities runs beside the run's own: it is `from` when the feed starts, and `speed` of its
/// seconds go by in a second. A series of a day is replayed in a minute at a speed of 1440.
struct FeedClock {
    UtcSeconds from;
    double speed = 1;
};

/// Tells of every new intensity when its time has come, in a thread of its own.
class IntensityFeed {
public:
    /// Hears of the zones whose value is another than before.
    using OnChange = std::function<void(UtcSeconds time, const std::vector<ZoneIntensity>& changed)>;
    using OnProblem = std::function<void(const std::string& problem)>;

    /// Reads the values of the first moment. Throws what `intensities` throws.
    IntensityFeed(std::unique_ptr<ZoneIntensities> intensities, FeedClock clock);

    /// Of all zones when the feed starts.
    [[nodiscard]] const std::vector<ZoneIntensity>& first() const { return values_; }
    [[nodiscard]] FeedClock clock() const { return clock_; }

    /// From now on. A moment without a value is told to `on_problem`, once for each; the last values stay. Neither is
    /// called once stop() has returned.
    void start(OnChange on_change, OnProblem on_problem);
    void stop();

private:
    void follow(const std::stop_token& stop, const OnChange& on_change, const OnProblem& on_problem);

    std::unique_ptr<ZoneIntensities> intensities_;
    FeedClock clock_;
    std::vector<ZoneIntensity> values_;
    std::jthread thread_;
};

}  // namespace carbonedge
