#include "tools/plan/fleet_command.h"

#include "lib/base/atomic_file.h"
#include "lib/base/spelling.h"
#include "lib/cluster/intensity_notes.h"
#include "lib/partition/fleet_plan_file.h"
#include "lib/partition/plan_file.h"
#include "lib/planner/fleet_planner.h"
#include "lib/profile/profile_file.h"
#include "lib/units/text.h"
#include "lib/verify/verify_fleet.h"
#include "tools/plan/inputs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <filesystem>
#include <sstream>
#include <stdexcept>

namespace carbonedge {
namespace {

/// A profile that was measured on a node, of one of the models.
struct NodeProfile {
    std::size_t node = 0;
    std::string option;  ///< what asked for it; "" the cluster file
    Profile profile;
};

std::vector<NodeProfile> read_node_profiles(const FleetOptions& options, const Cluster& cluster) {
    std::vector<NodeProfile> profiles;
    std::istringstream unused;
    std::vector<std::string> names;
    const std::filesystem::path folder = std::filesystem::path(options.cluster).parent_path();
    for (std::size_t v = 0; v < cluster.nodes.size(); ++v) {
        names.push_back(cluster.nodes[v].name);
        if (cluster.nodes[v].profile.empty()) continue;
        const std::string path = (folder / cluster.nodes[v].profile).string();
        profiles.push_back({v, "", read_profile(read_input(path, unused), path)});
    }
    for (const auto& [node, path] : options.node_profiles) {
        const auto found = std::find(names.begin(), names.end(), node);
        if (found == names.end()) throw UsageError("--node-profile: " + unknown_name_message("node", node, names));
        profiles.push_back({static_cast<std::size_t>(found - names.begin()), fmt::format("{}={}", node, path),
                            read_profile(read_input(path, unused), path)});
    }
    return profiles;
}

std::vector<FleetRequest> read_requests(const FleetOptions& options, std::istream& in) {
    Cluster cluster = read_cluster_with_intensities(options.cluster, options.intensities, in);
    if (options.idle) cluster.idle_policy = *options.idle;
    const std::vector<NodeProfile> node_profiles = read_node_profiles(options, cluster);
    std::vector<bool> used(node_profiles.size(), false);
    std::vector<FleetRequest> requests;
    for (const FleetModelOptions& model : options.models) {
        FleetRequest request;
        request.name = model.name;
        request.rate_per_second = model.rate_per_second;
        request.problem.cluster = cluster;
        request.problem.limits.latency_mean = model.latency_mean;
        request.problem.node_profile.assign(cluster.nodes.size(), 0);
        request.problem.profiles = {read_profile(read_input(model.profile, in), model.profile)};
        for (std::size_t i = 0; i < node_profiles.size(); ++i) {
            if (node_profiles[i].profile.model_sha256 != request.problem.profiles.front().model_sha256) continue;
            used[i] = true;
            request.problem.node_profile[node_profiles[i].node] = static_cast<int>(request.problem.profiles.size());
            request.problem.profiles.push_back(node_profiles[i].profile);
        }
        requests.push_back(std::move(request));
    }
    for (std::size_t i = 0; i < node_profiles.size(); ++i) {
        if (used[i] || node_profiles[i].option.empty()) continue;
        throw UsageError(fmt::format("--node-profile: '{}' is of none of the models", node_profiles[i].option));
    }
    return requests;
}

std::string mass_rate_text(double grams_per_second) { return mass_text(GramsCo2e(3600 * grams_per_second)) + "/h"; }

std::string price_text(double grams_per_second) {
    return grams_per_second > 0 ? mass_rate_text(grams_per_second / 100) : "nothing";
}

std::string bound_text(const FleetCertificate& certificate) {
    if (certificate.proven_optimal) return fmt::format("proven least ({})", certificate.method);
    return fmt::format("at least {} by proof: gap {:.2f} % ({})", mass_rate_text(certificate.lower_bound),
                       100 * certificate.gap, certificate.method);
}

std::string summary(const FleetPlan& fleet) {
    std::string text = fmt::format("fleet of {} models on {} nodes\n", fleet.members.size(), fleet.nodes.size());
    text +=
        fmt::format("  {:<16} {:>9} {:>9} {:>9} {:>11}  {}\n", "model", "rate", "latency", "limit", "carbon", "stages");
    for (const FleetMember& member : fleet.members) {
        const Prediction& predicted = member.plan.predicted;
        std::vector<std::string> stages;
        for (const PlannedStage& stage : member.plan.pipelines.front().stages) {
            stages.push_back(fmt::format("{}-{} on {}", stage.layers.first, stage.layers.end - 1, stage.node));
        }
        const std::optional<Nanoseconds>& limit = member.plan.limits.latency_mean;
        text += fmt::format(
            "  {:<16} {:>9} {:>9} {:>9} {:>11}  {}\n", member.name, fmt::format("{:.4g}/s", member.rate_per_second),
            duration_text(to_seconds(predicted.latency_mean)), limit ? duration_text(to_seconds(*limit)) : "none",
            mass_rate_text(member.rate_per_second * predicted.parts.grams().value()), fmt::join(stages, ", "));
    }
    text += fmt::format("  {:<16} {:>20} {:>15}  {}\n", "node", "memory", "cores", "worth of 1 % more memory, cores");
    const std::vector<Node>& nodes = fleet.members.front().plan.cluster.nodes;
    for (std::size_t v = 0; v < nodes.size(); ++v) {
        const FleetNodeUse& use = fleet.nodes[v];
        text += fmt::format("  {:<16} {:>20} {:>15}  {}, {}\n", use.node,
                            fmt::format("{} of {}", bytes_text(use.memory), bytes_text(nodes[v].memory)),
                            fmt::format("{:.3g} of {:.3g}", use.cores, nodes[v].cpus * fleet.max_load),
                            price_text(use.memory_price), price_text(use.cores_price));
    }
    text += fmt::format("  carbon   {}, {}\n", mass_rate_text(fleet.certificate.value), bound_text(fleet.certificate));
    for (const std::string& note : carbon_notes(fleet.members.front().plan.cluster)) {
        text += fmt::format("  note     {}\n", note);
    }
    return text;
}

}  // namespace

ExitStatus fleet_command(const FleetOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
    check_output(options.standard.output, options.standard.overwrite);
    const auto plan_path = [&](const std::string& name) {
        return (std::filesystem::path(options.plans) / (name + ".plan.json")).string();
    };
    if (!options.plans.empty()) {
        for (const FleetModelOptions& model : options.models) {
            check_output(plan_path(model.name), options.standard.overwrite);
        }
    }
    const std::vector<FleetRequest> requests = read_requests(options, in);
    const FleetPlanOrInfeasibility outcome = plan_fleet(requests, options.max_load);
    if (const auto* infeasibility = std::get_if<Infeasibility>(&outcome)) {
        err << "carbonedge-plan: " << (infeasibility->proven ? "infeasible: " : "undecided: ")
            << infeasibility->explanation << "\n";
        return infeasibility->proven ? ExitStatus::kNegativeVerdict : ExitStatus::kInconclusive;
    }
    const FleetPlan& fleet = std::get<FleetPlan>(outcome);
    const FleetVerification verification = verify_fleet_plan(fleet);
    if (!verification.passed()) {
        throw std::logic_error("the plan fails its verification: " + verification.breaches.front());
    }
    if (!options.plans.empty()) {
        for (const FleetMember& member : fleet.members) {
            write_output(plan_path(member.name), options.standard.overwrite, write_plan(member.plan), out);
        }
    }
    write_output(options.standard.output, options.standard.overwrite, write_fleet_plan(fleet), out);
    if (!options.standard.quiet) err << summary(fleet);
    return ExitStatus::kOk;
}

ExitStatus verify_fleet_command(std::string_view text, const std::string& file, std::string& report) {
    const FleetPlan fleet = read_fleet_plan(text, file);
    const FleetVerification verification = verify_fleet_plan(fleet);
    for (const std::string& breach : verification.breaches) report += "breach: " + breach + "\n";
    if (verification.passed()) {
        report = fmt::format("fleet plan of {} models holds: {} g/s, {}\n", fleet.members.size(),
                             number_text(verification.grams_per_second), bound_text(fleet.certificate));
    }
    return verification.passed() ? ExitStatus::kOk : ExitStatus::kNegativeVerdict;
}

}  // namespace carbonedge
