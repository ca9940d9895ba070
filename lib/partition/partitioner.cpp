#include "lib/partition/partitioner.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace carbonedge {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const std::array<std::string, 4> kModelNames{"parameters", "macs", "latency", "energy"};
const std::array<std::string, 3> kMethodNames{"optimal", "equal", "capability"};

std::size_t index_of(std::string_view name, std::span<const std::string> names, std::string_view kind) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) throw UsageError(unknown_name_message(kind, name, names));
    return static_cast<std::size_t>(found - names.begin());
}

/// What the splitting methods work on: cumulated cost at every legal position.
struct Positions {
    std::vector<std::size_t> at;    ///< layer positions, 0 and the number of layers included
    std::vector<double> cumulated;  ///< cost of the rows before it
    std::vector<double> transfer;   ///< seconds that shipping its values takes, in the unit of the costs

    [[nodiscard]] double cost(std::size_t from, std::size_t to) const { return cumulated[to] - cumulated[from]; }
    [[nodiscard]] double total() const { return cumulated.back(); }
};

Positions positions_of(const Profile& profile, const std::vector<double>& costs,
                       const std::optional<BytesPerSecond>& bandwidth) {
    Positions positions;
    double sum = 0;
    const std::vector<Cut> cuts = find_cuts(profile);
    for (const Cut& cut : cuts) {
        if (cut.legal || cut.position == 0 || cut.position + 1 == cuts.size()) {
            positions.at.push_back(cut.position);
            positions.cumulated.push_back(sum);
            positions.transfer.push_back(bandwidth ? (cut.bytes / *bandwidth).count() * 1e9 : 0.0);
        }
        if (cut.position < costs.size()) sum += costs[cut.position];
    }
    return positions;
}

/// Boundaries as indices into Positions; first 0, last the end.
using Boundaries = std::vector<std::size_t>;

double deviation(const Positions& positions, const Boundaries& boundaries, const std::vector<double>& shares) {
    double sum = 0;
    for (std::size_t s = 0; s < shares.size(); ++s) {
        sum += std::abs(positions.cost(boundaries[s], boundaries[s + 1]) - shares[s] * positions.total());
    }
    return sum;
}

/// Each boundary as near to its cumulated share as the stages before and after it leave room for.
Boundaries greedy(const Positions& positions, const std::vector<double>& shares) {
    Boundaries boundaries{0};
    double target = 0;
    const std::size_t last = positions.at.size() - 1;
    for (std::size_t s = 0; s + 1 < shares.size(); ++s) {
        target += shares[s] * positions.total();
        const std::size_t first = boundaries.back() + 1;
        const std::size_t latest = last - (shares.size() - 1 - s);
        std::size_t best = first;
        for (std::size_t b = first; b <= latest; ++b) {
            if (std::abs(positions.cumulated[b] - target) < std::abs(positions.cumulated[best] - target)) best = b;
        }
        boundaries.push_back(best);
    }
    boundaries.push_back(last);
    return boundaries;
}

void refine(const Positions& positions, const std::vector<double>& shares, Boundaries& boundaries) {
    double now = deviation(positions, boundaries, shares);
    bool moved = true;
    while (moved) {
        moved = false;
        for (std::size_t s = 1; s + 1 < boundaries.size(); ++s) {
            for (const int step : {-1, 1}) {
                Boundaries tried = boundaries;
                tried[s] = step < 0 ? tried[s] - 1 : tried[s] + 1;
                if (tried[s] <= tried[s - 1] || tried[s] >= tried[s + 1]) continue;
                const double then = deviation(positions, tried, shares);
                if (!(then < now - 1e-12 * positions.total())) continue;
                boundaries = std::move(tried);
                now = then;
                moved = true;
            }
        }
    }
}

/// Least of `combine` over all choices of boundaries, with stage value `value(s, from, to)`.
template <class Value, class Combine>
Boundaries best_boundaries(std::size_t stages, std::size_t positions, Value value, Combine combine) {
    std::vector<std::vector<double>> best(stages + 1, std::vector<double>(positions, kInfinity));
    std::vector<std::vector<std::size_t>> from(stages + 1, std::vector<std::size_t>(positions, 0));
    best[0][0] = 0;
    for (std::size_t s = 0; s < stages; ++s) {
        for (std::size_t a = s; a < positions; ++a) {
            if (best[s][a] == kInfinity) continue;
            for (std::size_t b = a + 1; b < positions; ++b) {
                const double joined = combine(best[s][a], value(s, a, b));
                if (joined < best[s + 1][b]) {
                    best[s + 1][b] = joined;
                    from[s + 1][b] = a;
                }
            }
        }
    }
    Boundaries boundaries(stages + 1, positions - 1);
    for (std::size_t s = stages; s > 0; --s) boundaries[s - 1] = from[s][boundaries[s]];
    return boundaries;
}

Boundaries optimal(const Positions& positions, const std::vector<double>& shares) {
    const auto stages = static_cast<double>(shares.size());
    const std::size_t last = positions.at.size() - 1;
    const auto load = [&](std::size_t s, std::size_t a, std::size_t b) {
        const double ship = b < last ? positions.transfer[b] : 0.0;
        return std::max(positions.cost(a, b) / (shares[s] * stages), ship);
    };
    const auto larger = [](double left, double right) { return std::max(left, right); };
    const Boundaries least = best_boundaries(shares.size(), positions.at.size(), load, larger);
    double bottleneck = 0;
    for (std::size_t s = 0; s < shares.size(); ++s) {
        bottleneck = std::max(bottleneck, load(s, least[s], least[s + 1]));
    }
    const auto away = [&](std::size_t s, std::size_t a, std::size_t b) {
        if (load(s, a, b) > bottleneck * (1 + 1e-12)) return kInfinity;
        return std::abs(positions.cost(a, b) - shares[s] * positions.total());
    };
    return best_boundaries(shares.size(), positions.at.size(), away, [](double l, double r) { return l + r; });
}

}  // namespace

std::string_view cost_model_name(CostModel model) { return kModelNames[static_cast<std::size_t>(model)]; }
std::string_view split_method_name(SplitMethod method) { return kMethodNames[static_cast<std::size_t>(method)]; }

CostModel parse_cost_model(std::string_view name) {
    return static_cast<CostModel>(index_of(name, kModelNames, "cost model"));
}

SplitMethod parse_split_method(std::string_view name) {
    return static_cast<SplitMethod>(index_of(name, kMethodNames, "method"));
}

std::optional<std::vector<double>> row_costs(const Profile& profile, CostModel model) {
    std::vector<double> costs;
    for (const LayerProfile& layer : profile.layers) {
        switch (model) {
            case CostModel::kParameters:
                costs.push_back(static_cast<double>(layer.parameters));
                break;
            case CostModel::kMacs:
                costs.push_back(static_cast<double>(layer.macs));
                break;
            case CostModel::kLatency:
                costs.push_back(static_cast<double>(layer.latency_median.count()));
                break;
            case CostModel::kEnergy:
                if (!layer.energy) return std::nullopt;
                costs.push_back(layer.energy->joules.value());
                break;
        }
    }
    return costs;
}

std::vector<double> capability_shares(const Cluster& cluster) {
    double cpus = 0;
    double memory = 0;
    for (const Node& node : cluster.nodes) {
        cpus = std::max(cpus, node.cpus);
        memory = std::max(memory, static_cast<double>(node.memory.value()));
    }
    std::vector<double> shares;
    double sum = 0;
    for (const Node& node : cluster.nodes) {
        const double room = memory > 0 ? static_cast<double>(node.memory.value()) / memory : 1.0;
        shares.push_back(0.6 * node.cpus / cpus + 0.4 * room);
        sum += shares.back();
    }
    for (double& share : shares) share /= sum;
    return shares;
}

Partition split_profile(const Profile& profile, const SplitRequest& request) {
    const std::optional<std::vector<double>> costs = row_costs(profile, request.by);
    if (!costs) throw UsageError("--by energy: the profile has no energy readings; profile with a meter");
    if (request.bandwidth && (request.method != SplitMethod::kOptimal || request.by != CostModel::kLatency)) {
        throw UsageError("--bandwidth counts with --method optimal --by latency only");
    }
    const Positions positions = positions_of(profile, *costs, request.bandwidth);
    const std::size_t stages = request.shares.size();
    if (stages == 0 || positions.at.size() < stages + 1) {
        throw UsageError(fmt::format("{} stages need {} cuts, this profile has {} legal ones", stages,
                                     stages == 0 ? 0 : stages - 1, positions.at.size() - 2));
    }
    if (!(positions.total() > 0)) {
        throw UsageError(fmt::format("--by {}: every row costs 0 in this profile", cost_model_name(request.by)));
    }
    Boundaries boundaries;
    if (request.method == SplitMethod::kOptimal) {
        boundaries = optimal(positions, request.shares);
    } else {
        boundaries = greedy(positions, request.shares);
        if (request.method == SplitMethod::kCapability) refine(positions, request.shares, boundaries);
    }
    Partition partition;
    partition.profile = profile;
    partition.method =
        request.method == SplitMethod::kOptimal ? "optimal-bottleneck" : split_method_name(request.method);
    partition.by = cost_model_name(request.by);
    for (std::size_t s = 0; s < stages; ++s) {
        partition.stages.push_back({positions.at[boundaries[s]], positions.at[boundaries[s + 1]]});
    }
    partition.target_shares = request.shares;
    return partition;
}

Partition split_at(const Profile& profile, const std::vector<std::size_t>& cuts) {
    const std::vector<Cut> all = find_cuts(profile);
    Partition partition;
    partition.profile = profile;
    partition.method = "given";
    partition.by = cost_model_name(CostModel::kLatency);
    std::size_t first = 0;
    for (const std::size_t cut : cuts) {
        if (cut <= first || cut + 1 >= all.size()) {
            throw UsageError(fmt::format("--cuts: {} is not after {} and before the last of {} rows", cut, first,
                                         profile.layers.size()));
        }
        if (!all[cut].legal) throw UsageError(fmt::format("--cuts: {} is not legal: {}", cut, all[cut].reason));
        partition.stages.push_back({first, cut});
        first = cut;
    }
    partition.stages.push_back({first, profile.layers.size()});
    const auto stages = static_cast<double>(partition.stages.size());
    partition.target_shares.assign(partition.stages.size(), 1.0 / stages);
    return partition;
}

double imbalance(const std::vector<double>& costs, const std::vector<LayerRange>& stages,
                 const std::vector<double>& shares) {
    double total = 0;
    for (const double cost : costs) total += cost;
    double worst = 0;
    for (std::size_t s = 0; s < stages.size(); ++s) {
        double sum = 0;
        for (std::size_t l = stages[s].first; l < stages[s].end; ++l) sum += costs[l];
        worst = std::max(worst, total > 0 ? sum / (shares[s] * total) : 1.0);
    }
    return worst - 1;
}

}  // namespace carbonedge
