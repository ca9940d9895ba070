#pragma once

#include "lib/carbon/intensity_series.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// The mean carbon intensity of a country's electricity in one year, and who says so.
struct CountryIntensity {
    std::string code;  ///< ISO 3166-1 alpha-2
    std::string name;
    int year = 0;
    CarbonIntensity intensity;
    IntensitySignal signal = IntensitySignal::kAverage;
    IntensityScope scope = IntensityScope::kLifecycle;
    std::string source_id;  ///< short, within its table
    std::string source;     ///< publisher, data set, edition
    std::string url;        ///< where the figure stands
    std::string licence;    ///< what the publisher asks of whoever shows it
    std::string remark;     ///< what the figure leaves out

    bool operator==(const CountryIntensity&) const = default;
};

/// Reads carbonedge.countries/1 (docs/carbon.md): `# sources:` and rows
/// `code,name,year,intensity_gco2e_per_kwh,source`, in the order of the codes. Every row names a source of the header,
/// and every source is complete. Throws InputError.
std::vector<CountryIntensity> read_country_table(std::string_view text, const std::string& file);

/// The table that is compiled in (lib/carbon/country_intensities.csv).
const std::vector<CountryIntensity>& built_in_countries();

/// The row of that code, in either case. Throws UsageError, suggesting the nearest, where there is none.
const CountryIntensity& find_country(std::span<const CountryIntensity> table, std::string_view code);

}  // namespace carbonedge
