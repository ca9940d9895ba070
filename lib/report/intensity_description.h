#pragma once

#include "lib/carbon/country_table.h"
#include "lib/carbon/intensity_series.h"
#include "lib/report/document.h"

#include <chrono>
#include <span>
#include <string>

namespace carbonedge {

/// Facts of a series (coverage, gaps, mean, spread within a day, cleanest window), its mean by hour of the day, its
/// gaps and, as plot data, its samples (tables "summary", "hours", "gaps", "samples"). `remark` says how it was come
/// by.
Document describe_intensity(const IntensitySeries& series, std::chrono::seconds window, const SeriesPolicy& policy,
                            const std::string& remark);

/// Yearly means of countries, each with its year (table "countries"), and who says so (table "sources").
Document describe_countries(std::span<const CountryIntensity> countries);

}  // namespace carbonedge
