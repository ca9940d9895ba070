#include "tools/profile/profile_command.h"

#include "lib/base/atomic_file.h"
#include "lib/measure/child_process.h"
#include "lib/measure/sensors/meter_clock.h"
#include "lib/profile/profile_file.h"
#include "lib/profiler/equality_check.h"
#include "lib/profiler/profiler.h"
#include "tools/cli/interrupt.h"
#include "tools/profile/attribute_command.h"
#include "tools/profile/inputs.h"
#include "tools/profile/limited_run.h"
#include "tools/profile/meter_choice.h"
#include "tools/profile/meters_command.h"
#include "tools/profile/power_curve.h"
#include "tools/profile/rounds_command.h"
#include "tools/profile/scratch_folder.h"
#include "tools/profile/summary.h"
#include "tools/profile/tegrastats_command.h"

#include <fmt/format.h>
#include <unistd.h>
#include <algorithm>
#include <iostream>
#include <ostream>

namespace carbonedge {
namespace {

/// One line, rewritten in place; nothing but on a terminal.
class ProgressLine {
public:
    ProgressLine(std::ostream& err, bool quiet) : err_(err), shown_(!quiet && ::isatty(STDERR_FILENO) == 1) {}
    ~ProgressLine() { clear(); }
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    void tell(const std::string& what, double fraction) {
        if (!shown_ || fraction < 0) return;
        const std::string text = fraction > 0 ? fmt::format("{} ({:.0f} %)", what, 100 * fraction) : what;
        if (text == last_) return;
        last_ = text;
        err_ << "\r\x1b[K" << text << std::flush;
    }
    void clear() {
        if (!last_.empty()) err_ << "\r\x1b[K" << std::flush;
        last_.clear();
    }

private:
    std::ostream& err_;
    bool shown_;
    std::string last_;
};

ProfilerOptions profiler_options(const ProfileOptions& options, const std::string& folder, EnergyMeter* meter) {
    const ModelInputs inputs =
        read_model_inputs(options.inputs, options.input_files, options.batch, options.standard.seed);
    ProfilerOptions profiler;
    profiler.model_path = options.model;
    profiler.model.inputs = inputs.specs;
    profiler.model.input_tensors = inputs.tensors;
    profiler.model.seed = options.standard.seed;
    profiler.model.grouping_depth = options.depth;
    profiler.model.optimise = options.optimise;
    profiler.threads = options.threads;
    profiler.relative_confidence = options.relative_confidence;
    profiler.least_time = options.min_time;
    profiler.most_time = options.max_time;
    profiler.split_checks = options.split;
    profiler.split.check_cuts = options.check_cuts;
    profiler.split.pairs = options.pairs;
    profiler.split.folder = folder;
    profiler.pin = options.pin;
    profiler.power = power_curve(options);
    profiler.energy.meter = meter;
    profiler.energy.relative_uncertainty = options.energy_uncertainty;
    profiler.energy.budget = options.energy_time;
    profiler.energy.rest = [](Nanoseconds length) { system_meter_clock().pause(length); };
    profiler.limit = requested_limit(options).value_or(ResourceLimit{});
    profiler.limit_mechanism = options.joined_limit;
    profiler.probe_memory = [threads = options.threads](const std::string& stage, bool optimise) {
        std::vector<std::string> words{"/proc/self/exe", "--memory-of-stage", stage, "--threads",
                                       std::to_string(threads)};
        if (!optimise) words.emplace_back("--no-optimise");
        return parse_stage_memory(run_child(words, nullptr, true).output);
    };
    return profiler;
}

bool failed(const ProfileCheck& check) { return !check.passed; }
bool failed_correctness(const ProfileCheck& check) { return !check.passed && is_correctness_check(check); }

ExitStatus measure(const ProfileOptions& options, const std::vector<std::string>& words, const std::string& scratch,
                   std::ostream& out, std::ostream& err) {
    if (options.only_round) return one_round(options, profiler_options(options, scratch, nullptr), out);
    if (options.rounds > 0) return rounds_command(options, words, out, err);
    watch_interrupts();
    const MeterChoice choice = choose_meter(options);
    Profile profile;
    {
        ProgressLine line(err, options.standard.quiet);
        profile = profile_model(profiler_options(options, scratch, choice.meter.get()),
                                [&](const std::string& what, double fraction) {
                                    throw_if_interrupted();
                                    line.tell(what, fraction);
                                });
    }
    if (!choice.reason.empty()) {
        profile.warnings.push_back("no energy source works, energy is estimated: " + choice.reason);
    }
    write_output(options.standard.output, options.standard.overwrite, write_profile(profile), out);
    if (!options.standard.quiet) err << profile_summary(profile);
    const auto unacceptable = options.strict ? failed : failed_correctness;
    return std::any_of(profile.checks.begin(), profile.checks.end(), unacceptable) ? ExitStatus::kInconclusive
                                                                                   : ExitStatus::kOk;
}

}  // namespace

ExitStatus profile_command(const ProfileOptions& options, const std::vector<std::string>& words, std::ostream& out,
                           std::ostream& err) {
    if (!options.memory_of_stage.empty()) {
        out << stage_memory_text(probe_stage_memory(options.memory_of_stage, options.optimise, options.threads));
        return ExitStatus::kOk;
    }
    if (options.only_round && (!options.joined_limit.empty() || !requested_limit(options))) {
        return measure(options, words, options.scratch, out, err);
    }
    check_output(options.standard.output, options.standard.overwrite);
    if (options.meters) return meters_command(options, out);
    if (!options.attribute.empty()) return attribute_command(options, out);
    if (!options.tegrastats_log.empty()) return tegrastats_command(options, std::cin, out);
    const std::optional<ResourceLimit> limit = requested_limit(options);
    if (!options.joined_limit.empty()) return measure(options, words, options.scratch, out, err);
    const ScratchFolder folder;
    if (!limit) return measure(options, words, folder.path(), out, err);

    const LimitedRun run = run_under_limit(*limit, words, folder.path());
    if (run.started) return run.status;
    if (!options.standard.quiet) {
        err << "carbonedge-profile: warning: limits are not enforced: " << run.mechanism << "\n";
    }
    ProfileOptions unlimited = options;
    unlimited.joined_limit = run.mechanism;
    return measure(unlimited, words, folder.path(), out, err);
}

}  // namespace carbonedge
