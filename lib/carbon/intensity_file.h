#pragma once

#include "lib/carbon/intensity_series.h"

#include <optional>
#include <string>
#include <string_view>

namespace carbonedge {

/// What a file of intensities does not say by itself and the user has to.
struct IntensityChoice {
    std::optional<IntensityScope> scope;    ///< needed where a file has both, or does not say
    std::optional<IntensitySignal> signal;  ///< needed where a file does not say
    std::string zone;                       ///< "" takes the file's; needed where a file holds several
};

/// Reads an intensity file and recognises it by its content (docs/carbon.md):
/// - Electricity Maps CSV, all header generations (2021-2023 "(direct)" / "(LCA)", 2024 "(direct)" / "(Life cycle)",
/// the API
///   dumps with `carbon_intensity_avg`), by column name, with or without a byte order mark, "CO2" or "CO₂", empty
///   cells;
/// - WattTime v3 JSON (`lbs_co2_per_mwh`: 1 lb = 0.45359237 kg), UK Carbon Intensity API JSON, Carbon Aware SDK JSON,
///   Electricity Maps API v3 JSON;
/// - our own `carbonedge.intensity/1` CSV.
/// Rows without a value are gaps. Throws InputError with file and line, also where `choice` contradicts the file or is
/// needed.
IntensitySeries read_intensity(std::string_view text, const std::string& file, const IntensityChoice& choice);

/// Our own form: `# key: JSON value` lines, then `start_utc,intensity_gco2e_per_kwh,estimated`. Reads back to the same
/// series.
std::string write_intensity(const IntensitySeries& series);

/// Grams per kilowatt-hour of one pound per megawatt-hour: 453.59237 g / 1000 kWh (the pound's definition of 1959).
inline constexpr double kGramsPerKilowattHourOfPoundPerMegawattHour = 0.45359237;

}  // namespace carbonedge
