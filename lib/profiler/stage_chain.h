#pragma once

#include "lib/model/model.h"
#include "lib/partition/partition.h"
#include "lib/profiler/passes.h"

#include <string>
#include <vector>

namespace carbonedge {

/// Stages of one model, extracted, loaded and run one after the other in this process, tensors handed over in place.
class StageChain {
public:
    /// Writes the stage modules to `folder`, loads them and removes the files. `ranges` cover the model.
    StageChain(const Model& model, const std::vector<LayerRange>& ranges, const std::string& folder);

    /// One pass; `times` gets one entry a stage, the time in the stage and at its borders.
    void run(const std::vector<HostTensor>& inputs, std::vector<PassTime>& times);
    /// One pass, untimed, with the network's outputs.
    std::vector<HostTensor> run(const std::vector<HostTensor>& inputs);

private:
    void run_from(std::size_t stage, const std::vector<StageModule::TensorView>& inputs, std::vector<PassTime>* times,
                  std::vector<HostTensor>* outputs);

    std::vector<StageModule> stages_;
};

/// Times of a chain and of the undivided model, taken in turns. With one thread pairs count in which the process had
/// its CPU to itself; where they are fewer than six, CPU times are compared instead of wall times.
struct ChainTimes {
    /// Median over the pairs of (stage / whole), one a stage; times the profile's whole median it is the stage's time
    /// free of the machine's drift between then and now.
    std::vector<double> stage_ratio;
    double chain_ratio = 0;  ///< median of (sum of stages / whole)
    double chain_ratio_low = 0;
    double chain_ratio_high = 0;
    std::size_t pairs = 0;  ///< that counted for the chain
    bool by_cpu_time = false;
};

ChainTimes time_chain(Model& model, StageChain& chain, std::size_t pairs, int threads,
                      const ProfilerProgress& progress);

}  // namespace carbonedge
