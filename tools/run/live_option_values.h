#pragma once

#include "lib/carbon/live_intensities.h"
#include "tools/cli/service_secret.h"

#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// Intensities that a service is asked for while the run goes on, as the command line says. Free of CLI11.
struct LiveOptions {
    std::vector<LiveZone> zones;
    std::optional<IntensityService> service;  ///< one for all zones
    std::string base_url;                     ///< instead of the service's own
    SecretOptions secret;
    std::chrono::seconds poll{300};
};

}  // namespace carbonedge
