#pragma once

#include "lib/units/index.h"

#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace carbonedge {

/// Weights of the five terms of the published node selection score (Zhang et al., arXiv 2603.27420, Table II).
struct ScoreWeights {
    double resources = 0;    ///< S_R: mean of cpu and memory available / required, each at most 1
    double load = 0;         ///< S_L = 1 - load
    double performance = 0;  ///< S_P = 1 / (1 + average time in s)
    double balance = 0;      ///< S_B = 1 / (1 + 2 * tasks)
    double carbon = 0;       ///< S_C = 1 / (1 + intensity * energy)
};

enum class ScoreMode { kPerformance, kBalanced, kGreen };

/// How the terms are put on one scale.
/// kPaper: as printed, energy = P[W] * T[ms] / 3 600 000, which is watt-hours used as kilowatt-hours.
/// kSi: the same with true kilowatt-hours, which makes S_C nearly equal for all nodes.
/// kMinmax: the si terms, each scaled to [0, 1] over the candidates of the decision (1 where all are equal), so that a
/// weight means what it says.
enum class ScoreVariant { kPaper, kSi, kMinmax };

ScoreWeights weights_of(ScoreMode mode);
/// The same weights with the carbon weight replaced and the others scaled so that the sum stays 1.
ScoreWeights with_carbon_weight(ScoreWeights base, double carbon_weight);

/// "performance" | "balanced" | "green" and "paper" | "si" | "minmax"; throw UsageError that lists the valid names.
ScoreMode parse_score_mode(std::string_view name);
ScoreVariant parse_score_variant(std::string_view name);

/// What one request needs of a node.
struct TaskNeed {
    double cpus = 1;
    double memory_bytes = 0;
    double latency_limit_s = std::numeric_limits<double>::infinity();
};

/// State of one candidate.
struct NodeState {
    double cpus_available = 1;
    double memory_available_bytes = 0;
    double load = 0;            ///< 0 idle to 1; above kLoadLimit the node is skipped
    double average_time_s = 0;  ///< of past requests: S_P
    double tasks = 0;           ///< in flight there
    double intensity = 0;       ///< g/kWh
    double power_watts = 0;     ///< P in S_C
    double energy_time_s = 0;   ///< T in S_C
    double latency_s = 0;       ///< held against TaskNeed::latency_limit_s
};

inline constexpr double kLoadLimit = 0.8;

/// The candidates of a decision as one array a quantity, so that thousands are scored in microseconds.
class NodeTable {
public:
    explicit NodeTable(std::size_t nodes);
    void set(NodeIndex node, const NodeState& state);
    void set_tasks(NodeIndex node, double tasks, double load);
    void set_average_time(NodeIndex node, double seconds);  ///< both S_P and T of S_C
    void set_intensity(NodeIndex node, double intensity, double power_watts, double energy_time_s);
    [[nodiscard]] std::size_t size() const { return load_.size(); }

private:
    friend class NodeSelector;
    std::vector<double> cpus_, memory_, load_, time_, tasks_, joules_times_intensity_, intensity_power_, latency_;
};

/// Chooses by score. Keeps its scratch space, so that a choice allocates nothing: make one, use it for every decision.
class NodeSelector {
public:
    explicit NodeSelector(std::size_t nodes);

    /// The candidate with the highest score; the first wins ties. Nothing where all are skipped: load above
    /// kLoadLimit, too little memory, or latency over the limit. O(nodes).
    std::optional<NodeIndex> select(const NodeTable& table, const TaskNeed& need, const ScoreWeights& weights,
                                    ScoreVariant variant);

    /// The scores of the last select(), -1 where skipped.
    [[nodiscard]] std::span<const double> scores() const { return score_; }

private:
    void fill_terms(const NodeTable& table, const TaskNeed& need, double hours_scale);
    void combine(const ScoreWeights& weights);
    void combine_scaled(const ScoreWeights& weights);

    std::vector<double> resources_, idle_, performance_, balance_, carbon_, eligible_, score_;
};

}  // namespace carbonedge
