#include "tools/profile/rounds_command.h"

#include "lib/base/atomic_file.h"
#include "lib/measure/child_process.h"
#include "lib/profile/samples_file.h"
#include "lib/profiler/rounds.h"
#include "lib/units/text.h"
#include "tools/cli/interrupt.h"
#include "tools/profile/power_curve.h"

#include <fmt/format.h>
#include <algorithm>
#include <csignal>
#include <optional>
#include <ostream>

namespace carbonedge {
namespace {

constexpr std::string_view kProgramOption = "--against-program";
constexpr std::string_view kBaseline = "baseline";
constexpr std::string_view kCurrent = "current";

/// A child that failed has said why; its status becomes ours.
struct RoundResult {
    ExitStatus status = ExitStatus::kOk;
    std::optional<Samples> samples;
};

std::vector<std::string> without_program_option(const std::vector<std::string>& words) {
    std::vector<std::string> kept;
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (words[i] == kProgramOption) {
            ++i;
        } else if (!words[i].starts_with(std::string(kProgramOption) + "=")) {
            kept.push_back(words[i]);
        }
    }
    return kept;
}

RoundResult run_round(const std::string& program, const std::vector<std::string>& words, std::size_t round,
                      std::string_view subject) {
    throw_if_interrupted();
    std::vector<std::string> all{program};
    all.insert(all.end(), words.begin(), words.end());
    all.insert(all.end(), {"--only-round", std::to_string(round)});
    if (!subject.empty()) all.insert(all.end(), {"--only-subject", std::string(subject)});
    const ChildResult child = run_child(all, nullptr, true);
    if (child.signal == SIGINT || child.signal == SIGTERM ||
        child.exit_status == static_cast<int>(ExitStatus::kInterrupted)) {
        throw Interrupted();
    }
    if (child.exit_status != 0) {
        if (child.signal == 0) return {static_cast<ExitStatus>(child.exit_status), std::nullopt};
        throw EnvironmentError(fmt::format("round {} was ended by signal {}", round, child.signal),
                               "look for what ended it, such as too little memory");
    }
    return {ExitStatus::kOk, read_samples(child.output, program)};
}

std::string summary(const Samples& samples) {
    std::string text = fmt::format("{} rounds", samples.rounds.size());
    for (const Profile& profile : samples.subjects) {
        text += fmt::format(", {}: {}", profile.model_name, duration_text(to_seconds(profile.whole_median)));
    }
    if (samples.subjects.size() == 2) {
        const double ratio = static_cast<double>(samples.subjects[1].whole_median.count()) /
                             static_cast<double>(samples.subjects[0].whole_median.count());
        text += fmt::format(" ({:+.1f} % by medians; carbonedge report --gate decides)", 100 * (ratio - 1));
    }
    return text + "\n";
}

bool outputs_are_right(const Samples& samples) {
    return std::all_of(samples.subjects.begin(), samples.subjects.end(), [](const Profile& profile) {
        return std::all_of(profile.checks.begin(), profile.checks.end(),
                           [](const ProfileCheck& check) { return check.passed; });
    });
}

}  // namespace

ExitStatus one_round(const ProfileOptions& options, const ProfilerOptions& profiler, std::ostream& out) {
    ProfilerOptions chosen = profiler;
    RoundOptions round;
    round.baseline_first = *options.only_round % 2 == 0;
    if (!options.against.empty() && options.only_subject.empty()) round.baseline_path = options.against;
    if (!options.against.empty() && options.only_subject == kBaseline) chosen.model_path = options.against;
    watch_interrupts();
    const auto stop_when_asked = [](const std::string&, double) { throw_if_interrupted(); };
    out << write_samples(measure_round(chosen, round, stop_when_asked));
    return ExitStatus::kOk;
}

ExitStatus rounds_command(const ProfileOptions& options, const std::vector<std::string>& words, std::ostream& out,
                          std::ostream& err) {
    watch_interrupts();
    const std::vector<std::string> kept = without_program_option(words);
    const std::string own = "/proc/self/exe";
    const bool two_programs = !options.against_program.empty();
    std::vector<Samples> rounds;
    std::vector<Samples> baseline_rounds;
    for (std::size_t round = 0; round < options.rounds; ++round) {
        const auto take = [&](const std::string& program, std::string_view subject, std::vector<Samples>& into) {
            RoundResult result = run_round(program, kept, round, subject);
            if (result.samples) into.push_back(std::move(*result.samples));
            return result.status;
        };
        ExitStatus status = ExitStatus::kOk;
        if (!two_programs) {
            status = take(own, "", rounds);
        } else if (round % 2 == 0) {
            status = take(options.against_program, kBaseline, baseline_rounds);
            if (status == ExitStatus::kOk) status = take(own, kCurrent, rounds);
        } else {
            status = take(own, kCurrent, rounds);
            if (status == ExitStatus::kOk) status = take(options.against_program, kBaseline, baseline_rounds);
        }
        if (status != ExitStatus::kOk) return status;
    }
    const PowerCurve curve = power_curve(options);
    Samples samples = join_rounds(std::move(rounds), curve);
    if (two_programs) samples = pair_rounds(join_rounds(std::move(baseline_rounds), curve), std::move(samples));
    write_output(options.standard.output, options.standard.overwrite, write_samples(samples), out);
    if (!options.standard.quiet) err << summary(samples);
    return outputs_are_right(samples) ? ExitStatus::kOk : ExitStatus::kInconclusive;
}

}  // namespace carbonedge
