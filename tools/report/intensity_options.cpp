#include "tools/report/intensity_options.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/units/text.h"
#include "tools/cli/standard_options.h"

#include <fmt/format.h>
#include <array>

namespace carbonedge {
namespace {

template <class Value>
std::function<void(const std::string&)> choose(std::string option, std::vector<std::pair<std::string, Value>> values,
                                               std::function<void(Value)> take) {
    return [option = std::move(option), values = std::move(values), take = std::move(take)](const std::string& word) {
        std::vector<std::string> names;
        for (const auto& [name, value] : values) {
            if (name == word) return take(value);
            names.push_back(name);
        }
        throw UsageError(option + ": " + unknown_name_message("value", word, names));
    };
}

UtcSeconds parse_time(const std::string& option, const std::string& word) {
    const std::optional<UtcSeconds> time = parse_utc(word);
    if (!time)
        throw UsageError(fmt::format("{}: '{}' is no time, expected one such as 2024-01-31T12:00Z", option, word));
    return *time;
}

void add_source_options(CLI::App& app, IntensityOptions& options) {
    app.add_option("SERIES", options.file, "file of intensities; '-' is standard input");
    app.add_option_function<std::string>(
        "--scope",
        choose<IntensityScope>("--scope",
                               {{"direct", IntensityScope::kDirect}, {"lifecycle", IntensityScope::kLifecycle}},
                               [&](IntensityScope scope) { options.query.choice.scope = scope; }),
        "direct or lifecycle, where the source has both or does not say");
    app.add_option_function<std::string>(
        "--signal",
        choose<IntensitySignal>("--signal",
                                {{"average", IntensitySignal::kAverage}, {"marginal", IntensitySignal::kMarginal}},
                                [&](IntensitySignal signal) { options.query.choice.signal = signal; }),
        "average or marginal, where the source does not say");
    app.add_option("--zone", options.query.choice.zone, "zone, where the source holds several");
    app.add_option("--country", options.countries, "show the yearly mean of this country; may be repeated")
        ->type_name("CODE")
        ->take_all()
        ->allow_extra_args(false);
    app.add_flag("--countries", options.all_countries, "show the yearly means of all countries in the table");
    app.add_option("--country-table", options.country_table, "yearly means of countries, instead of the built-in table")
        ->type_name("FILE");
}

void add_service_options(CLI::App& app, IntensityOptions& options) {
    app.add_option_function<std::string>(
        "--service",
        choose<IntensityService>("--service",
                                 {{"electricity-maps", IntensityService::kElectricityMaps},
                                  {"watttime", IntensityService::kWattTime},
                                  {"uk", IntensityService::kUkCarbonIntensity},
                                  {"carbon-aware-sdk", IntensityService::kCarbonAwareSdk}},
                                 [&](IntensityService service) { options.service = service; }),
        "ask a service: electricity-maps, watttime, uk, carbon-aware-sdk");
    app.add_option_function<std::string>(
        "--url", [&](const std::string& word) { options.query.base_url = checked_base_url(word); },
        "address of the service, instead of its own");
    app.add_option_function<std::string>(
           "--timeout",
           [&](const std::string& word) {
               options.timeout =
                   std::chrono::duration_cast<std::chrono::milliseconds>(parse_duration(word, "--timeout"));
               if (options.timeout.count() <= 0 || options.timeout > std::chrono::hours(1))
                   throw UsageError("--timeout: expected 1ms to 1h, such as 20s");
           },
           "how long one answer may take")
        ->default_str("20s");
    app.add_option("--attempts", options.attempts, "how often a service that fails is asked")
        ->check(CLI::Range(1, 20))
        ->capture_default_str();
    app.add_option_function<std::string>(
        "--from", [&](const std::string& word) { options.query.from = parse_time("--from", word); },
        "start of what is asked for, UTC");
    app.add_option_function<std::string>(
        "--to", [&](const std::string& word) { options.query.to = parse_time("--to", word); },
        "end of what is asked for, UTC");
    app.add_option("--token-file", options.secret.file, "file, readable by its owner only, with the service's token");
    app.add_option("--token-variable", options.secret.variable, "environment variable with the service's token");
    app.add_option("--cache", options.cache_folder, "folder that keeps answers for when the service fails");
    app.add_option("--save", options.save, "also write the series here, as carbonedge.intensity/1");
}

}  // namespace

bool parse_intensity_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                             std::ostream& err, IntensityOptions& options) {
    CLI::App app("Describes a series of carbon intensities from a file or a service.", "carbonedge-report intensity");
    add_source_options(app, options);
    add_service_options(app, options);
    app.add_option_function<std::string>(
           "--gap",
           choose<GapPolicy>(
               "--gap",
               {{"error", GapPolicy::kError}, {"hold", GapPolicy::kHold}, {"interpolate", GapPolicy::kInterpolate}},
               [&](GapPolicy gap) { options.policy.gap = gap; }),
           "windows over a gap: error (they do not count), hold, interpolate")
        ->default_str("error");
    app.add_option_function<std::string>(
           "--window",
           [&](const std::string& word) {
               options.window = std::chrono::duration_cast<std::chrono::seconds>(parse_duration(word, "--window"));
               if (options.window <= std::chrono::seconds(0))
                   throw UsageError("--window: must be a second or longer, such as 4h");
           },
           "length of the cleanest window to look for")
        ->default_str("4h");
    app.add_option("--run", options.runs, "run logs whose starts the picture marks (comma-separated)")->delimiter(',');
    app.add_flag("--plot", options.plot, "text: with the picture, in characters");
    app.add_option("--table", options.table, "print this table alone: summary, hours, gaps, samples");
    app.add_option("--width", options.width, "characters a line of text may have (0: the terminal's, else 120)")
        ->capture_default_str();
    add_format_option(app, options.standard, {"text", "csv", "json", "jsonl", "markdown", "html", "svg", "png"});
    add_standard_options(app, options.standard);
    if (!parse_command_line(app, argc, argv, page, out, err, options.standard)) return false;
    const bool countries = options.all_countries || !options.countries.empty();
    if ((options.file.empty() ? 0 : 1) + (options.service ? 1 : 0) + (countries ? 1 : 0) != 1)
        throw UsageError("give either a SERIES, --service, or --country (or --countries), see -h");
    if (!countries && !options.country_table.empty())
        throw UsageError("--country-table: says where --country and --countries look; give one of them");
    if (options.service) {
        if (options.query.to <= options.query.from)
            throw UsageError("--service needs --from and a later --to, such as --from 2024-01-31 --to 2024-02-01");
        options.query.service = *options.service;
    }
    return true;
}

}  // namespace carbonedge
