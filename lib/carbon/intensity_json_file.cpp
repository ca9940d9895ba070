#include "lib/carbon/intensity_csv_file.h"

#include "lib/formats/json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace carbonedge {
namespace {

constexpr double kLargestIntensity = 1e6;

UtcSeconds time_at(const JsonCursor& object, std::string_view key) {
    const JsonCursor cursor = object.at(key);
    const std::optional<UtcSeconds> time = parse_utc(cursor.text());
    if (!time)
        cursor.refuse(fmt::format("the time '{}' is none, expected one such as 2023-01-01T00:00:00Z", cursor.text()));
    return *time;
}

IntensitySeries finish(const JsonCursor& where, SeriesOrigin origin, std::vector<IntensitySample> samples) {
    if (samples.empty()) where.refuse("holds no intensity");
    return {std::move(origin), std::move(samples)};
}

void hold_to_choice(const JsonCursor& where, const SeriesOrigin& origin, const IntensityChoice& choice) {
    if (choice.signal && *choice.signal != origin.signal) {
        where.refuse(fmt::format("holds {} intensities, --signal {} was asked for", signal_name(origin.signal),
                                 signal_name(*choice.signal)));
    }
    if (choice.scope && *choice.scope != origin.scope) {
        where.refuse(fmt::format("holds {} intensities, --scope {} was asked for", scope_name(origin.scope),
                                 scope_name(*choice.scope)));
    }
    if (!choice.zone.empty() && choice.zone != origin.zone) {
        where.refuse(fmt::format("holds the zone '{}', --zone {} was asked for", origin.zone, choice.zone));
    }
}

/// {"data": [{"point_time", "value"}], "meta": {"region", "signal_type", "units"}}
IntensitySeries read_watttime(const JsonCursor& root, const IntensityChoice& choice) {
    const JsonCursor meta = root.at("meta");
    const std::string units = meta.at("units").text();
    if (units != "lbs_co2_per_mwh")
        meta.at("units").refuse(fmt::format("the unit '{}' is not known, expected lbs_co2_per_mwh", units));
    const std::string signal = meta.at("signal_type").text();
    SeriesOrigin origin;
    origin.zone = meta.at("region").text();
    if (signal == "co2_moer") {
        origin.signal = IntensitySignal::kMarginal;
    } else if (signal == "co2_aoer") {
        origin.signal = IntensitySignal::kAverage;
    } else {
        meta.at("signal_type")
            .refuse(fmt::format("the signal '{}' is no carbon intensity, expected co2_moer or co2_aoer", signal));
    }
    origin.scope = IntensityScope::kDirect;
    origin.source = fmt::format("WattTime v3 {}", signal);
    origin.licence = "WattTime: for the account that fetched it";
    std::vector<IntensitySample> samples;
    for (const JsonCursor& point : root.at("data").elements()) {
        if (point.at("value").is_null()) continue;
        const double pounds = point.at("value").number(0, kLargestIntensity);
        samples.push_back({time_at(point, "point_time"),
                           CarbonIntensity(pounds * kGramsPerKilowattHourOfPoundPerMegawattHour), false});
    }
    if (const auto generated = meta.find("generated_at"); generated && !samples.empty()) {
        const auto made = parse_utc(generated->text());
        if (made && *made <= samples.front().start) origin.kind = IntensityKind::kForecast;
    }
    hold_to_choice(root, origin, choice);
    return finish(root, std::move(origin), std::move(samples));
}

/// {"data": [{"from", "to", "intensity": {"forecast", "actual"}}]}
IntensitySeries read_uk(const JsonCursor& root, const IntensityChoice& choice) {
    SeriesOrigin origin{"GB",
                        IntensitySignal::kAverage,
                        IntensityScope::kDirect,
                        IntensityKind::kActual,
                        "UK Carbon Intensity API",
                        "CC BY 4.0 National Energy System Operator"};
    std::vector<IntensitySample> samples;
    for (const JsonCursor& slot : root.at("data").elements()) {
        const JsonCursor intensity = slot.at("intensity");
        const auto actual = intensity.find("actual");
        const bool has_actual = actual && !actual->is_null();
        const auto forecast = intensity.find("forecast");
        if (!has_actual && (!forecast || forecast->is_null())) continue;
        // Where the settled value is not out yet the forecast stands in, and says so.
        const double value = (has_actual ? *actual : *forecast).number(0, kLargestIntensity);
        samples.push_back({time_at(slot, "from"), CarbonIntensity(value), !has_actual});
    }
    hold_to_choice(root, origin, choice);
    return finish(root, std::move(origin), std::move(samples));
}

/// [{"location"|"Location", "time"|"Time", "rating"|"Rating"}]: the SDK hides whether it is average or marginal.
IntensitySeries read_carbon_aware_sdk(const JsonCursor& root, const IntensityChoice& choice) {
    if (!choice.signal || !choice.scope) {
        root.refuse(
            "Carbon Aware SDK answers do not say what they hold: say --signal average|marginal and --scope "
            "direct|lifecycle");
    }
    SeriesOrigin origin;
    origin.signal = *choice.signal;
    origin.scope = *choice.scope;
    origin.zone = choice.zone;
    origin.source = "Carbon Aware SDK";
    std::vector<IntensitySample> samples;
    for (const JsonCursor& entry : root.elements()) {
        const bool upper = entry.find("Rating").has_value();
        const std::string location = entry.at(upper ? "Location" : "location").text();
        if (origin.zone.empty()) origin.zone = location;
        if (location != origin.zone) {
            if (!choice.zone.empty()) continue;
            entry.refuse(
                fmt::format("holds the zones '{}' and '{}': say which, --zone {}", origin.zone, location, location));
        }
        const double rating = entry.at(upper ? "Rating" : "rating").number(-1, kLargestIntensity);
        if (rating < 0) continue;  // the SDK writes -1 where it has no value
        samples.push_back({time_at(entry, upper ? "Time" : "time"), CarbonIntensity(rating), false});
    }
    return finish(root, std::move(origin), std::move(samples));
}

/// One value, {"zone", "history": [..]}, {"zone", "data": [..]} or {"zone", "forecast": [..]}.
IntensitySeries read_electricity_maps(const JsonCursor& root, const IntensityChoice& choice) {
    SeriesOrigin origin;
    origin.zone = root.at("zone").text();
    origin.source = "Electricity Maps API v3";
    origin.licence = "Electricity Maps: attribute; redistribution is restricted";
    std::optional<IntensityScope> scope = choice.scope;
    std::vector<IntensitySample> samples;
    const auto add = [&](const JsonCursor& entry) {
        if (const auto type = entry.find("emissionFactorType")) {
            const IntensityScope stated =
                type->text() == "direct" ? IntensityScope::kDirect : IntensityScope::kLifecycle;
            if (scope && *scope != stated)
                type->refuse(fmt::format("is {}, --scope {} was asked for", type->text(), scope_name(*scope)));
            scope = stated;
        }
        const JsonCursor value = entry.at("carbonIntensity");
        if (value.is_null()) return;
        const auto estimated = entry.find("isEstimated");
        samples.push_back({time_at(entry, "datetime"), CarbonIntensity(value.number(0, kLargestIntensity)),
                           estimated && !estimated->is_null() && estimated->boolean()});
    };
    bool list = false;
    for (const std::string_view key : {"history", "data", "forecast"}) {
        const auto entries = root.find(key);
        if (!entries) continue;
        list = true;
        if (key == "forecast") origin.kind = IntensityKind::kForecast;
        for (const JsonCursor& entry : entries->elements()) add(entry);
    }
    if (!list) add(root);
    if (!scope)
        root.refuse("does not say whether it is direct or lifecycle: say which, --scope direct or --scope lifecycle");
    origin.scope = *scope;
    hold_to_choice(root, origin, choice);
    return finish(root, std::move(origin), std::move(samples));
}

}  // namespace

IntensitySeries read_intensity_json(std::string_view text, const std::string& file, const IntensityChoice& choice) {
    const JsonDocument document = read_json(text, file);
    const JsonCursor root = document.root();
    if (root.is_array()) return read_carbon_aware_sdk(root, choice);
    if (root.find("zone")) return read_electricity_maps(root, choice);
    if (root.find("meta")) return read_watttime(root, choice);
    if (root.find("data")) return read_uk(root, choice);
    root.refuse(
        "is no known answer with intensities, expected WattTime v3, UK Carbon Intensity API, Carbon Aware SDK or "
        "Electricity Maps v3 JSON");
}

}  // namespace carbonedge
