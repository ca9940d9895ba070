#include "lib/verify/binding.h"

#include "lib/units/text.h"
#include "lib/verify/bottleneck_bound.h"
#include "lib/verify/bound_proof.h"
#include "lib/verify/stage_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <set>

namespace carbonedge {
namespace {

/// A listed limit must let in something better by this, relative; one that is not listed nothing better by kClearly.
constexpr double kBarely = 1e-10;
constexpr double kClearly = 1e-8;
constexpr double kRelative = 1e-9;
/// More than any stage needs: as if there were no limit.
constexpr std::int64_t kAllMemory = std::int64_t{1} << 52U;

/// A limit as plans name it, and a plan without it.
struct Removable {
    std::string text;
    std::function<void(Plan&)> remove;
};

std::vector<Removable> removable_limits(const Plan& plan) {
    const Limits& limits = plan.limits;
    std::vector<Removable> all;
    if (limits.latency_mean) {
        all.push_back({"latency <= " + duration_text(to_seconds(*limits.latency_mean)),
                       [](Plan& p) { p.limits.latency_mean.reset(); }});
    }
    if (limits.latency_p95) {
        all.push_back({"p95 latency <= " + duration_text(to_seconds(*limits.latency_p95)),
                       [](Plan& p) { p.limits.latency_p95.reset(); }});
    }
    if (limits.throughput_per_second) {
        all.push_back({fmt::format("throughput >= {:.6g}/s", *limits.throughput_per_second),
                       [](Plan& p) { p.limits.throughput_per_second.reset(); }});
    }
    if (limits.max_nodes) {
        all.push_back({fmt::format("nodes <= {}", *limits.max_nodes), [](Plan& p) { p.limits.max_nodes.reset(); }});
    }
    if (cuts_are_given(plan)) {
        std::vector<std::size_t> cuts;
        for (const PlannedStage& stage : plan.pipelines.front().stages) cuts.push_back(stage.layers.end);
        cuts.pop_back();
        all.push_back({fmt::format("cuts kept at {}", fmt::join(cuts, ",")), [](Plan& p) {
                           std::string& method = p.certificate.method;
                           method.resize(method.rfind("-given-cuts"));
                       }});
    }
    for (const auto& pin : limits.pinned) {
        all.push_back(
            {fmt::format("pin {}={}", pin.first, pin.second), [pin](Plan& p) { std::erase(p.limits.pinned, pin); }});
    }
    for (const auto& ban : limits.forbidden) {
        all.push_back({fmt::format("forbid {}={}", ban.first, ban.second),
                       [ban](Plan& p) { std::erase(p.limits.forbidden, ban); }});
    }
    all.push_back({"memory", [](Plan& p) {
                       for (Node& node : p.cluster.nodes) node.memory = Bytes(kAllMemory);
                   }});
    return all;
}

/// Prices that a plan's limit on latency paid for prove nothing without it: what is left is what the value pays.
void cap_time_price(Plan& plan, const StageTable& table) {
    if (plan.limits.latency_mean || plan.limits.latency_p95) return;
    if (!plan.certificate.proof) plan.certificate.proof = BoundProof{};
    BoundProof& proof = *plan.certificate.proof;
    double least_weight = kNever;
    for (std::size_t v = 0; v < table.nodes(); ++v) least_weight = std::min(least_weight, table.node_latency_weight(v));
    const double weight = table.latency_weight() + least_weight;
    double refills = 0;
    for (const BoundProof::NodePrice& node : proof.nodes) refills += node.refill_price;
    if (refills > weight) {
        for (BoundProof::NodePrice& node : proof.nodes) node.refill_price = 0;
        refills = 0;
    }
    proof.time_price = weight - refills;
}

/// Whether a pipeline of the plan's problem is better than its value by `margin`; nothing where that is too much work.
std::optional<bool> any_better(Plan plan, const RecomputedReferences& references, double value, double margin,
                               Slack slack, std::size_t most_stages) {
    if (plan.objective == Objective::kBottleneck) {
        if (cuts_are_given(plan)) return std::nullopt;
        const std::optional<bool> some =
            some_pipeline_within(plan, value * (1 - margin), 100 * static_cast<double>(most_stages));
        const bool latency = plan.limits.latency_mean || plan.limits.latency_p95;
        return some && *some && latency ? std::nullopt : some;
    }
    const Recomputer recomputer(plan, references);
    const StageTable table(plan, recomputer);
    cap_time_price(plan, table);
    // The enumeration asks for less by 1e-9 by itself.
    const double below = value + std::abs(value) * (kRelative - margin);
    const Enumeration tried = enumerate_better(plan, recomputer, table, below, most_stages, slack);
    if (tried.answer == Enumeration::Answer::kTooMany) return std::nullopt;
    return tried.answer == Enumeration::Answer::kBetterFound;
}

bool said_undecided(const Plan& plan, const std::string& text) {
    return std::any_of(plan.notes.begin(), plan.notes.end(), [&](const std::string& note) {
        return note.starts_with("the search ended before it was decided whether these bind: ") &&
               note.find(text) != std::string::npos;
    });
}

}  // namespace

BindingCheck check_binding(const Plan& plan, const Recomputer& recomputer, double value, std::size_t most_stages) {
    BindingCheck check;
    const bool tells =
        plan.pipelines.size() == 1 && plan.certificate.proven_optimal && plan.certificate.method.starts_with("exact-");
    if (!tells) {
        if (!plan.binding.empty()) check.breaches.emplace_back("only a plan that is proven best tells what binds");
        return check;
    }
    std::set<std::string> listed;
    for (const std::string& text : plan.binding) {
        if (!listed.insert(text).second) check.breaches.push_back("'" + text + "' is listed twice");
    }
    std::set<std::string> tried;
    for (const Removable& limit : removable_limits(plan)) {
        if (!tried.insert(limit.text).second) continue;
        Plan without = plan;
        limit.remove(without);
        const bool binds = listed.erase(limit.text) > 0;
        if (!binds && said_undecided(plan, limit.text)) continue;
        const std::optional<bool> better =
            any_better(std::move(without), recomputer.references(), value, binds ? kBarely : kClearly,
                       binds ? Slack::kGenerous : Slack::kStrict, most_stages);
        if (!better) check.undecided.push_back(limit.text);
        if (better == binds) continue;
        if (better && binds) {
            check.breaches.push_back("'" + limit.text + "' does not bind: nothing is better without it");
        } else if (better) {
            check.breaches.push_back("'" + limit.text + "' binds, which is not said");
        }
    }
    for (const std::string& text : listed) check.breaches.push_back("'" + text + "' is no limit of this plan");
    return check;
}

}  // namespace carbonedge
