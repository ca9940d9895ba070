#include "tools/partition/summary.h"

#include "lib/units/text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace carbonedge {
namespace {

std::string cuts_text(const std::vector<LayerRange>& stages) {
    std::vector<std::size_t> cuts;
    for (std::size_t s = 1; s < stages.size(); ++s) cuts.push_back(stages[s].first);
    return cuts.empty() ? "none" : fmt::format("{}", fmt::join(cuts, ","));
}

void add_stages(const Partition& partition, std::string& text) {
    const std::vector<Cut> cuts = find_cuts(partition.profile);
    text += fmt::format("  {:>6} {:>6} {:>7} {:>10} {:>12} {:>9}\n", "first", "last", "share", "time", "parameters",
                        "input");
    for (std::size_t s = 0; s < partition.stages.size(); ++s) {
        const LayerRange range = partition.stages[s];
        Nanoseconds time{0};
        std::int64_t parameters = 0;
        for (std::size_t l = range.first; l < range.end; ++l) {
            time += partition.profile.layers[l].latency_median;
            parameters += partition.profile.layers[l].parameters;
        }
        text += fmt::format("  {:>6} {:>6} {:>6.1f}% {:>10} {:>12} {:>9}\n", range.first, range.end - 1,
                            100 * partition.target_shares[s], duration_text(to_seconds(time)), parameters,
                            bytes_text(cuts[range.first].bytes));
    }
}

bool any_cost(const std::vector<double>& costs) {
    double sum = 0;
    for (const double cost : costs) sum += cost;
    return sum > 0;
}

/// One line a cost model: the cuts that it leads to, how uneven they are by its own account and in measured time.
void add_cost_models(const Partition& partition, const std::optional<SplitRequest>& request, std::string& text) {
    const std::vector<double> times = *row_costs(partition.profile, CostModel::kLatency);
    text += fmt::format("  {:<12} {:>12} {:>12}  {}\n", "by", "own excess", "in time", "cuts");
    for (const CostModel model : kCostModels) {
        const std::optional<std::vector<double>> costs = row_costs(partition.profile, model);
        if (!costs || !any_cost(*costs)) {
            text += fmt::format("  {:<12} {:>12}\n", cost_model_name(model), "not measured");
            continue;
        }
        std::vector<LayerRange> stages = partition.stages;
        if (request) {
            SplitRequest other = *request;
            other.by = model;
            if (model != CostModel::kLatency) other.bandwidth.reset();
            stages = split_profile(partition.profile, other).stages;
        }
        text += fmt::format("  {:<12} {:>11.1f}% {:>11.1f}%  {}\n", cost_model_name(model),
                            100 * imbalance(*costs, stages, partition.target_shares),
                            100 * imbalance(times, stages, partition.target_shares), cuts_text(stages));
    }
}

}  // namespace

std::string partition_summary(const Partition& partition, const std::optional<SplitRequest>& request) {
    std::string text = fmt::format("{} stages, {}, by {}, cuts {}\n", partition.stages.size(), partition.method,
                                   partition.by, cuts_text(partition.stages));
    add_stages(partition, text);
    text += "  excess of the worst stage over its share:\n";
    add_cost_models(partition, request, text);
    return text;
}

}  // namespace carbonedge
