#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace carbonedge {

/// The columns of a profile, in the order of the file (docs/formats.md).
enum class ProfileColumn : std::size_t {
    kIndex,
    kName,
    kType,
    kFolded,
    kInputs,
    kOutputs,
    kCutAfter,
    kCutReason,
    kParameters,
    kMacs,
    kWeightBytes,
    kActivationBytes,
    kPeakBytes,
    kLatencyMedian,
    kLatencyQ1,
    kLatencyQ3,
    kLatencyMin,
    kLatencyMean,
    kSamples,
    kCpuMean,
    kEnergyJoules,
    kEnergyUncertainty,
    kEnergyProvenance,
    kEnergySource,
    kEnergyBoundary,
};

inline constexpr std::array<std::string_view, 25> kProfileColumns{
    "index",
    "name",
    "type",
    "folded",
    "inputs",
    "outputs",
    "cut_after",
    "cut_reason",
    "parameters",
    "macs",
    "weight_bytes",
    "activation_bytes",
    "peak_bytes",
    "latency_median_ns",
    "latency_q1_ns",
    "latency_q3_ns",
    "latency_min_ns",
    "latency_mean_ns",
    "samples",
    "cpu_mean_ns",
    "energy_joules",
    "energy_uncertainty_joules",
    "energy_provenance",
    "energy_source",
    "energy_boundary",
};

/// Module names in one field are separated by it.
inline constexpr char kFoldedSeparator = ';';

}  // namespace carbonedge
