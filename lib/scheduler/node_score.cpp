#include "lib/scheduler/node_score.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/units/quantity.h"

#include <algorithm>
#include <array>
#include <string>

namespace carbonedge {
namespace {

const std::array<std::string, 3> kModeNames{"performance", "balanced", "green"};
const std::array<std::string, 3> kVariantNames{"paper", "si", "minmax"};

std::size_t index_of(std::string_view name, std::span<const std::string> names, std::string_view kind) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) throw UsageError(unknown_name_message(kind, name, names));
    return static_cast<std::size_t>(found - names.begin());
}

/// Smallest and largest of each of the five terms.
struct Ranges {
    std::array<double, 5> low;
    std::array<double, 5> high;
};

}  // namespace

ScoreWeights weights_of(ScoreMode mode) {
    switch (mode) {
        case ScoreMode::kPerformance:
            return {0.25, 0.25, 0.30, 0.15, 0.05};
        case ScoreMode::kBalanced:
            return {0.20, 0.20, 0.15, 0.15, 0.30};
        case ScoreMode::kGreen:
            return {0.15, 0.15, 0.10, 0.10, 0.50};
    }
    return {};
}

ScoreWeights with_carbon_weight(ScoreWeights base, double carbon_weight) {
    const double factor = (1 - carbon_weight) / (base.resources + base.load + base.performance + base.balance);
    return {base.resources * factor, base.load * factor, base.performance * factor, base.balance * factor,
            carbon_weight};
}

ScoreMode parse_score_mode(std::string_view name) { return static_cast<ScoreMode>(index_of(name, kModeNames, "mode")); }

ScoreVariant parse_score_variant(std::string_view name) {
    return static_cast<ScoreVariant>(index_of(name, kVariantNames, "variant"));
}

NodeTable::NodeTable(std::size_t nodes)
    : cpus_(nodes),
      memory_(nodes),
      load_(nodes),
      time_(nodes),
      tasks_(nodes),
      joules_times_intensity_(nodes),
      intensity_power_(nodes),
      latency_(nodes) {}

void NodeTable::set(NodeIndex node, const NodeState& state) {
    const std::size_t n = node.value();
    cpus_[n] = state.cpus_available;
    memory_[n] = state.memory_available_bytes;
    load_[n] = state.load;
    time_[n] = state.average_time_s;
    tasks_[n] = state.tasks;
    intensity_power_[n] = state.intensity * state.power_watts;
    joules_times_intensity_[n] = intensity_power_[n] * state.energy_time_s;
    latency_[n] = state.latency_s;
}

void NodeTable::set_tasks(NodeIndex node, double tasks, double load) {
    tasks_[node.value()] = tasks;
    load_[node.value()] = load;
}

void NodeTable::set_intensity(NodeIndex node, double intensity, double power_watts, double energy_time_s) {
    intensity_power_[node.value()] = intensity * power_watts;
    joules_times_intensity_[node.value()] = intensity_power_[node.value()] * energy_time_s;
}

void NodeTable::set_average_time(NodeIndex node, double seconds) {
    time_[node.value()] = seconds;
    joules_times_intensity_[node.value()] = intensity_power_[node.value()] * seconds;
}

NodeSelector::NodeSelector(std::size_t nodes)
    : resources_(nodes),
      idle_(nodes),
      performance_(nodes),
      balance_(nodes),
      carbon_(nodes),
      eligible_(nodes),
      score_(nodes) {}

void NodeSelector::fill_terms(const NodeTable& table, const TaskNeed& need, double hours_scale) {
    const double per_cpu = need.cpus > 0 ? 0.5 / need.cpus : 0.5e300;
    const double per_byte = need.memory_bytes > 0 ? 0.5 / need.memory_bytes : 0.5e300;
    for (std::size_t i = 0; i < table.size(); ++i) {
        resources_[i] = std::min(0.5, table.cpus_[i] * per_cpu) + std::min(0.5, table.memory_[i] * per_byte);
        idle_[i] = 1 - table.load_[i];
        performance_[i] = 1 / (1 + table.time_[i]);
        balance_[i] = 1 / (1 + 2 * table.tasks_[i]);
        carbon_[i] = 1 / (1 + table.joules_times_intensity_[i] * hours_scale);
        const bool fits = (table.load_[i] <= kLoadLimit) & (table.memory_[i] >= need.memory_bytes) &
                          (table.latency_[i] <= need.latency_limit_s);
        eligible_[i] = fits ? 1.0 : 0.0;
    }
}

void NodeSelector::combine(const ScoreWeights& weights) {
    for (std::size_t i = 0; i < score_.size(); ++i) {
        const double score = weights.resources * resources_[i] + weights.load * idle_[i] +
                             weights.performance * performance_[i] + weights.balance * balance_[i] +
                             weights.carbon * carbon_[i];
        score_[i] = eligible_[i] > 0 ? score : -1.0;
    }
}

void NodeSelector::combine_scaled(const ScoreWeights& weights) {
    const std::array<double, 5> weight{weights.resources, weights.load, weights.performance, weights.balance,
                                       weights.carbon};
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    Ranges ranges{{kInfinity, kInfinity, kInfinity, kInfinity, kInfinity},
                  {-kInfinity, -kInfinity, -kInfinity, -kInfinity, -kInfinity}};
    for (std::size_t i = 0; i < score_.size(); ++i) {  // one pass: ten independent chains overlap in the pipeline
        if (eligible_[i] == 0) continue;
        const std::array<double, 5> term{resources_[i], idle_[i], performance_[i], balance_[i], carbon_[i]};
        for (std::size_t t = 0; t < term.size(); ++t) {
            ranges.low[t] = std::min(ranges.low[t], term[t]);
            ranges.high[t] = std::max(ranges.high[t], term[t]);
        }
    }
    double constant = 0;
    std::array<double, 5> factor{};
    for (std::size_t t = 0; t < factor.size(); ++t) {
        const bool differs = ranges.high[t] > ranges.low[t];
        factor[t] = differs ? weight[t] / (ranges.high[t] - ranges.low[t]) : 0.0;
        constant += differs ? -factor[t] * ranges.low[t] : weight[t];
    }
    combine({factor[0], factor[1], factor[2], factor[3], factor[4]});
    for (std::size_t i = 0; i < score_.size(); ++i) {
        score_[i] = eligible_[i] > 0 ? std::max(0.0, score_[i] + constant) : -1.0;
    }
}

std::optional<NodeIndex> NodeSelector::select(const NodeTable& table, const TaskNeed& need, const ScoreWeights& weights,
                                              ScoreVariant variant) {
    // The paper divides watts x milliseconds by 3 600 000 and calls it kilowatt-hours: a thousand times too much.
    const double scale = variant == ScoreVariant::kPaper ? 1000 / kJoulesPerKilowattHour : 1 / kJoulesPerKilowattHour;
    fill_terms(table, need, scale);
    if (variant == ScoreVariant::kMinmax) {
        combine_scaled(weights);
    } else {
        combine(weights);
    }
    std::optional<NodeIndex> best;
    double highest = -1;
    for (std::size_t i = 0; i < score_.size(); ++i) {
        if (score_[i] > highest) {
            highest = score_[i];
            best = NodeIndex(i);
        }
    }
    return best;
}

}  // namespace carbonedge
