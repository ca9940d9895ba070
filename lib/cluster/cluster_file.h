#pragma once

#include "lib/cluster/cluster.h"

#include <functional>
#include <string>
#include <string_view>

namespace carbonedge {

/// An intensity that a cluster file names instead of stating it, and what it says beside it.
struct IntensityReference {
    std::string file;  ///< the cluster file and the line, for messages
    long line = 0;
    std::string section;  ///< "node.green", "gateway"
    std::string text;     ///< "series:de.csv", "country:DE"
    std::string zone;     ///< "" not stated
    std::string signal;   ///< "" not stated
    std::string scope;    ///< "" not stated
};

/// What was found for a reference. Zone, signal and scope are those of the source.
struct ResolvedIntensity {
    CarbonIntensity intensity;
    std::string zone;
    std::string signal;
    std::string scope;
    IntensityOrigin origin;
};

/// Looks an intensity up (lib/carbon/cluster_intensity.h); throws InputError or UsageError where it cannot.
using IntensityResolver = std::function<ResolvedIntensity(const IntensityReference&)>;

/// The resolver of programs that need no intensity: leaves it as it is named, for write_cluster() to write back.
ResolvedIntensity keep_intensity_name(const IntensityReference& reference);

/// "series:" and "country:", as an intensity that is named begins.
inline constexpr std::string_view kSeriesReference = "series:";
inline constexpr std::string_view kCountryReference = "country:";

/// Reads a cluster INI (docs/formats.md). Unknown sections and keys, duplicates, empty sections, byte order marks and
/// values cut at '#' are refused with file and line; names get the nearest valid one suggested. Throws InputError.
/// An intensity that is named is looked up by `resolver`; without one it is refused, so that none is ever taken as 0.
Cluster read_cluster(std::string_view text, const std::string& file, const IntensityResolver& resolver = {});
std::string write_cluster(const Cluster& cluster);

}  // namespace carbonedge
