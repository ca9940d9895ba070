#include "lib/profiler/description.h"

#include "lib/base/version.h"
#include "lib/measure/machine.h"
#include "lib/units/text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <ctime>

namespace carbonedge {
namespace {

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string meter_text(const PowerCurve& curve) {
    return fmt::format("model:cpu-seconds ({} W idle, {} W busy per core, +-{:.0f} %; {})",
                       number_text(curve.idle_per_core.value()), number_text(curve.busy_per_core.value()),
                       100 * curve.relative_uncertainty, curve.source);
}

}  // namespace

void describe_model(Profile& profile, const Model& model, const std::string& path) {
    profile.tool_version = version();
    profile.model_name = file_name(path);
    profile.model_sha256 = model.sha256();
    for (const InputSpec& input : model.input_specs()) profile.inputs.push_back(input_spec_text(input));
    profile.input_values = model.input_values();
    profile.output_values = model.output_values();
    profile.execution = model.execution();
    profile.execution_reason = model.execution_reason();
    profile.layers = model.layers();
}

void describe_conditions(Profile& profile, const ProfilerOptions& options, const std::vector<int>& pinned) {
    const MachineDescription machine = describe_machine();
    profile.threads = options.threads;
    profile.blas = blas_description();
    profile.cpu = machine.cpu_text();
    profile.machine = machine.machine_text();
    profile.date_utc = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
    profile.cpus_limit = options.limit.cpus;
    profile.memory_limit = options.limit.memory;
    profile.limit_enforced = options.limit_mechanism.starts_with("cgroup-");
    profile.meter = meter_text(options.power);
    profile.environment["seed"] = std::to_string(options.model.seed);
    if (options.model.grouping_depth > 0)
        profile.environment["grouping-depth"] = std::to_string(options.model.grouping_depth);
    profile.environment["pinned-cpus"] = pinned.empty() ? "none" : fmt::format("{}", fmt::join(pinned, ","));
    if (!options.limit_mechanism.empty()) profile.environment["limit-mechanism"] = options.limit_mechanism;
    if (options.limit.cpus > 0) profile.environment["quota-period"] = exact_duration(options.limit.quota_period);
}

}  // namespace carbonedge
