#include "lib/profiler/profiler.h"

#include "lib/base/version.h"
#include "lib/measure/clocks.h"
#include "lib/measure/machine.h"
#include "lib/measure/stopping.h"
#include "lib/profiler/equality_check.h"
#include "lib/profiler/pass_statistics.h"
#include "lib/units/text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <cstdio>
#include <ctime>

namespace carbonedge {
namespace {

constexpr int kControlRuns = 20;

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string meter_text(const PowerCurve& curve) {
    return fmt::format("model:cpu-seconds ({} W idle, {} W busy per core, +-{:.0f} %; {})",
                       number_text(curve.idle_per_core.value()), number_text(curve.busy_per_core.value()),
                       100 * curve.relative_uncertainty, curve.source);
}

void describe_model(Profile& profile, const Model& model, const ProfilerOptions& options) {
    profile.tool_version = version();
    profile.model_name = file_name(options.model_path);
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

ProfileCheck equality_check(const Model& model) {
    return equality_check("output-equality", model.output_check(), "against the model as loaded");
}

void fill_memory(Profile& profile, const Model& model, const ProfilerOptions& options, Bytes base) {
    const std::string path = options.split.folder + "/whole.pt";
    if (options.probe_memory && options.split_checks) {
        model.extract_stage({0, model.layers().size()}, path);
        const StageMemory memory = options.probe_memory(path, model.execution() == "optimised");
        std::remove(path.c_str());
        profile.runtime_base_bytes = memory.base;
        profile.load_peak_bytes = memory.peak;
        profile.environment["memory-source"] = "fresh process";
        return;
    }
    profile.runtime_base_bytes = base;
    profile.load_peak_bytes = read_process_memory().peak;
    profile.environment["memory-source"] =
        "profiling process: too high, it also holds the reference and marked modules";
}

void record_filter(Profile& profile, const PairedPasses& passes, const PassFilter& filter) {
    profile.environment["passes"] = std::to_string(passes.whole.size() + passes.marked.size());
    profile.environment["disturbed-passes"] = std::to_string(filter.excluded);
    if (filter.by_cpu_time) {
        profile.warnings.push_back(
            "nearly every pass was kept from its cpu, by the quota or by other programs: latencies are cpu times");
    }
}

}  // namespace

Profile profile_model(const ProfilerOptions& options, const ProfilerProgress& progress) {
    Profile profile;
    profile.allocator = configure_allocator();
    const LoadReading load_before = read_load();
    const Nanoseconds own_cpu = process_cpu_time();
    const std::vector<int> pinned = options.pin ? pin_to_idlest_cpus(options.threads) : std::vector<int>{};
    configure_model_threads(options.threads);
    const Bytes base = read_process_memory().resident;

    progress("loading", 0);
    Model model = Model::load(options.model_path, options.model);
    describe_model(profile, model, options);
    describe_conditions(profile, options, pinned);
    profile.checks.push_back(equality_check(model));

    std::vector<Nanoseconds> control = run_control_kernel(kControlRuns);
    warm_up(model, progress);
    const auto rule = standard_criterion(options.relative_confidence, options.least_time, options.most_time);
    const PairedPasses passes = take_paired_passes(model, *rule, progress);
    profile.stopping_rule = fmt::format("{}: {}", rule->name(), passes.outcome);

    const bool limited = options.limit.cpus > 0 && profile.limit_enforced;
    const PassFilter filter = filter_disturbed(passes, options.threads, limited);
    fill_times(profile, passes, filter, options.power);
    for (ProfileCheck& check : check_passes(profile, passes, filter)) profile.checks.push_back(std::move(check));
    record_filter(profile, passes, filter);

    fill_memory(profile, model, options, base);
    if (options.split_checks) {
        SplitOptions split = options.split;
        split.threads = options.threads;
        SplitFidelity fidelity = measure_split_fidelity(model, profile, split, progress);
        profile.boundary = fidelity.boundary;
        for (ProfileCheck& check : fidelity.checks) profile.checks.push_back(std::move(check));
        for (std::string& warning : fidelity.warnings) profile.warnings.push_back(std::move(warning));
    }

    EnergyOptions energy = options.energy;
    if (options.split_checks) energy.folder = options.split.folder;
    measure_layer_energy(model, profile, energy, progress);

    const std::vector<Nanoseconds> control_after = run_control_kernel(kControlRuns);
    control.insert(control.end(), control_after.begin(), control_after.end());
    const NoiseReading noise = assess_noise(load_before, read_load(), to_seconds(process_cpu_time() - own_cpu),
                                            limited ? std::vector<Nanoseconds>{} : control);
    for (const std::string& warning : noise.warnings()) profile.warnings.push_back(warning);
    profile.environment["load-average-before"] = fmt::format("{:.2f}", noise.load_before);
    profile.environment["steal-share"] = fmt::format("{:.4f}", noise.steal_share);
    profile.environment["foreign-cpus"] = fmt::format("{:.2f}", noise.foreign_cpus);
    if (!limited) profile.environment["control-spread"] = fmt::format("{:.4f}", noise.control_spread);
    return profile;
}

}  // namespace carbonedge
