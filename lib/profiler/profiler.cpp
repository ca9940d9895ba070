#include "lib/profiler/profiler.h"

#include "lib/measure/clocks.h"
#include "lib/measure/machine.h"
#include "lib/measure/stopping.h"
#include "lib/profiler/description.h"
#include "lib/profiler/equality_check.h"
#include "lib/profiler/pass_statistics.h"

#include <fmt/format.h>
#include <cstdio>

namespace carbonedge {
namespace {

constexpr int kControlRuns = 20;

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
    describe_model(profile, model, options.model_path);
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
