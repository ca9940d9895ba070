#pragma once

#include "lib/cluster/cluster.h"
#include "lib/partition/partition.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// What a row is taken to cost when a network is divided.
/// kParameters is the published cost (Zhang et al., arXiv 2603.27420, Eq. 5: kernel height * width * channels in * out,
/// inputs * outputs of a linear layer, otherwise the parameters), which counts weights, not time.
enum class CostModel { kParameters, kMacs, kLatency, kEnergy };

/// How the stages are chosen.
/// kEqual: greedy to equal shares. kCapability: greedy to the nodes' capability shares, then moved cut by cut while
/// that lowers the sum of |stage cost - share * total| (AMP4EC, arXiv 2504.00407; its own refinement aims at equal
/// loads and so undoes the shares). kOptimal: least largest stage / share, transfers included where a bandwidth is
/// given; of those the one of least sum of deviations.
enum class SplitMethod { kOptimal, kEqual, kCapability };

std::string_view cost_model_name(CostModel model);
std::string_view split_method_name(SplitMethod method);
CostModel parse_cost_model(std::string_view name);      ///< throws UsageError listing the valid ones
SplitMethod parse_split_method(std::string_view name);  ///< likewise

inline constexpr std::array<CostModel, 4> kCostModels{CostModel::kParameters, CostModel::kMacs, CostModel::kLatency,
                                                      CostModel::kEnergy};

/// Cost of every row: a count, or nanoseconds, or joules. Absent where the profile lacks energies.
std::optional<std::vector<double>> row_costs(const Profile& profile, CostModel model);

/// Share of each node: S_i = 0.6 cpus / largest cpus + 0.4 memory / largest memory, divided by their sum.
std::vector<double> capability_shares(const Cluster& cluster);

struct SplitRequest {
    SplitMethod method = SplitMethod::kOptimal;
    CostModel by = CostModel::kLatency;
    std::vector<double> shares;               ///< one a stage; sum 1
    std::optional<BytesPerSecond> bandwidth;  ///< kOptimal by latency only: a transfer is as slow as a stage
};

/// Divides a profile at legal cuts. Throws UsageError where there are fewer legal cuts than needed, the costs are
/// absent or all zero, or a bandwidth is given for anything but kOptimal by latency. O(stages * cuts^2) for kOptimal.
Partition split_profile(const Profile& profile, const SplitRequest& request);

/// The stages of given inner cuts; throws UsageError where one is not legal, out of range or not ascending.
Partition split_at(const Profile& profile, const std::vector<std::size_t>& cuts);

/// How much more than its share the worst stage gets: max of cost / (share * total) - 1; 0 is perfect.
double imbalance(const std::vector<double>& costs, const std::vector<LayerRange>& stages,
                 const std::vector<double>& shares);

}  // namespace carbonedge
