#include "tools/partition/partition_command.h"

#include "lib/base/atomic_file.h"
#include "lib/cluster/cluster_file.h"
#include "lib/partition/plan_file.h"
#include "lib/profile/profile_file.h"
#include "tools/partition/stage_modules.h"
#include "tools/partition/summary.h"

#include <fmt/format.h>
#include <ostream>

namespace carbonedge {
namespace {

std::string shown_name(const std::string& path) { return path == "-" ? "standard input" : path; }

SplitRequest split_request(const PartitionOptions& options, std::istream& in) {
    SplitRequest request;
    const bool capability = options.by_capability || options.method == SplitMethod::kCapability;
    request.method = capability ? SplitMethod::kCapability : options.method.value_or(SplitMethod::kOptimal);
    // The published split weighs layers by their parameters; --by says otherwise.
    request.by = options.by.value_or(options.by_capability ? CostModel::kParameters : CostModel::kLatency);
    request.bandwidth = options.bandwidth;
    if (!capability) {
        request.shares.assign(*options.stages, 1.0 / static_cast<double>(*options.stages));
        return request;
    }
    const Cluster cluster =
        read_cluster(read_input(options.cluster, in), shown_name(options.cluster), keep_intensity_name);
    if (options.stages && *options.stages != cluster.nodes.size()) {
        throw UsageError(fmt::format("--stages {}: the capability split makes one stage for each of the {} nodes",
                                     *options.stages, cluster.nodes.size()));
    }
    request.shares = capability_shares(cluster);
    return request;
}

}  // namespace

ExitStatus partition_command(const PartitionOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
    check_output(options.standard.output, options.standard.overwrite);
    const Profile profile = read_profile(read_input(options.profile, in), shown_name(options.profile));
    std::optional<SplitRequest> request;
    Partition partition;
    if (options.cuts.empty()) {
        request = split_request(options, in);
        partition = split_profile(profile, *request);
    } else {
        partition = split_at(profile, options.cuts);
        partition.by = cost_model_name(options.by.value_or(CostModel::kLatency));
    }
    if (!options.emit.empty()) {
        const int status = emit_stage_modules(partition, options.model, options.emit, options.standard.quiet,
                                              options.standard.overwrite);
        if (status != 0) return static_cast<ExitStatus>(status);
    }
    write_output(options.standard.output, options.standard.overwrite, write_partition(partition), out);
    if (!options.standard.quiet) err << partition_summary(partition, request);
    return ExitStatus::kOk;
}

}  // namespace carbonedge
