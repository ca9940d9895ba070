#include "lib/verify/verify_fleet.h"

#include "lib/verify/fleet_bound.h"
#include "lib/verify/verify.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

constexpr double kRelative = 1e-9;
constexpr double kClosed = 1e-13;  ///< a gap that no search leaves open

bool close(double stated, double recomputed) {
    return std::abs(stated - recomputed) <= kRelative * std::max(std::abs(stated), std::abs(recomputed)) + 1e-15;
}

/// What running a model in one way takes of each node.
struct Way {
    double grams = 0;
    std::vector<double> memory;
    std::vector<double> cores;
};

class Check {
public:
    explicit Check(const FleetPlan& fleet) : fleet_(fleet), nodes_(fleet.members.front().plan.cluster.nodes) {}

    FleetVerification run() {
        for (const FleetMember& member : fleet_.members) check_member(member);
        if (!result_.passed()) return result_;
        check_nodes();
        check_certificate();
        return result_;
    }

private:
    template <class... Arguments>
    void breach(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
        result_.breaches.push_back(fmt::format(text, std::forward<Arguments>(arguments)...));
    }

    void check_member(const FleetMember& member) {
        const Verification verification = verify_plan(member.plan);
        for (const std::string& problem : verification.breaches) breach("{}: {}", member.name, problem);
        if (!(member.plan.cluster == fleet_.members.front().plan.cluster)) {
            breach("{}: its cluster is another than that of {}", member.name, fleet_.members.front().name);
        }
        if (member.plan.routing.policy != "single") breach("{}: has several pipelines, expected one", member.name);
        if (member.plan.cluster.idle_policy == IdlePolicy::kFull) breach("{}: counts idle power in full", member.name);
        const double rate = member.plan.limits.throughput_per_second.value_or(0);
        if (rate < member.rate_per_second * (1 - kRelative)) {
            breach("{}: its plan is held to {} requests a second, it has {}", member.name, rate,
                   member.rate_per_second);
        }
    }

    [[nodiscard]] Way way_of(const FleetMember& member, const std::vector<NamedStage>& stages,
                             const RecomputedPipeline& pipeline) const {
        Way way{member.rate_per_second * pipeline.parts.grams().value(), std::vector<double>(nodes_.size(), 0),
                std::vector<double>(nodes_.size(), 0)};
        for (std::size_t s = 0; s < stages.size(); ++s) {
            const auto node = static_cast<std::size_t>(
                std::find_if(nodes_.begin(), nodes_.end(),
                             [&](const Node& candidate) { return candidate.name == stages[s].node; }) -
                nodes_.begin());
            way.memory[node] += pipeline.stages[s].memory_bytes;
            way.cores[node] += member.rate_per_second * pipeline.stages[s].cpu.count();
        }
        return way;
    }

    /// As the stages state it, each rounded up to a byte.
    [[nodiscard]] Bytes stage_bytes(const std::string& node) const {
        Bytes sum;
        for (const FleetMember& member : fleet_.members) {
            for (const PlannedStage& stage : member.plan.pipelines.front().stages) {
                if (stage.node == node) sum += stage.memory;
            }
        }
        return sum;
    }

    void check_nodes() {
        std::vector<double> memory(nodes_.size(), 0);
        std::vector<double> cores(nodes_.size(), 0);
        for (const FleetMember& member : fleet_.members) {
            std::vector<NamedStage> stages;
            for (const PlannedStage& stage : member.plan.pipelines.front().stages) {
                stages.push_back({stage.layers, stage.node});
            }
            const Way way = way_of(member, stages, Recomputer(member.plan).pipeline(stages));
            result_.grams_per_second += way.grams;
            for (std::size_t v = 0; v < nodes_.size(); ++v) {
                memory[v] += way.memory[v];
                cores[v] += way.cores[v];
            }
        }
        if (fleet_.nodes.size() != nodes_.size()) {
            return breach("{} nodes are stated, the cluster has {}", fleet_.nodes.size(), nodes_.size());
        }
        for (std::size_t v = 0; v < nodes_.size(); ++v) {
            const FleetNodeUse& use = fleet_.nodes[v];
            const Node& node = nodes_[v];
            if (use.node != node.name) breach("node {} is stated where the cluster has {}", use.node, node.name);
            if (use.memory != stage_bytes(node.name)) {
                breach("{}: memory is stated as {} bytes, its stages need {}", node.name, use.memory.value(),
                       stage_bytes(node.name).value());
            }
            if (!close(use.cores, cores[v])) {
                breach("{}: cores are stated as {:.12g}, recomputed {:.12g}", node.name, use.cores, cores[v]);
            }
            if (memory[v] > static_cast<double>(node.memory.value()) * (1 + kRelative)) {
                breach("{}: the models need {:.0f} bytes, it has {}", node.name, memory[v], node.memory.value());
            }
            if (cores[v] > node.cpus * fleet_.max_load * (1 + kRelative)) {
                breach("{}: the models need {:.6g} cores, they may take {:.6g}", node.name, cores[v],
                       node.cpus * fleet_.max_load);
            }
        }
    }

    void check_certificate() {
        const FleetCertificate& certificate = fleet_.certificate;
        const double value = result_.grams_per_second;
        if (!close(certificate.value, value)) {
            breach("the value is stated as {:.12g} g/s, recomputed {:.12g}", certificate.value, value);
        }
        if (certificate.lower_bound > value * (1 + kRelative)) {
            breach("the lower bound {:.12g} g/s is above the value {:.12g}", certificate.lower_bound, value);
        }
        const double gap = value > 0 ? (value - certificate.lower_bound) / value : 0;
        if (std::abs(gap - certificate.gap) > kRelative) {
            breach("the gap is stated as {:.12g}, recomputed {:.12g}", certificate.gap, gap);
        }
        if (certificate.proven_optimal && gap > kRelative) breach("the plan is said to be proven best with a gap");
        if (!certificate.proven_optimal && gap < kClosed) breach("its gap is closed: it is proven");
        const char* method = certificate.proven_optimal ? "exact-columns" : "bounded-columns";
        if (certificate.method != method) breach("the method is '{}', expected {}", certificate.method, method);
        check_bound_by_single_nodes();
        check_prices();
    }

    /// Prices are a claim: what they say that memory and cores are worth is worth it to the bound that is stated.
    void check_prices() {
        const auto stated = fleet_.certificate.counters.find("price_bound_gco2e_per_second");
        if (stated == fleet_.certificate.counters.end()) return breach("states no bound of its prices");
        const auto open = fleet_.certificate.counters.find("price_problems_open");
        const bool searched = open == fleet_.certificate.counters.end() || open->second == 0;
        const FleetPriceBound proven = fleet_price_bound(fleet_);
        result_.prices_repeated = proven.exact;
        if (!proven.exact) return;
        const bool more = stated->second > proven.bound && !close(stated->second, proven.bound);
        const bool less = stated->second < proven.bound && !close(stated->second, proven.bound);
        if (more || (less && searched)) {
            breach("the prices prove {:.12g} g/s, stated {:.12g}", proven.bound, stated->second);
        }
        const double bound = fleet_.certificate.lower_bound;
        if (!fleet_.certificate.proven_optimal && bound > stated->second && !close(bound, stated->second)) {
            breach("the lower bound {:.12g} g/s is above that of its prices, {:.12g}", bound, stated->second);
        }
    }

    void check_bound_by_single_nodes() {
        double combinations = 1;
        for (std::size_t m = 0; m < fleet_.members.size(); ++m) combinations *= static_cast<double>(nodes_.size());
        if (combinations > 200'000) return;
        std::vector<std::vector<Way>> ways;
        for (const FleetMember& member : fleet_.members) {
            const Recomputer recomputer(member.plan);
            ways.emplace_back();
            for (const Node& node : nodes_) {
                const std::vector<NamedStage> stages{{{0, member.plan.profiles.front().layers.size()}, node.name}};
                const RecomputedPipeline pipeline = recomputer.pipeline(stages);
                if (!broken_limits(member.plan, stages, pipeline, -kRelative).empty()) continue;
                ways.back().push_back(way_of(member, stages, pipeline));
            }
        }
        Way none{0, std::vector<double>(nodes_.size(), 0), std::vector<double>(nodes_.size(), 0)};
        try_ways(ways, 0, none);
    }

    void try_ways(const std::vector<std::vector<Way>>& ways, std::size_t m, const Way& taken) {
        if (!result_.passed()) return;
        if (m == ways.size()) {
            if (taken.grams < fleet_.certificate.lower_bound * (1 - kRelative)) {
                breach("the lower bound {:.12g} g/s is beaten by single nodes with {:.12g}",
                       fleet_.certificate.lower_bound, taken.grams);
            }
            return;
        }
        for (const Way& way : ways[m]) {
            Way next = taken;
            next.grams += way.grams;
            bool fits = true;
            for (std::size_t v = 0; v < nodes_.size(); ++v) {
                next.memory[v] += way.memory[v];
                next.cores[v] += way.cores[v];
                fits = fits && next.memory[v] <= static_cast<double>(nodes_[v].memory.value()) &&
                       next.cores[v] <= nodes_[v].cpus * fleet_.max_load * (1 - kRelative);
            }
            if (fits) try_ways(ways, m + 1, next);
        }
    }

    const FleetPlan& fleet_;
    const std::vector<Node>& nodes_;
    FleetVerification result_;
};

}  // namespace

FleetVerification verify_fleet_plan(const FleetPlan& fleet) {
    if (fleet.members.empty()) return {{"there is no model"}, 0, false};
    return Check(fleet).run();
}

}  // namespace carbonedge
