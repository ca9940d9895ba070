#include "tools/cli/series_option_values.h"

#include "lib/base/atomic_file.h"

#include <algorithm>

namespace carbonedge {

ZoneSeries read_zone_series(const SeriesOptions& options, const Cluster& cluster, std::istream& in) {
    ZoneSeries series;
    for (const auto& [zone, path] : options.files) {
        require_zone(cluster, zone, "--series");
        const std::string shown = path == "-" ? "standard input" : path;
        series.emplace_back(zone, read_intensity(read_input(path, in), shown, options.choice));
    }
    require_one_kind(series, cluster, "--series");
    return series;
}

UtcSeconds common_start(const ZoneSeries& series) {
    UtcSeconds start = series.front().second.begin();
    for (const auto& [zone, one] : series) start = std::max(start, one.begin());
    return start;
}

}  // namespace carbonedge
