#pragma once

#include "lib/carbon/intensity_file.h"
#include "lib/carbon/zone_intensities.h"

#include <iosfwd>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace carbonedge {

/// Intensities of zones over time, as the command line names them. Free of CLI11.
struct SeriesOptions {
    std::vector<std::pair<std::string, std::string>> files;  ///< zone, path ("-": standard input)
    IntensityChoice choice;
    std::optional<UtcSeconds> from;
};

/// Reads the files and holds them against the cluster. Throws UsageError (an unknown zone, kinds that do not mix),
/// InputError.
ZoneSeries read_zone_series(const SeriesOptions& options, const Cluster& cluster, std::istream& in);

/// The latest start of the series.
UtcSeconds common_start(const ZoneSeries& series);

}  // namespace carbonedge
