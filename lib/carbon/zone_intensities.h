#pragma once

#include "lib/carbon/intensity_series.h"
#include "lib/cluster/cluster.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace carbonedge {

/// The series of some zones of a cluster, in the order in which the user named them.
using ZoneSeries = std::vector<std::pair<std::string, IntensitySeries>>;

/// Throws UsageError, naming `option`, where the cluster lacks the zone.
void require_zone(const Cluster& cluster, const std::string& zone, const std::string& option);

/// Throws UsageError, naming `option`, where the series differ in signal or scope, from each other or from nodes of
/// zones that none of them covers: intensities of different kinds are never mixed.
void require_one_kind(const ZoneSeries& series, const Cluster& cluster, const std::string& option);

/// Gives the zone's nodes and links, and the gateway where it is of that zone and counts an intensity, this one.
void set_zone_intensity(Cluster& cluster, const std::string& zone, CarbonIntensity intensity);

/// A zone's intensity from a moment on.
struct ZoneIntensity {
    std::string zone;
    CarbonIntensity intensity;
    bool operator==(const ZoneIntensity&) const = default;
};

/// The intensities of zones as time goes by.
class ZoneIntensities {
public:
    virtual ~ZoneIntensities() = default;
    /// Of all zones, at this moment. Throws UsageError or EnvironmentError where there is none.
    virtual std::vector<ZoneIntensity> at(UtcSeconds time) = 0;
    /// When at() is worth asking again; nothing where it never changes any more.
    virtual std::optional<UtcSeconds> next_change(UtcSeconds after) = 0;
    /// What the last at() could not find out and answered with an older value, a line a zone.
    [[nodiscard]] virtual std::vector<std::string> problems() const { return {}; }
    /// From another thread: an at() that waits for somebody gives up, by Interrupted, within a second or so.
    virtual void interrupt() {}
};

/// Series read back.
class ReplayedIntensities final : public ZoneIntensities {
public:
    ReplayedIntensities(ZoneSeries series, SeriesPolicy policy) : series_(std::move(series)), policy_(policy) {}
    std::vector<ZoneIntensity> at(UtcSeconds time) override;
    std::optional<UtcSeconds> next_change(UtcSeconds after) override;

private:
    ZoneSeries series_;
    SeriesPolicy policy_;
};

}  // namespace carbonedge
