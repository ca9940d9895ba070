#pragma once

#include "lib/gate/evidence.h"
#include "lib/profile/samples.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// A round as the study keeps it: CPU time of each pass of both models, and what the round says of each layer.
struct RecordedRound {
    std::string run;      ///< name of the file it was recorded in: rounds of one run were taken one after another
    std::string version;  ///< model of the current side, "mobilenet_v2_kernel.pt"
    std::string date_utc;
    std::vector<double> baseline_passes;  ///< seconds
    std::vector<double> current_passes;
    std::vector<double> baseline_layers;
    std::vector<double> current_layers;
};

struct Recording {
    std::string machine;
    std::string baseline;  ///< model of the baseline side
    std::vector<std::string> layers;
    std::vector<RecordedRound> rounds;  ///< in the order they were taken
};

/// Recorded samples of pairs, in the order given; all of one baseline.
Recording compact(std::span<const Samples> files, std::span<const std::string> names);

/// CSV with two header lines; times in microseconds with three digits more.
std::string write_recording(const Recording& recording);
Recording read_recording(std::string_view text, const std::string& file);

/// What the round says of the whole, in seconds: of one side, and of the current by the ratios of its passes.
double baseline_value(const RecordedRound& round);
double current_value(const RecordedRound& round);
double paired_current_value(const RecordedRound& round);

/// Both sides of the rounds as the gate takes them, the current ones `factor` times as slow.
EvidencePair interleaved_pair(const Recording& recording, std::span<const RecordedRound* const> rounds, double factor,
                              bool with_layers);
/// The baseline sides of some rounds against the current sides of others, as runs of their own.
EvidencePair separate_pair(std::span<const RecordedRound* const> before, std::span<const RecordedRound* const> after,
                           double factor);

}  // namespace carbonedge
