#include "tools/plan/update_command.h"

#include "lib/base/atomic_file.h"
#include "lib/base/spelling.h"
#include "lib/carbon/zone_intensities.h"
#include "lib/cluster/intensity_notes.h"
#include "lib/partition/plan_file.h"
#include "lib/planner/exact_planner.h"
#include "lib/profile/profile_file.h"
#include "lib/tradeoff/plan_problem.h"
#include "lib/tradeoff/replan_description.h"
#include "lib/verify/verify.h"
#include "tools/cli/rendering.h"
#include "tools/plan/infeasible.h"
#include "tools/plan/inputs.h"

#include <fmt/format.h>
#include <algorithm>
#include <filesystem>
#include <ostream>
#include <stdexcept>

namespace carbonedge {
namespace {

std::vector<std::string> node_names(const Cluster& cluster) {
    std::vector<std::string> names;
    for (const Node& node : cluster.nodes) names.push_back(node.name);
    return names;
}

/// The cluster as it is now. Nodes that the plan knows keep the profiles it carries; others bring their own, or take
/// the reference's times.
void take_cluster(const UpdateOptions& options, const Plan& plan, std::istream& in, PlanningProblem& problem) {
    if (options.cluster.empty()) return;
    problem.cluster = read_cluster_with_intensities(options.cluster, options.named_intensities, in);
    problem.cluster.idle_policy = plan.cluster.idle_policy;
    problem.node_profile.clear();
    const std::filesystem::path folder = std::filesystem::path(options.cluster).parent_path();
    for (const Node& node : problem.cluster.nodes) {
        if (const auto known = find_node(plan.cluster, node.name)) {
            problem.node_profile.push_back(plan.node_profile[known->value()]);
        } else if (node.profile.empty()) {
            problem.node_profile.push_back(0);
        } else {
            const std::string path = (folder / node.profile).string();
            problem.profiles.push_back(read_profile(read_input(path, in), path));
            problem.node_profile.push_back(static_cast<int>(problem.profiles.size()) - 1);
        }
    }
}

void take_figures(const UpdateOptions& options, Cluster& cluster) {
    for (const auto& [name, intensity] : options.intensities) {
        const auto node = find_node(cluster, name);
        if (!node) throw UsageError("--intensity: " + unknown_name_message("node", name, node_names(cluster)));
        cluster.nodes[node->value()].intensity = intensity;
        cluster.nodes[node->value()].intensity_origin.reset();
    }
    for (const auto& [name, bandwidth] : options.bandwidths) {
        if (name == "default") {
            cluster.default_link.bandwidth = bandwidth;
            continue;
        }
        const std::size_t dot = name.find('.');
        const std::string from = name.substr(0, dot);
        const std::string to = dot == std::string::npos ? "" : name.substr(dot + 1);
        for (const std::string& end : {from, to}) {
            if (end == kGateway || find_node(cluster, end)) continue;
            std::vector<std::string> ends = node_names(cluster);
            ends.emplace_back(kGateway);
            throw UsageError(
                fmt::format("--bandwidth: '{}' is no link A.B: {}", name, unknown_name_message("end", end, ends)));
        }
        const auto named = std::find_if(cluster.links.begin(), cluster.links.end(), [&](const Link& link) {
            return (link.from == from && link.to == to) || (link.from == to && link.to == from);
        });
        if (named != cluster.links.end()) {
            named->bandwidth = bandwidth;
        } else {
            Link link = cluster.default_link;
            link.from = from;
            link.to = to;
            link.bandwidth = bandwidth;
            cluster.links.push_back(link);
        }
    }
}

struct Day {
    std::vector<UtcSeconds> times;
    std::vector<Cluster> clusters;
};

/// Means of the series over every step, put on the nodes (the gateway, links) of their zones.
Day read_series(const UpdateOptions& options, const Cluster& cluster, std::istream& in) {
    const ZoneSeries read = read_zone_series(options.series, cluster, in);
    const UtcSeconds start = options.series.from.value_or(common_start(read));
    Day day;
    for (std::size_t i = 0; i < options.steps; ++i) {
        const UtcSeconds begin = start + options.step * static_cast<std::int64_t>(i);
        Cluster now = cluster;
        for (const auto& [zone, series] : read) {
            const IntensityAnswer mean = series.mean(begin, begin + options.step, {});
            if (const auto* missing = std::get_if<NoIntensity>(&mean)) {
                throw UsageError(
                    fmt::format("--series {}: {}; choose --from and --steps within the series", zone, missing->reason));
            }
            set_zone_intensity(now, zone, std::get<CarbonIntensity>(mean));
        }
        day.times.push_back(begin);
        day.clusters.push_back(std::move(now));
    }
    return day;
}

void write_document(const UpdateOptions& options, Document document, std::ostream& out) {
    write_output(options.standard.output, options.standard.overwrite,
                 render_document(std::move(document), options.standard, options.table, options.width), out);
}

ExitStatus walk(const UpdateOptions& options, const Plan& plan, const PlanningProblem& problem,
                const RunningPipeline& running, const MovePolicy& policy, std::istream& in, std::ostream& out,
                std::ostream& err) {
    const Day day = read_series(options, problem.cluster, in);
    const std::vector<WalkedStep> steps = walk_through(problem, running, day.clusters, policy);
    if (steps.size() < day.clusters.size()) {
        PlanningProblem stuck = problem;
        stuck.cluster = day.clusters[steps.size()];
        const PlanOrInfeasibility outcome = plan_exactly(stuck, plan.name);
        if (const auto* infeasibility = std::get_if<Infeasibility>(&outcome)) {
            return tell_infeasible(*infeasibility, true, err);
        }
        throw std::logic_error("a step without a plan has one");
    }
    Document document = describe_walk(problem, plan.name, steps, day.times, options.step, policy);
    document.notes = carbon_notes(day.clusters.front());
    write_document(options, std::move(document), out);
    const bool proven = std::all_of(steps.begin(), steps.end(), [](const WalkedStep& step) { return step.proven; });
    return proven ? ExitStatus::kOk : ExitStatus::kInconclusive;
}

}  // namespace

ExitStatus update_command(const UpdateOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
    check_output(options.standard.output, options.standard.overwrite);
    if (!options.plan.empty()) check_output(options.plan, options.standard.overwrite);
    const Plan plan = read_sound_plan(options.input, in);
    PlanningProblem problem = problem_of_plan(plan);
    const RunningPipeline running = running_pipeline(plan.cluster, placement_of_plan(plan, problem));
    take_cluster(options, plan, in, problem);
    take_figures(options, problem.cluster);
    check_problem(problem);
    MovePolicy policy = options.policy;
    if (!options.rate_given) policy.requests_per_second = plan.predicted.throughput_per_second;
    if (!options.series.files.empty()) return walk(options, plan, problem, running, policy, in, out, err);

    const PlanOrInfeasibility outcome = plan_exactly(problem, options.name.empty() ? plan.name : options.name);
    if (const auto* infeasibility = std::get_if<Infeasibility>(&outcome)) {
        return tell_infeasible(*infeasibility, true, err);
    }
    const Plan& next = std::get<Plan>(outcome);
    const Placement best = placement_of_plan(next, problem);
    const MoveDecision decision = decide_move(problem, running, best, policy);
    if (decision.verdict != MoveVerdict::kStay && !options.plan.empty()) {
        const Verification verification = verify_plan(next);
        if (!verification.passed()) {
            throw std::logic_error("the plan fails its verification: " + verification.breaches.front());
        }
        write_output(options.plan, options.standard.overwrite, write_plan(next), out);
    }
    Document document = describe_move(problem, plan.name, running, best, decision, policy);
    document.notes = carbon_notes(problem.cluster);
    write_document(options, std::move(document), out);
    return next.certificate.proven_optimal ? ExitStatus::kOk : ExitStatus::kInconclusive;
}

}  // namespace carbonedge
