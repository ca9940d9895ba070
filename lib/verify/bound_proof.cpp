#include "lib/verify/bound_proof.h"

#include "lib/verify/verify.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

constexpr double kRelative = 1e-9;
constexpr double kRoom = 1e-11;  ///< as in the table: limits are not closed to the last bit

/// Least sums of what is left of a pipeline when nodes may be used again, by node and cut.
struct Rest {
    std::vector<double> start;
    std::vector<double> end;
    double root = kNever;
};

template <class Stage, class Leg>
Rest completions(const StageTable& table, const Stage& stage_weight, const Leg& leg_weight) {
    const std::size_t cuts = table.cuts();
    const std::size_t nodes = table.nodes();
    Rest rest{std::vector<double>(nodes * cuts, kNever), std::vector<double>(nodes * cuts, kNever), kNever};
    const auto over_leg = [&](std::size_t from, std::size_t to, std::size_t cut, double then) {
        const std::size_t index = table.leg(from, to, cut);
        return table.leg_time(index) < kNever && then < kNever ? leg_weight(index) + then : kNever;
    };
    for (std::size_t cut = cuts; cut-- > 0;) {
        for (std::size_t v = 0; v < nodes; ++v) {
            double& end = rest.end[v * cuts + cut];
            if (cut + 1 == cuts) {
                end = over_leg(v, nodes, cut, 0.0);
                continue;
            }
            double& start = rest.start[v * cuts + cut];
            for (std::size_t to = cut + 1; to < cuts; ++to) {
                const std::size_t index = table.at(v, cut, to);
                const double then = rest.end[v * cuts + to];
                if (table.time(index) < kNever && then < kNever) {
                    start = std::min(start, stage_weight(v, index) + then);
                }
            }
        }
        if (cut + 1 == cuts) continue;
        for (std::size_t v = 0; v < nodes; ++v) {
            if (cut == 0) {
                rest.root = std::min(rest.root, over_leg(nodes, v, 0, rest.start[v * cuts]));
                continue;
            }
            for (std::size_t w = 0; w < nodes; ++w) {
                if (v == w) continue;
                double& end = rest.end[v * cuts + cut];
                end = std::min(end, over_leg(v, w, cut, rest.start[w * cuts + cut]));
            }
        }
    }
    return rest;
}

/// Prices as numbers per node, and what follows from them.
class PricedProblem {
public:
    PricedProblem(const Plan& plan, const StageTable& table, const BoundProof& proof)
        : table_(table),
          node_(table.nodes(), 0.0),
          refill_(table.nodes(), 0.0),
          time_price_(proof.time_price),
          stage_price_(proof.stage_price) {
        for (const BoundProof::NodePrice& priced : proof.nodes) {
            const std::size_t v = find_node(plan.cluster, priced.node)->value();
            sound_ = sound_ && priced.price >= 0 && priced.refill_price >= 0;
            node_[v] += priced.price;
            refill_[v] += priced.refill_price;
        }
        sound_ = sound_ && time_price_ >= 0 && stage_price_ >= 0;
        if (plan.limits.latency_mean) cap_ = to_seconds(*plan.limits.latency_mean).count();
        if (plan.limits.latency_p95) cap_ = std::min(cap_, to_seconds(*plan.limits.latency_p95).count());
        cap_ *= 1 + kRoom;
        most_stages_ = std::min(table.nodes(), plan.limits.max_nodes.value_or(table.nodes()));
        least_time_from_ = completions(
            table_, [&](std::size_t, std::size_t stage) { return table_.time(stage); },
            [&](std::size_t leg) { return table_.leg_time(leg); });
        least_time_ = least_time_from_.root;
        weigh();
    }

    [[nodiscard]] double stage(std::size_t node, std::size_t stage) const {
        return table_.cost(stage) + time_price_ * table_.time(stage) + refill_[node] * table_.refill(stage) +
               per_stage_[node];
    }
    [[nodiscard]] double leg(std::size_t leg) const {
        return table_.leg_cost(leg) + time_price_ * table_.leg_time(leg);
    }
    [[nodiscard]] double offset() const { return offset_; }
    [[nodiscard]] double cap() const { return cap_; }
    [[nodiscard]] std::size_t most_stages() const { return most_stages_; }
    [[nodiscard]] const Rest& least_time() const { return least_time_from_; }
    [[nodiscard]] bool sound() const { return sound_; }

    [[nodiscard]] Rest priced() const {
        return completions(
            table_, [&](std::size_t v, std::size_t index) { return stage(v, index); },
            [&](std::size_t index) { return leg(index); });
    }

private:
    /// The formula of docs/planners.md: what a stage is charged, and what is taken off in the end.
    void weigh() {
        double least_weight = kNever;
        double seconds = time_price_;
        for (std::size_t v = 0; v < table_.nodes(); ++v) {
            least_weight = std::min(least_weight, table_.node_latency_weight(v));
            seconds += refill_[v];
            offset_ += node_[v];
        }
        const double floor = least_time_ < kNever ? least_time_ : 0.0;
        const double weight = table_.latency_weight() + least_weight;
        const double excess = std::max(0.0, seconds - weight);
        if (excess > weight * kRelative) {
            // More than the value pays for a second is paid by the limit, which must hold for what it pays for.
            if (!(cap_ < kNever) || excess > time_price_ * (1 + kRelative)) sound_ = false;
            offset_ += excess * std::min(cap_, kNever);
        }
        offset_ += least_weight * floor + stage_price_ * static_cast<double>(most_stages_);
        for (std::size_t v = 0; v < table_.nodes(); ++v) {
            per_stage_.push_back(node_[v] + stage_price_ + table_.node_latency_weight(v) * floor);
        }
    }

    const StageTable& table_;
    std::vector<double> node_;
    std::vector<double> refill_;
    std::vector<double> per_stage_;
    double time_price_ = 0;
    double stage_price_ = 0;
    double cap_ = kNever;
    std::size_t most_stages_ = 0;
    Rest least_time_from_;
    double least_time_ = 0;
    double offset_ = 0;
    bool sound_ = true;
};

/// What the relaxed path of a proof adds up to, less the offset; nothing where it is no path.
std::optional<double> weight_of(const Plan& plan, const StageTable& table, const PricedProblem& priced,
                                const std::vector<BoundProof::RelaxedStage>& path) {
    const std::vector<std::size_t>& positions = table.positions();
    double sum = -priced.offset();
    std::size_t from = table.nodes();
    std::size_t at = 0;
    for (const BoundProof::RelaxedStage& stage : path) {
        const std::size_t v = find_node(plan.cluster, stage.node)->value();
        const auto end = std::lower_bound(positions.begin(), positions.end(), stage.layers.end);
        if (positions[at] != stage.layers.first || end == positions.end() || *end != stage.layers.end || v == from) {
            return std::nullopt;
        }
        const auto to = static_cast<std::size_t>(end - positions.begin());
        const std::size_t leg = table.leg(from, v, at);
        const std::size_t index = table.at(v, at, to);
        if (to <= at || table.leg_time(leg) >= kNever || table.time(index) >= kNever) return std::nullopt;
        sum += priced.leg(leg) + priced.stage(v, index);
        from = v;
        at = to;
    }
    if (at + 1 != positions.size()) return std::nullopt;
    return sum + priced.leg(table.leg(from, table.nodes(), at));
}

/// Depth first, the bound of the prices cutting off.
class Enumerator {
public:
    Enumerator(const Plan& plan, const Recomputer& recomputer, const StageTable& table, double value,
               std::size_t most_stages, Slack slack)
        : plan_(plan),
          recomputer_(recomputer),
          table_(table),
          priced_(plan, table, plan.certificate.proof.value_or(BoundProof{})),
          rest_(priced_.priced()),
          below_(value - std::abs(value) * kRelative),
          most_tries_(most_stages),
          slack_(slack == Slack::kStrict ? -kRelative : kRelative),
          used_(table.nodes(), false) {}

    Enumeration run() {
        grow(table_.nodes(), 0, -priced_.offset(), 0);
        if (result_.better.empty()) {
            result_.answer =
                result_.stages_tried > most_tries_ ? Enumeration::Answer::kTooMany : Enumeration::Answer::kNoneBetter;
        }
        return result_;
    }

private:
    [[nodiscard]] bool done() const { return !result_.better.empty() || result_.stages_tried > most_tries_; }

    void grow(std::size_t from, std::size_t cut, double weight, double time) {
        if (cut + 1 == table_.cuts()) {
            hold();
            return;
        }
        if (path_.size() >= priced_.most_stages()) return;
        for (std::size_t v = 0; v < table_.nodes() && !done(); ++v) {
            const std::size_t leg = table_.leg(from, v, cut);
            if (used_[v] || v == from || table_.leg_time(leg) >= kNever) continue;
            const std::size_t start = v * table_.cuts() + cut;
            const double here = weight + priced_.leg(leg);
            const double arrived = time + table_.leg_time(leg);
            if (!(here + rest_.start[start] < below_)) continue;
            if (arrived + priced_.least_time().start[start] > priced_.cap()) continue;
            used_[v] = true;
            for (std::size_t to = cut + 1; to < table_.cuts() && !done(); ++to) {
                ++result_.stages_tried;
                const std::size_t stage = table_.at(v, cut, to);
                const std::size_t end = v * table_.cuts() + to;
                if (table_.time(stage) >= kNever) continue;
                const double after = here + priced_.stage(v, stage);
                const double left = arrived + table_.time(stage);
                if (!(after + rest_.end[end] < below_)) continue;
                if (left + priced_.least_time().end[end] > priced_.cap()) continue;
                path_.push_back({{table_.positions()[cut], table_.positions()[to]}, plan_.cluster.nodes[v].name});
                grow(v, to, after, left);
                path_.pop_back();
            }
            used_[v] = false;
        }
    }

    void hold() {
        const RecomputedPipeline pipeline = recomputer_.pipeline(path_);
        const double value = recomputer_.value(pipeline);
        if (!(value < below_) || !broken_limits(plan_, path_, pipeline, slack_).empty()) return;
        result_.answer = Enumeration::Answer::kBetterFound;
        result_.better = path_;
        result_.better_value = value;
    }

    const Plan& plan_;
    const Recomputer& recomputer_;
    const StageTable& table_;
    PricedProblem priced_;
    Rest rest_;
    double below_ = 0;
    std::size_t most_tries_ = 0;
    double slack_ = 0;
    std::vector<bool> used_;
    std::vector<NamedStage> path_;
    Enumeration result_;
};

}  // namespace

ProofCheck check_proof(const Plan& plan, const StageTable& table, const BoundProof& proof) {
    ProofCheck check;
    const PricedProblem priced(plan, table, proof);
    if (!priced.sound()) {
        check.breaches.emplace_back(
            "a price of the proof is negative, or they charge more for a second than value and limit pay");
        return check;
    }
    const Rest rest = priced.priced();
    if (rest.root >= kNever) {
        check.breaches.emplace_back("no pipeline exists, not even one that uses nodes again");
        return check;
    }
    check.bound = rest.root - priced.offset();
    // Prices may be large against what is left of them: rounding is measured by what was added up.
    const double slack = kRelative * std::max(std::abs(*check.bound), std::abs(priced.offset()));
    if (proof.bound > *check.bound + slack) {
        check.breaches.push_back(
            fmt::format("the proof claims {:.12g}, its prices prove {:.12g}", proof.bound, *check.bound));
    }
    const std::optional<double> weight = weight_of(plan, table, priced, proof.relaxed_path);
    if (!weight) {
        check.breaches.emplace_back("the relaxed path of the proof is no pipeline, not even one that uses nodes again");
    } else if (std::abs(*weight - proof.bound) > slack) {
        check.breaches.push_back(
            fmt::format("the relaxed path of the proof comes to {:.12g}, stated {:.12g}", *weight, proof.bound));
    }
    return check;
}

double least_relaxed_time(const StageTable& table) {
    return completions(
               table, [&](std::size_t, std::size_t stage) { return table.time(stage); },
               [&](std::size_t leg) { return table.leg_time(leg); })
        .root;
}

Enumeration enumerate_better(const Plan& plan, const Recomputer& recomputer, const StageTable& table, double value,
                             std::size_t most_stages, Slack slack) {
    return Enumerator(plan, recomputer, table, value, most_stages, slack).run();
}

}  // namespace carbonedge
