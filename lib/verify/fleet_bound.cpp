#include "lib/verify/fleet_bound.h"

#include "lib/verify/recompute.h"
#include "lib/verify/stage_table.h"
#include "lib/verify/verify.h"

#include <algorithm>
#include <optional>

namespace carbonedge {
namespace {

constexpr double kRelative = 1e-9;

/// One model's pipelines, a stage weighing its grams a second and the prices of what it takes of its node.
class PricedModel {
public:
    PricedModel(const FleetPlan& fleet, const FleetMember& member, std::size_t most_stages)
        : plan_(member.plan),
          rate_(member.rate_per_second),
          recomputer_(plan_),
          table_(plan_, recomputer_),
          most_tries_(most_stages),
          weight_(table_.nodes() * table_.cuts() * table_.cuts(), kNever),
          rest_(table_.nodes() * table_.cuts(), kNever),
          used_(table_.nodes(), false) {
        for (std::size_t v = 0; v < table_.nodes(); ++v) weigh(v, fleet);
        complete();
    }

    /// The least weight of a pipeline within the limits.
    [[nodiscard]] FleetPriceBound least() {
        least_ = kNever;
        grow(table_.nodes(), 0, 0);
        if (tried_ <= most_tries_) return {least_, true};
        double relaxed = kNever;
        for (std::size_t v = 0; v < table_.nodes(); ++v) {
            relaxed = std::min(relaxed, leg(table_.nodes(), v, 0) + rest_[v * table_.cuts()]);
        }
        return {relaxed, false};
    }

private:
    [[nodiscard]] double leg(std::size_t from, std::size_t to, std::size_t cut) const {
        const std::size_t index = table_.leg(from, to, cut);
        return table_.leg_time(index) < kNever ? rate_ * table_.leg_cost(index) : kNever;
    }

    void weigh(std::size_t v, const FleetPlan& fleet) {
        const Node& node = plan_.cluster.nodes[v];
        const FleetNodeUse& use = fleet.nodes[v];
        const double cores = node.cpus * fleet.max_load;
        const std::vector<std::size_t>& positions = table_.positions();
        for (std::size_t from = 0; from + 1 < table_.cuts(); ++from) {
            recomputer_.stages_from(v, positions[from], [&](std::size_t end, const RecomputedStage& stage) {
                const auto place = std::lower_bound(positions.begin(), positions.end(), end);
                if (place == positions.end() || *place != end) return true;
                const std::size_t index = table_.at(v, from, static_cast<std::size_t>(place - positions.begin()));
                const double taken = rate_ * stage.cpu.count() / cores;
                if (table_.time(index) >= kNever || taken > 1 + kRelative) return true;
                weight_[index] = rate_ * table_.cost(index) + use.cores_price * taken +
                                 use.memory_price * stage.memory_bytes / static_cast<double>(node.memory.value());
                return true;
            });
        }
    }

    /// Least weight from the beginning of a stage to the answer, where nodes may be used again.
    void complete() {
        const std::size_t cuts = table_.cuts();
        for (std::size_t from = cuts - 1; from-- > 0;) {
            for (std::size_t v = 0; v < table_.nodes(); ++v) {
                for (std::size_t to = from + 1; to < cuts; ++to) {
                    const double stage = weight_[table_.at(v, from, to)];
                    if (stage >= kNever) continue;
                    double& rest = rest_[v * cuts + from];
                    if (to + 1 == cuts) rest = std::min(rest, stage + leg(v, table_.nodes(), to));
                    for (std::size_t w = 0; w < table_.nodes() && to + 1 < cuts; ++w) {
                        if (w != v) rest = std::min(rest, stage + leg(v, w, to) + rest_[w * cuts + to]);
                    }
                }
            }
        }
    }

    void grow(std::size_t from, std::size_t cut, double weight) {
        for (std::size_t v = 0; v < table_.nodes(); ++v) {
            if (used_[v] || path_.size() >= plan_.limits.max_nodes.value_or(table_.nodes())) continue;
            const double here = weight + leg(from, v, cut);
            if (!(here + rest_[v * table_.cuts() + cut] < least_)) continue;
            used_[v] = true;
            for (std::size_t to = cut + 1; to < table_.cuts(); ++to) {
                const double stage = weight_[table_.at(v, cut, to)];
                if (++tried_ > most_tries_) break;
                if (stage >= kNever || !(here + stage < least_)) continue;
                path_.push_back({{table_.positions()[cut], table_.positions()[to]}, plan_.cluster.nodes[v].name});
                if (to + 1 == table_.cuts()) {
                    hold(here + stage + leg(v, table_.nodes(), to));
                } else {
                    grow(v, to, here + stage);
                }
                path_.pop_back();
            }
            used_[v] = false;
        }
    }

    void hold(double weight) {
        if (!(weight < least_)) return;
        if (broken_limits(plan_, path_, recomputer_.pipeline(path_), kRelative).empty()) least_ = weight;
    }

    const Plan& plan_;
    double rate_;
    Recomputer recomputer_;
    StageTable table_;
    std::size_t most_tries_;
    std::size_t tried_ = 0;
    std::vector<double> weight_;
    std::vector<double> rest_;
    std::vector<bool> used_;
    std::vector<NamedStage> path_;
    double least_ = kNever;
};

}  // namespace

FleetPriceBound fleet_price_bound(const FleetPlan& fleet, std::size_t most_stages) {
    FleetPriceBound result;
    for (const FleetNodeUse& use : fleet.nodes) result.bound -= use.memory_price + use.cores_price;
    for (const FleetMember& member : fleet.members) {
        const FleetPriceBound least = PricedModel(fleet, member, most_stages).least();
        result.bound += least.bound;
        result.exact = result.exact && least.exact;
    }
    return result;
}

}  // namespace carbonedge
