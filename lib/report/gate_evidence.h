#pragma once

#include "lib/gate/evidence.h"
#include "lib/report/input_file.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// By which clock latencies go. Where passes had to wait for their CPU, wall time says what else the machine did;
/// CPU time of one thread says what the model took.
enum class GateClock { kWall, kCpu };

/// What evidence needs besides the file.
struct EvidenceOptions {
    std::optional<CarbonIntensity> intensity;  ///< of the grams of profiles; without it they have none
    GateClock clock = GateClock::kWall;        ///< of samples; both sides need the same
    std::uint64_t seed = 0;
};

/// kCpu where some round of some samples among `inputs` has fewer than 6 passes that had their CPU to themselves.
GateClock clock_for(const std::vector<ReportInput>& inputs);

/// What a file says, for the current side; `name` is where it was read from. Throws UsageError for a partition, and
/// for samples of two models, which are a pair.
Evidence evidence_of(const ReportInput& input, const std::string& name, const EvidenceOptions& options);

/// Both sides of samples that were taken in turns; several files of the same two models are one longer measurement.
/// Throws UsageError for samples of one model.
EvidencePair interleaved_evidence(const std::vector<ReportInput>& inputs, const std::vector<std::string>& names,
                                  const EvidenceOptions& options);

/// Whether these are samples of two models.
bool is_interleaved(const ReportInput& input);

}  // namespace carbonedge
