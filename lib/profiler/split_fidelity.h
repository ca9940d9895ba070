#pragma once

#include "lib/model/model.h"
#include "lib/profile/profile.h"
#include "lib/profiler/cut_choice.h"
#include "lib/profiler/passes.h"

#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

struct SplitOptions {
    std::size_t calibration_cuts = 6;
    std::optional<std::size_t> check_cuts = 4;  ///< nullopt: every legal cut; 0: calibrate only
    std::size_t pairs = 20;                     ///< passes of the chain against passes of the whole, for each cut
    std::size_t chain_stages = 3;
    std::size_t chain_pairs = 40;  ///< of the balanced chain against the whole; `pairs` where that is more
    std::string folder;            ///< for stage files; they are removed again
    int threads = 1;
};

/// One cut tried: the network as two stages, run one after the other.
struct SplitTrial {
    Cut cut;
    double rows_ns[2] = {0, 0};      ///< sum of the rows' medians
    double measured_ns[2] = {0, 0};  ///< in the chain
    OutputDifference difference;     ///< of the chained stages against the model as loaded
};

/// What of a trial the cost model predicts: rows + fixed + bytes x per_byte, each stage having one inner border.
double predicted_ns(const SplitTrial& trial, std::size_t stage, const BoundaryCost& cost);

/// |predicted / measured - 1| of every stage of at least a millisecond.
std::vector<double> prediction_errors(const std::vector<SplitTrial>& trials, const BoundaryCost& cost);

struct SplitFidelity {
    BoundaryCost boundary;
    std::vector<SplitTrial> trials;  ///< of the checked cuts
    std::vector<ProfileCheck> checks;
    std::vector<std::string> warnings;
};

/// Splits the model at a sample of its legal cuts to calibrate the boundary cost, at others to hold the prediction
/// against ("stage-prediction-p90", "stage-prediction-worst", "chain-equality"), and into a balanced chain of
/// `chain_stages` against the whole ("chain-time"). `profile` has its rows and whole_median filled.
SplitFidelity measure_split_fidelity(Model& model, const Profile& profile, const SplitOptions& options,
                                     const ProfilerProgress& progress);

}  // namespace carbonedge
