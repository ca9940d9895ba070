#pragma once

#include "lib/carbon/http_client.h"
#include "lib/carbon/intensity_file.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace carbonedge {

enum class IntensityService { kElectricityMaps, kWattTime, kUkCarbonIntensity, kCarbonAwareSdk };

/// "electricity-maps", "watttime", "uk", "carbon-aware-sdk".
std::string_view service_name(IntensityService service);
std::optional<IntensityService> service_from_name(std::string_view name);

/// What to fetch, from where. `base_url` "" is the service's own address (none for carbon-aware-sdk: it is
/// self-hosted).
struct IntensityQuery {
    IntensityService service = IntensityService::kUkCarbonIntensity;
    std::string base_url;
    UtcSeconds from;
    UtcSeconds to;
    IntensityChoice choice;  ///< zone, and what the service leaves open
};

/// The secret of a service: a token, or for WattTime "name:password". Kept out of every message, file and address.
struct ServiceSecret {
    std::string value;
};

struct FetchPolicy {
    int attempts = 4;
    std::chrono::milliseconds first_delay{
        500};  ///< doubled each time, plus up to a quarter at random; a server's Retry-After counts more
    std::chrono::seconds longest_delay{30};                ///< a server that wants a longer pause is not asked again
    std::string cache_folder;                              ///< "" for no cache
    std::chrono::seconds fresh_for{300};                   ///< a cached answer this young is taken without asking
    std::uint64_t seed = 0;                                ///< of the jitter
    std::function<void(std::chrono::milliseconds)> sleep;  ///< how to wait; tests do not
    std::function<UtcSeconds()> now;
};

/// A series and how it was come by.
struct FetchedIntensity {
    IntensitySeries series;
    UtcSeconds fetched_at;
    bool from_cache = false;
    std::string remark;  ///< "the service answered 429 four times; this value is 2 h 10 min old", or ""
};

/// Fetches, retries on 429, 5xx, time-outs and broken connections, writes the cache, and falls back on it, saying how
/// old it is. Throws EnvironmentError naming service, status and remedy where there is neither answer nor cache; on 401
/// and 403 it says so at once, without retry. An answer that is cut off or of another zone counts as failed. The secret
/// never appears.
FetchedIntensity fetch_intensity(const IntensityQuery& query, const ServiceSecret& secret, HttpClient& client,
                                 const FetchPolicy& policy);

/// A file that only its owner may read as a secret: first line, trimmed. Throws InputError where it is empty, has
/// control characters or may be read by others.
ServiceSecret read_secret_file(const std::string& path);

/// The text of an environment variable as a secret, likewise; `name` is said where it is refused.
ServiceSecret secret_from_variable(const std::string& text, const std::string& name);

/// Where a service is to be asked instead of at its own address: http or https, without user, password, query or
/// fragment. Throws UsageError. A token is only sent over http to this machine itself.
std::string checked_base_url(const std::string& url);

}  // namespace carbonedge
