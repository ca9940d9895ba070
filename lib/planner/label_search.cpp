#include "lib/planner/label_search.h"

#include "lib/planner/dual_ascent.h"
#include "lib/planner/partial_plan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <queue>

namespace carbonedge {
namespace {

/// A bound this close to the incumbent cannot hide a plan that differs beyond rounding.
constexpr double kSameValue = 1e-12;

/// Prices first, then as many labels: what is easy is closed early, what is hard gets better prices first.
struct Phase {
    std::size_t rounds;
    std::size_t beam_width;
    std::size_t labels;
};
constexpr std::array<Phase, 5> kPhases{
    {{25, 8, 500}, {40, 16, 3'000}, {60, 30, 12'000}, {120, 60, 50'000}, {250, 100, 0}}};
constexpr double kSmallGap = 1e-3;        ///< of the prices' bound, relative: good enough for a proof
constexpr std::size_t kProofRounds = 60;  ///< on the whole graph, where it is not
constexpr std::size_t kBeamKinds = 4;     ///< a plan of the beam is extended to so many kinds

class Search {
public:
    Search(const SearchGraph& graph, const SearchCaps& caps, const SearchWishes& wishes)
        : graph_(graph), caps_(caps), wishes_(wishes), reduced_(graph) {
        incumbent_ = wishes.cutoff;
    }

    SearchResult run() {
        const SearchStatus status = search();
        SearchResult result;
        result.status = status;
        if (!incumbent_path_.empty()) {
            result.path = incumbent_path_;
            result.value = incumbent_;
        }
        result.lower_bound = status == SearchStatus::kOptimal ? incumbent_ : std::min(root_bound_, incumbent_);
        result.prices = ascent_ ? ascent_->prices() : no_prices(graph_);
        if (ascent_) counters_["price rounds"] = static_cast<double>(ascent_->rounds());
        counters_["labels kept"] = static_cast<double>(labels_kept_);
        counters_["labels expanded"] = static_cast<double>(expanded_);
        counters_["labels dominated"] = static_cast<double>(dominated_);
        counters_["stages left"] = static_cast<double>(reduced_.stages());
        counters_["states evaluated"] = static_cast<double>(evaluated_);
        if (wishes_.accept) counters_["plans replayed"] = static_cast<double>(replays_);
        result.counters = std::move(counters_);
        if (wishes_.certify && ascent_) certify(result);
        if (status == SearchStatus::kStopped) {  // the proof may have come further than the search
            result.lower_bound = std::max(result.lower_bound, std::min(result.priced_bound, incumbent_));
            if (!(result.lower_bound < most())) result.status = answer();
        }
        return result;
    }

private:
    SearchStatus search() {
        const std::vector<double> nothing(graph_.kinds, 0.0);
        const PathWeights by_time{0.0, 1.0, {}, nothing};
        PartialWeights time = reduced_.completions(by_time);
        if (time.root > graph_.latency_cap || time.root >= kNotAllowed) return SearchStatus::kInfeasible;
        if (graph_.latency_cap < kNotAllowed) reduced_.keep_within(by_time, time, graph_.latency_cap);
        floor_ = latency_floor(graph_, time.root);
        if (!wishes_.known_path.empty()) offer(wishes_.known_path);
        for (std::size_t k = 0; k < graph_.kinds; ++k) offer({{k, 0, graph_.cuts - 1}});
        ascent_.emplace(graph_, floor_, wishes_.warm_start.value_or(no_prices(graph_)));
        root_bound_ = -kNotAllowed;
        for (std::size_t p = 0; p < kPhases.size(); ++p) {
            const Phase& phase = kPhases[p];
            if (p > 0 && enough()) return SearchStatus::kStopped;
            ascent_->climb(
                reduced_, phase.rounds, [&] { return incumbent_; },
                [&](const std::vector<PathStep>& path) { offer(path); }, [&] { return enough(); });
            if (tighten()) return answer();
            beam(phase.beam_width);
            if (tighten()) return answer();
            if (p == 0 && incumbent_ >= kNotAllowed && !find_feasible()) return answer();
            if (enough()) return SearchStatus::kStopped;
            const bool last = p + 1 == kPhases.size() || ascent_->stalled();
            const std::size_t left = caps_.labels > labels_kept_ ? caps_.labels - labels_kept_ : 0;
            switch (best_first(last ? left : std::min(left, phase.labels))) {
                case Outcome::kClosed:
                    return answer();
                case Outcome::kStopped:
                    return SearchStatus::kStopped;
                case Outcome::kBudget:
                    if (last || left <= phase.labels) return SearchStatus::kStopped;
            }
        }
        return SearchStatus::kStopped;
    }

    [[nodiscard]] SearchStatus answer() const {
        return incumbent_path_.empty() ? SearchStatus::kInfeasible : SearchStatus::kOptimal;
    }

    [[nodiscard]] bool enough() {
        return (wishes_.any_plan && !incumbent_path_.empty()) || (wishes_.out_of_time && wishes_.out_of_time());
    }

    /// What is not below this cannot be better than the incumbent.
    [[nodiscard]] double most() const {
        return incumbent_ >= kNotAllowed ? kNotAllowed : incumbent_ - std::abs(incumbent_) * kSameValue;
    }

    /// Takes a complete path as incumbent where it is feasible, better and accepted.
    void offer(const std::vector<PathStep>& path) {
        const PathValue value = evaluate_path(graph_, path);
        if (!value.feasible || value.value >= incumbent_) return;
        if (wishes_.accept) {
            ++replays_;
            if (!wishes_.accept(path)) return;
        }
        incumbent_ = value.value;
        incumbent_path_ = path;
    }

    /// Drops what no better plan can use. True: nothing is left, the incumbent is best.
    bool tighten() {
        root_bound_ = std::max(root_bound_, ascent_->bound());
        if (!(ascent_->bound() < most())) return true;
        if (incumbent_ >= kNotAllowed) return false;
        // `most` is what a path may weigh before the offset is taken off.
        const std::size_t before = reduced_.stages();
        if (!full_prices_) full_prices_ = ascent_->prices();
        const std::size_t left =
            reduced_.keep_within(ascent_->weights(), ascent_->completions(), most() + ascent_->offset());
        if (left == 0) return true;
        if (left < before) ascent_->refresh(reduced_);
        return !(ascent_->bound() < most());
    }

    /// Under tight limits it takes a search for the least latency to find any plan. False: there is none.
    bool find_feasible() {
        if (graph_.latency_cap >= kNotAllowed || wishes_.accept || wishes_.cutoff < kNotAllowed) return true;
        const bool by_latency =
            graph_.latency_weight > 0 &&
            std::all_of(graph_.stage_cost.begin(), graph_.stage_cost.end(), [](double cost) { return cost == 0; });
        if (by_latency) return true;
        SearchGraph fastest = graph_;
        fastest.latency_weight = 1;
        std::fill(fastest.kind_latency_weight.begin(), fastest.kind_latency_weight.end(), 0.0);
        std::fill(fastest.stage_cost.begin(), fastest.stage_cost.end(), 0.0);
        std::fill(fastest.leg_cost.begin(), fastest.leg_cost.end(), 0.0);
        SearchWishes wishes;
        wishes.any_plan = true;
        wishes.out_of_time = wishes_.out_of_time;
        const SearchResult found = search_labels(fastest, caps_, wishes);
        counters_["labels for a first plan"] =
            found.counters.count("labels kept") ? found.counters.at("labels kept") : 0;
        if (!found.path.empty()) offer(found.path);
        return found.status != SearchStatus::kInfeasible;
    }

    [[nodiscard]] std::vector<PathStep> path_of(const PartialPlan& plan) const {
        std::vector<PathStep> path;
        for (const PartialPlan* at = &plan;; at = &labels_[at->parent]) {
            path.push_back({at->kind, at->from, at->cut});
            if (at->parent == kNoParent) break;
        }
        std::reverse(path.begin(), path.end());
        return path;
    }

    [[nodiscard]] PlanExtender extender() const {
        return {graph_, reduced_, floor_, ascent_->weights(), ascent_->offset(), ascent_->completions()};
    }

    /// A forward pass that keeps the few best partial plans at every cut.
    void beam(std::size_t width) {
        labels_.clear();
        PlanExtender extend = extender();
        std::vector<std::vector<PartialPlan>> at_cut(graph_.cuts);
        const auto keep = [&](const PartialPlan& plan) {
            if (plan.cut + 1U == graph_.cuts) {
                offer(path_of(plan));
                return;
            }
            std::vector<PartialPlan>& here = at_cut[plan.cut];
            if (here.size() == width && !(plan.bound < here.back().bound)) return;
            const auto better = [](const PartialPlan& left, const PartialPlan& right) {
                return left.bound < right.bound;
            };
            here.insert(std::upper_bound(here.begin(), here.end(), plan, better), plan);
            if (here.size() > width) here.pop_back();
        };
        const auto limit = [&] { return most(); };
        extend.extend(nullptr, kNoParent, graph_.kinds, limit, keep);
        for (std::size_t a = 1; a + 1 < graph_.cuts && !enough(); ++a) {
            for (const PartialPlan& plan : at_cut[a]) {
                if (!(plan.bound < most())) continue;
                labels_.push_back(plan);
                extend.extend(&plan, static_cast<std::uint32_t>(labels_.size() - 1), kBeamKinds, limit, keep);
            }
        }
        labels_.clear();
        counters_["states evaluated by beams"] += static_cast<double>(extend.evaluated());
    }

    enum class Outcome { kClosed, kBudget, kStopped };

    /// What dominance compares, side by side in memory.
    struct Rival {
        double sum;
        double slow;
        double cost;
        double weight;
        std::uint64_t used;
        std::uint32_t label;
        std::uint32_t stages;
    };

    static bool dominates(const Rival& left, const Rival& right) {
        return left.cost <= right.cost && left.sum <= right.sum && (left.used & ~right.used) == 0 &&
               left.slow <= right.slow && left.weight <= right.weight && left.stages <= right.stages;
    }

    void insert(const PartialPlan& plan, const PlanExtender& extend) {
        PartialPlan kept = plan;
        if (plan.cut + 1U == graph_.cuts) {  // the bound becomes the value
            const std::vector<PathStep> path = path_of(plan);
            if (!wishes_.accept) {
                offer(path);
                return;
            }
            const PathValue value = evaluate_path(graph_, path);
            if (!value.feasible || !(value.value < most())) return;
            kept.bound = value.value;
        } else if (!wishes_.accept) {
            const std::uint64_t used = plan.used & extend.useful_nodes(plan.cut);
            const auto stages = static_cast<std::uint32_t>(extend.count_stages() ? std::popcount(plan.used) : 0);
            const Rival rival{
                plan.sum, plan.slow, plan.cost, plan.weight, used, static_cast<std::uint32_t>(labels_.size()), stages};
            std::vector<Rival>& rivals = rivals_[plan.kind * graph_.cuts + plan.cut];
            for (const Rival& other : rivals) {
                if (!dominates(other, rival)) continue;
                ++dominated_;
                return;
            }
            std::erase_if(rivals, [&](const Rival& other) {
                if (!dominates(rival, other)) return false;
                labels_[other.label].dominated = true;
                ++dominated_;
                return true;
            });
            rivals.push_back(rival);
        }
        labels_.push_back(kept);
        ++labels_kept_;
        queue_.push({kept.bound, static_cast<std::uint32_t>(labels_.size() - 1), kept.cut});
    }

    /// Best bound first, at most `budget` labels.
    Outcome best_first(std::size_t budget) {
        labels_.clear();
        queue_ = {};
        rivals_.assign(graph_.kinds * graph_.cuts, {});
        PlanExtender extend = extender();
        extend.sort_rows();
        const auto limit = [&] { return most(); };
        const auto take = [&](const PartialPlan& plan) { insert(plan, extend); };
        extend.extend(nullptr, kNoParent, graph_.kinds, limit, take);
        Outcome outcome = Outcome::kClosed;
        for (std::size_t turn = 0; !queue_.empty(); ++turn) {
            const Entry entry = queue_.top();
            if (!(entry.bound < most())) break;
            root_bound_ = std::max(root_bound_, entry.bound);
            if (turn % 64 == 0 && enough()) outcome = Outcome::kStopped;
            if (labels_.size() > budget) outcome = Outcome::kBudget;
            if (replays_ > caps_.replays) outcome = Outcome::kStopped;
            if (outcome != Outcome::kClosed) break;
            queue_.pop();
            const PartialPlan plan = labels_[entry.label];
            if (plan.dominated) continue;
            if (plan.cut + 1U == graph_.cuts) {
                offer(path_of(plan));
                continue;
            }
            ++expanded_;
            extend.extend(&plan, entry.label, graph_.kinds, limit, take);
        }
        evaluated_ += extend.evaluated();
        return outcome;
    }

    /// The prices on the whole graph: stages were dropped since, so their bound there may be lower. The ones from
    /// before that are the other candidate.
    void certify(SearchResult& result) const {
        ReducedGraph whole(graph_);
        if (graph_.latency_cap < kNotAllowed) {  // as whoever checks the proof does
            const PathWeights by_time{0.0, 1.0, {}, std::vector<double>(graph_.kinds, 0.0)};
            whole.keep_within(by_time, whole.completions(by_time), graph_.latency_cap);
        }
        std::vector<KindPrices> candidates{ascent_->prices()};
        if (full_prices_) candidates.push_back(*full_prices_);
        for (const KindPrices& prices : candidates) {
            const PathWeights weights = priced_weights(graph_, prices, floor_);
            const PartialWeights completions = whole.completions(weights);
            if (completions.root >= kNotAllowed) continue;
            const double bound = completions.root - price_offset(graph_, prices, floor_);
            if (bound <= result.priced_bound) continue;
            result.priced_bound = bound;
            result.prices = prices;
            result.relaxed_path = whole.best_path(weights, completions);
        }
        const auto out_of_time = [&] { return wishes_.out_of_time && wishes_.out_of_time(); };
        const double gap = incumbent_ - result.priced_bound;
        if (result.priced_bound <= -kNotAllowed || gap <= kSmallGap * std::abs(incumbent_) || out_of_time()) return;
        // Early drops can leave little for prices to do: raise them on the whole graph, for the proof's sake.
        DualAscent again(graph_, floor_, result.prices);
        again.climb(
            whole, kProofRounds, [&] { return incumbent_; }, [](const std::vector<PathStep>&) {}, out_of_time);
        if (again.bound() <= result.priced_bound || again.bound() >= kNotAllowed) return;
        result.priced_bound = again.bound();
        result.prices = again.prices();
        result.relaxed_path = whole.best_path(again.weights(), again.completions());
    }

    struct Entry {
        double bound = 0;
        std::uint32_t label = 0;
        std::uint16_t cut = 0;
    };
    struct Later {
        bool operator()(const Entry& left, const Entry& right) const {
            if (left.bound != right.bound) return left.bound > right.bound;
            if (left.cut != right.cut) return left.cut < right.cut;
            return left.label > right.label;
        }
    };

    const SearchGraph& graph_;
    SearchCaps caps_;
    const SearchWishes& wishes_;
    ReducedGraph reduced_;
    LatencyFloor floor_;
    std::optional<DualAscent> ascent_;
    std::optional<KindPrices> full_prices_;
    double root_bound_ = -kNotAllowed;
    double incumbent_ = kNotAllowed;
    std::vector<PathStep> incumbent_path_;
    std::vector<PartialPlan> labels_;
    std::vector<std::vector<Rival>> rivals_;
    std::priority_queue<Entry, std::vector<Entry>, Later> queue_;
    std::size_t labels_kept_ = 0;
    std::size_t expanded_ = 0;
    std::size_t dominated_ = 0;
    std::size_t evaluated_ = 0;
    std::size_t replays_ = 0;
    std::map<std::string, double> counters_;
};

}  // namespace

SearchResult search_labels(const SearchGraph& graph, const SearchCaps& caps, const SearchWishes& wishes) {
    return Search(graph, caps, wishes).run();
}

}  // namespace carbonedge
