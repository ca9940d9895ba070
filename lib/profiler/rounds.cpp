#include "lib/profiler/rounds.h"

#include "lib/base/errors.h"
#include "lib/base/version.h"
#include "lib/measure/clocks.h"
#include "lib/measure/machine.h"
#include "lib/measure/statistics.h"
#include "lib/profiler/description.h"
#include "lib/profiler/equality_check.h"
#include "lib/profiler/pass_statistics.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

constexpr int kControlRuns = 10;
constexpr std::size_t kCpuPasses = 5;

Nanoseconds whole_nanoseconds(double value) { return Nanoseconds(std::llround(value)); }

void take_whole(Model& model, SampledPasses& passes) {
    const PassTime time = timed_pass([&] { model.run_once(); });
    passes.whole.push_back(whole_nanoseconds(time.wall));
    passes.whole_cpu.push_back(whole_nanoseconds(time.cpu));
}

void take_marked(Model& model, SampledPasses& passes) {
    TimedPass marked;
    const PassTime time = timed_pass([&] { marked = model.run_marked(); });
    passes.marked.push_back(marked.whole);
    passes.marked_cpu.push_back(whole_nanoseconds(time.cpu));
    for (std::size_t row = 0; row < passes.rows.size(); ++row) passes.rows[row].push_back(marked.rows[row]);
}

/// Which subject is first changes with every pass, which kind of pass with every other.
void take_turns(std::vector<Model>& models, std::size_t pass, SampleRound& round) {
    const auto each = [&](const auto& take) {
        for (std::size_t i = 0; i < models.size(); ++i) {
            const std::size_t subject = (i + pass + (round.baseline_first ? 0 : 1)) % models.size();
            take(models[subject], round.subjects[subject]);
        }
    };
    if (pass / 2 % 2 == 0) {
        each(take_whole);
        each(take_marked);
    } else {
        each(take_marked);
        each(take_whole);
    }
}

void take_cpu_times(std::vector<Model>& models, SampleRound& round) {
    std::vector<std::vector<double>> sums;
    for (const Model& model : models) sums.emplace_back(model.layers().size(), 0.0);
    for (std::size_t pass = 0; pass < kCpuPasses; ++pass) {
        for (std::size_t subject = 0; subject < models.size(); ++subject) {
            const TimedPass timed = models[subject].run_marked(true);
            for (std::size_t row = 0; row < timed.cpu.size(); ++row) {
                sums[subject][row] += static_cast<double>(timed.cpu[row].count());
            }
        }
    }
    for (std::size_t subject = 0; subject < models.size(); ++subject) {
        for (const double sum : sums[subject]) {
            round.subjects[subject].row_cpu.push_back(whole_nanoseconds(sum / static_cast<double>(kCpuPasses)));
        }
    }
}

double median_control() {
    std::vector<double> times;
    for (const Nanoseconds time : run_control_kernel(kControlRuns)) times.push_back(static_cast<double>(time.count()));
    return median(times);
}

/// The models in the order baseline, current; loaded in the order that the round asks for.
std::vector<Model> load_models(const ProfilerOptions& options, const RoundOptions& round) {
    std::vector<std::string> paths{options.model_path};
    if (round.baseline_path) paths.insert(paths.begin(), *round.baseline_path);
    // Whichever was faster at loading would differ from round to round, and between two copies of one model.
    ModelOptions model = options.model;
    model.compare_speed = false;
    std::vector<std::optional<Model>> loaded(paths.size());
    for (std::size_t i = 0; i < paths.size(); ++i) {
        const std::size_t subject = round.baseline_first ? i : paths.size() - 1 - i;
        loaded[subject] = Model::load(paths[subject], model);
    }
    std::vector<Model> models;
    for (std::optional<Model>& each : loaded) models.push_back(std::move(*each));
    return models;
}

bool same_rows(const Profile& left, const Profile& right) {
    return left.model_sha256 == right.model_sha256 && left.execution == right.execution &&
           std::equal(left.layers.begin(), left.layers.end(), right.layers.begin(), right.layers.end(),
                      [](const LayerProfile& a, const LayerProfile& b) { return a.name == b.name; });
}

void append_passes(PairedPasses& all, const SampledPasses& passes) {
    const auto append = [](std::vector<PassTime>& to, const auto& wall, const auto& cpu) {
        for (std::size_t i = 0; i < wall.size(); ++i) {
            const auto cpu_time = static_cast<double>(cpu[i].count());
            to.push_back({static_cast<double>(wall[i].count()), cpu_time, cpu_time});
        }
    };
    append(all.whole, passes.whole, passes.whole_cpu);
    append(all.marked, passes.marked, passes.marked_cpu);
    all.rows.resize(passes.rows.size());
    all.row_cpu.resize(passes.rows.size());
    for (std::size_t row = 0; row < passes.rows.size(); ++row) {
        for (const Nanoseconds time : passes.rows[row]) all.rows[row].push_back(static_cast<double>(time.count()));
        all.row_cpu[row].push_back(static_cast<double>(passes.row_cpu[row].count()));
    }
}

}  // namespace

PairedPasses all_passes(const Samples& samples, std::size_t subject) {
    PairedPasses all;
    for (const SampleRound& round : samples.rounds) append_passes(all, round.subjects[subject]);
    return all;
}

Samples measure_round(const ProfilerOptions& options, const RoundOptions& round, const ProfilerProgress& progress) {
    const std::string allocator = configure_allocator();
    const std::vector<int> pinned = options.pin ? pin_to_idlest_cpus(options.threads) : std::vector<int>{};
    configure_model_threads(options.threads);
    progress("loading", 0);
    std::vector<Model> models = load_models(options, round);

    Samples samples;
    samples.tool_version = version();
    for (const Model& model : models) {
        Profile profile;
        profile.allocator = allocator;
        const bool is_baseline = round.baseline_path && samples.subjects.empty();
        describe_model(profile, model, is_baseline ? *round.baseline_path : options.model_path);
        describe_conditions(profile, options, pinned);
        profile.checks.push_back(
            equality_check("output-equality", model.output_check(), "against the model as loaded"));
        samples.subjects.push_back(std::move(profile));
    }

    SampleRound& taken = samples.rounds.emplace_back();
    taken.date_utc = samples.subjects.front().date_utc;
    taken.baseline_first = round.baseline_first;
    for (const Model& model : models) taken.subjects.emplace_back().rows.resize(model.layers().size());
    for (Model& model : models) warm_up(model, progress);
    const auto rule = standard_criterion(options.relative_confidence, options.least_time, options.most_time);
    rule->initialize();
    const Nanoseconds start = raw_time();
    for (std::size_t pass = 0; !rule->is_finished(); ++pass) {
        progress("timing layers", 0);
        take_turns(models, pass, taken);
        rule->add(taken.subjects.back().whole.back(), raw_time() - start);
    }
    take_cpu_times(models, taken);
    taken.control = whole_nanoseconds(median_control());
    for (Profile& profile : samples.subjects) profile.stopping_rule = rule->name();
    return samples;
}

Samples join_rounds(std::vector<Samples> parts, const PowerCurve& curve) {
    Samples all = std::move(parts.front());
    for (std::size_t i = 1; i < parts.size(); ++i) {
        for (std::size_t subject = 0; subject < all.subjects.size(); ++subject) {
            if (parts[i].subjects.size() == all.subjects.size() &&
                same_rows(all.subjects[subject], parts[i].subjects[subject])) {
                continue;
            }
            throw EnvironmentError(
                fmt::format("round {} ran another model than the first, or ran it otherwise", i),
                "leave the model file alone while it is measured, or fix its execution with --no-optimise");
        }
        for (SampleRound& round : parts[i].rounds) all.rounds.push_back(std::move(round));
    }
    for (std::size_t subject = 0; subject < all.subjects.size(); ++subject) {
        Profile& profile = all.subjects[subject];
        const PairedPasses passes = all_passes(all, subject);
        const bool limited = profile.cpus_limit > 0 && profile.limit_enforced;
        const PassFilter filter = filter_disturbed(passes, profile.threads, limited);
        fill_times(profile, passes, filter, curve);
        profile.environment["passes"] = std::to_string(passes.whole.size() + passes.marked.size());
        profile.environment["disturbed-passes"] = std::to_string(filter.excluded);
        profile.environment["rounds"] = std::to_string(all.rounds.size());
    }
    return all;
}

Samples pair_rounds(Samples baseline, Samples current) {
    if (baseline.rounds.size() != current.rounds.size() || baseline.subjects.size() != 1 ||
        current.subjects.size() != 1) {
        throw EnvironmentError("the two programs did not measure one model in as many rounds",
                               "use carbonedge-profile programs that know --rounds");
    }
    for (std::size_t i = 0; i < baseline.rounds.size(); ++i) {
        SampleRound& round = baseline.rounds[i];
        round.subjects.push_back(std::move(current.rounds[i].subjects.front()));
    }
    baseline.subjects.push_back(std::move(current.subjects.front()));
    return baseline;
}

}  // namespace carbonedge
