#pragma once

#include "lib/carbon/intensity_fetch.h"
#include "lib/carbon/zone_intensities.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace carbonedge {

/// A zone of the cluster and what a service calls it.
struct LiveZone {
    std::string zone;
    std::string region;  ///< "" where the service knows one place only
};

struct LivePolicy {
    std::chrono::seconds period{300};                       ///< between two questions
    std::chrono::seconds look_back{std::chrono::hours(6)};  ///< a question covers so much of the past
    /// A latest value that is older does not say what holds now. Services publish half an hour to two hours late.
    std::chrono::seconds stale_after{std::chrono::hours(3)};
    FetchPolicy fetch;  ///< its `sleep` is not used: waiting ends when interrupt() is called
};

/// What a service says holds now, asked again and again. The latest value of the past stands for the present: services
/// have nothing newer that is not a forecast.
class LiveIntensities final : public ZoneIntensities {
public:
    /// `query` says which service and where; its times and its zone are set for each question.
    /// The client that `make_client` gives ends its requests soon when the token says so.
    using MakeClient = std::function<std::unique_ptr<HttpClient>(const std::stop_token& stop)>;
    LiveIntensities(std::vector<LiveZone> zones, IntensityQuery query, ServiceSecret secret,
                    const MakeClient& make_client, LivePolicy policy);
    ~LiveIntensities() override;

    /// Asks for every zone. One that cannot be had keeps its last value, and problems() says why; where it has none
    /// yet this throws what fetch_intensity() throws. Asked again for the same moment it gives the same answer. Throws
    /// Interrupted.
    std::vector<ZoneIntensity> at(UtcSeconds time) override;
    std::optional<UtcSeconds> next_change(UtcSeconds after) override { return after + policy_.period; }
    [[nodiscard]] std::vector<std::string> problems() const override;
    void interrupt() override { stop_.request_stop(); }

    /// The series of the last answers, so that their kind can be held against a cluster's.
    [[nodiscard]] ZoneSeries latest_series() const;

private:
    struct Zone {
        LiveZone names;
        std::optional<IntensitySeries> series;
        std::optional<CarbonIntensity> value;
        std::string problem;  ///< of the last question
    };

    CarbonIntensity ask(Zone& zone, UtcSeconds time);

    std::vector<Zone> zones_;
    IntensityQuery query_;
    ServiceSecret secret_;
    LivePolicy policy_;
    std::optional<UtcSeconds> asked_at_;
    std::stop_source stop_;
    std::unique_ptr<HttpClient> client_;
};

}  // namespace carbonedge
