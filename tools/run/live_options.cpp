#include "tools/run/live_options.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/units/text.h"
#include "tools/cli/text_options.h"

#include <fmt/format.h>

namespace carbonedge {
namespace {

constexpr const char* kForm = "ZONE=SERVICE:REGION";

void read_live(const std::string& text, LiveOptions& options) {
    const auto [zone, place] = assignment("--live", text, kForm);
    const std::size_t colon = place.find(':');
    const std::string name = place.substr(0, colon);
    const std::string region = colon == std::string::npos ? "" : place.substr(colon + 1);
    const std::optional<IntensityService> service = service_from_name(name);
    if (!service) {
        const std::vector<std::string> names{"electricity-maps", "watttime", "uk", "carbon-aware-sdk"};
        throw UsageError("--live: " + unknown_name_message("service", name, names));
    }
    if (options.service && *options.service != *service) {
        throw UsageError(fmt::format("--live: {} beside {}: one service answers for all zones", service_name(*service),
                                     service_name(*options.service)));
    }
    const bool one_place = *service == IntensityService::kUkCarbonIntensity;
    if (one_place != region.empty()) {
        throw UsageError(fmt::format("--live {}: {}", text,
                                     one_place ? "uk knows one region only, expected ZONE=uk"
                                               : fmt::format("which region of {}, expected {}", name, kForm)));
    }
    for (const LiveZone& other : options.zones) {
        if (other.zone == zone) throw UsageError("--live: zone '" + zone + "' is given twice");
    }
    options.service = service;
    options.zones.push_back({zone, region});
}

}  // namespace

void add_live_options(CLI::App& app, LiveOptions& options) {
    add_list_option(app, "--live", "ask a service for a zone's intensity while the run goes on; may be repeated", kForm,
                    [&options](const std::string& text) { read_live(text, options); });
    add_text_option(app, "--live-url", "address of the service of --live, instead of its own", "",
                    [&options](const std::string& text) { options.base_url = checked_base_url(text); });
    add_text_option(app, "--poll", "how often the service of --live is asked", "5min",
                    [&options](const std::string& text) {
                        options.poll = std::chrono::duration_cast<std::chrono::seconds>(parse_duration(text, "--poll"));
                        if (options.poll < std::chrono::seconds(1) || options.poll > std::chrono::hours(24))
                            throw UsageError("--poll: expected 1s to 24h, such as 5min");
                    });
    app.add_option("--token-file", options.secret.file, "file, readable by its owner only, with the service's token");
    app.add_option("--token-variable", options.secret.variable, "environment variable with the service's token");
}

void require_live(const CLI::App& app, const LiveOptions& options) {
    if (!options.zones.empty()) return;
    for (const char* name : {"--live-url", "--poll", "--token-file", "--token-variable"}) {
        if (app.count(name) > 0) throw UsageError(fmt::format("{} goes with --live {}, see -h", name, kForm));
    }
}

}  // namespace carbonedge
