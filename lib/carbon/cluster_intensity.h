#pragma once

#include "lib/carbon/country_table.h"
#include "lib/carbon/intensity_series.h"
#include "lib/cluster/cluster_file.h"

#include <functional>
#include <optional>
#include <string>

namespace carbonedge {

/// When a plan's intensities are to hold, and what to do where a series has no value then. Nothing is assumed: without
/// a time no series is read.
struct IntensityMoment {
    std::optional<UtcSeconds> at;
    std::optional<std::chrono::seconds> window;  ///< the mean from `at` on; absent: the value at that moment
    SeriesPolicy policy;
};

/// What a resolver reads. `read` gives a file's text (paths in a cluster file are relative to `folder`).
struct IntensityInputs {
    std::string folder;  ///< "" the current one
    std::function<std::string(const std::string& path)> read;
    std::vector<CountryIntensity> countries;
};

/// Resolves "series:FILE" to the value of that series at the moment (or the exact mean over the window), and
/// "country:CODE" to the yearly mean of the table. Each file is read once for each zone, signal and scope. Signal,
/// scope and zone that the cluster file states choose within the source and must agree with it. A value taken from
/// under a policy says so in its origin's remark. Throws InputError at the cluster file's line where there is no value,
/// where the source is of another signal, scope or zone; UsageError where a series is named and no time was given.
IntensityResolver intensity_resolver(IntensityMoment moment, IntensityInputs inputs);

}  // namespace carbonedge
