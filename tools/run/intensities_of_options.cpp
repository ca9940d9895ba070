#include "tools/run/intensities_of_options.h"

#include <algorithm>

namespace carbonedge {
namespace {

constexpr std::chrono::seconds kLongestAnswer{20};

UtcSeconds now_utc() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

ChangingIntensities live_intensities(const LiveOptions& options, const IntensityChoice& choice, const Plan& plan,
                                     const std::stop_token& stop) {
    for (const LiveZone& zone : options.zones) require_zone(plan.cluster, zone.zone, "--live");
    IntensityQuery query;
    query.service = *options.service;
    query.base_url = options.base_url;
    query.choice = choice;
    const auto make_client = [](const std::stop_token& given_up) {
        HttpLimits limits;
        limits.total_timeout = kLongestAnswer;
        limits.stop = given_up;
        return make_http_client(limits);
    };
    LivePolicy policy;
    policy.period = options.poll;
    policy.fetch.now = now_utc;
    auto live = std::make_unique<LiveIntensities>(options.zones, query, secret_of(options.secret), make_client, policy);
    const UtcSeconds now = now_utc();
    const std::stop_callback give_up(stop, [asked = live.get()] { asked->interrupt(); });
    static_cast<void>(live->at(now));
    require_one_kind(live->latest_series(), plan.cluster, "--live");
    return {std::move(live), {now, 1}};
}

}  // namespace

ChangingIntensities changing_intensities(const RunToolOptions& options, const Plan& plan, std::istream& in,
                                         const std::stop_token& stop) {
    if (!options.live.zones.empty()) return live_intensities(options.live, options.series.choice, plan, stop);
    if (options.series.files.empty()) return {};
    ZoneSeries series = read_zone_series(options.series, plan.cluster, in);
    const UtcSeconds from = options.series.from.value_or(common_start(series));
    return {std::make_unique<ReplayedIntensities>(std::move(series), options.series_policy), {from, options.speed}};
}

}  // namespace carbonedge
