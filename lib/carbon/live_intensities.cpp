#include "lib/carbon/live_intensities.h"

#include "lib/base/errors.h"

#include <fmt/format.h>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace carbonedge {

LiveIntensities::LiveIntensities(std::vector<LiveZone> zones, IntensityQuery query, ServiceSecret secret,
                                 const MakeClient& make_client, LivePolicy policy)
    : query_(std::move(query)),
      secret_(std::move(secret)),
      policy_(std::move(policy)),
      client_(make_client(stop_.get_token())) {
    for (LiveZone& zone : zones) zones_.push_back({std::move(zone), std::nullopt, std::nullopt, {}});
    policy_.fetch.sleep = [stop = stop_.get_token()](std::chrono::milliseconds time) {
        std::mutex mutex;
        std::condition_variable_any never;
        std::unique_lock lock(mutex);
        never.wait_for(lock, stop, time, [] { return false; });
        if (stop.stop_requested()) throw Interrupted();
    };
}

LiveIntensities::~LiveIntensities() = default;

CarbonIntensity LiveIntensities::ask(Zone& zone, UtcSeconds time) {
    IntensityQuery query = query_;
    query.choice.zone = zone.names.region;
    query.from = time - policy_.look_back;
    query.to = time;
    zone.series = fetch_intensity(query, secret_, *client_, policy_.fetch).series;
    const IntensitySample* latest = nullptr;
    for (const IntensitySample& sample : zone.series->samples()) {
        if (sample.start <= time) latest = &sample;
    }
    if (latest == nullptr || latest->start + policy_.stale_after < time) {
        throw EnvironmentError(fmt::format("{}: the latest value of zone '{}' is of {}", service_name(query.service),
                                           zone.names.zone, latest == nullptr ? "the future" : utc_text(latest->start)),
                               "ask for another zone, or run with --series");
    }
    return latest->intensity;
}

std::vector<ZoneIntensity> LiveIntensities::at(UtcSeconds time) {
    std::vector<ZoneIntensity> values;
    const bool known = asked_at_ == time;
    asked_at_ = time;
    for (Zone& zone : zones_) {
        if (known && zone.value) {
            values.push_back({zone.names.zone, *zone.value});
            continue;
        }
        const bool first = !zone.value;
        try {
            zone.value = ask(zone, time);
            zone.problem.clear();
        } catch (const EnvironmentError& error) {
            if (stop_.stop_requested()) throw Interrupted();
            if (first) throw;
            zone.problem = fmt::format("zone {}: {}", zone.names.zone, error.what());
        }
        values.push_back({zone.names.zone, *zone.value});
    }
    return values;
}

std::vector<std::string> LiveIntensities::problems() const {
    std::vector<std::string> problems;
    for (const Zone& zone : zones_) {
        if (!zone.problem.empty()) problems.push_back(zone.problem);
    }
    return problems;
}

ZoneSeries LiveIntensities::latest_series() const {
    ZoneSeries series;
    for (const Zone& zone : zones_) {
        if (zone.series) series.emplace_back(zone.names.zone, *zone.series);
    }
    return series;
}

}  // namespace carbonedge
