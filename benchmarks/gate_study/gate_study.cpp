// The study of the gate on recorded noise (docs/gate.md):
//   gate_study compact RUN.samples.jsonl...  > recorded.csv    what the study keeps of `profile --against`
//   gate_study tables RECORDED.csv                              the tables of docs/gate.md, Markdown
//   gate_study check RECORDED.csv                               every recorded run through the gate; status 1 where an
//                                                               unchanged model does not pass, or a slowed one is not
//                                                               found. An open run goes on, as a build would: the
//                                                               rounds recorded next are judged with it. Then as many
//                                                               rounds as --against takes, from each run on
#include "benchmarks/gate_study/trials.h"
#include "lib/base/atomic_file.h"
#include "lib/base/errors.h"
#include "lib/base/tool_main.h"
#include "lib/gate/judge.h"
#include "lib/profile/samples_file.h"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>

namespace carbonedge {
namespace {

using Rounds = std::vector<const RecordedRound*>;

constexpr std::size_t kUnchangedTrials = 2000;
constexpr std::size_t kSlowedTrials = 500;
constexpr std::uint64_t kSeed = 1;
constexpr std::size_t kDefaultRounds = 16;  // of profile --against

GateRules study_rules(bool with_layers) {
    GateRules rules;
    rules.limits.push_back({{GateMetric::kLatency, GateScope::kTotal, ""}, {0.03, 0}});
    if (with_layers) rules.limits.push_back({{GateMetric::kLatency, GateScope::kLayer, ""}, {0.05, 10e-6}});
    return rules;
}

Recording read(const std::string& file) { return read_recording(read_input(file, std::cin), file); }

std::map<std::string, Rounds> by_version(const Recording& recording) {
    std::map<std::string, Rounds> versions;
    for (const RecordedRound& round : recording.rounds) versions[round.version].push_back(&round);
    return versions;
}

std::string percent(std::size_t count, std::size_t trials) {
    return fmt::format("{:.1f}", 100 * static_cast<double>(count) / static_cast<double>(trials));
}

std::string with_interval(std::size_t count, std::size_t trials) {
    const Share share = share_of(count, trials);
    return fmt::format("{:.2f} ({:.2f} to {:.2f})", 100 * share.value, 100 * share.low, 100 * share.high);
}

void print_header(std::string_view what) {
    fmt::print(std::cout,
               "\n| {} | change | trials | gate | gate, layers too | gate open | ratio > 1.03 | t-test of rounds | "
               "t-test of passes |\n",
               what);
    fmt::print(std::cout, "|---|---|---|---|---|---|---|---|---|\n");
}

void print_row(std::size_t units, const std::string& change, const TrialCounts& counts, bool with_layers) {
    const bool unchanged = change == "none";
    const auto text = [&](std::size_t count) {
        return unchanged ? with_interval(count, counts.trials) : percent(count, counts.trials);
    };
    fmt::print(std::cout, "| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", units, change, counts.trials,
               text(counts.gate), with_layers ? text(counts.gate_layer) : "", percent(counts.gate_open, counts.trials),
               text(counts.ratio), text(counts.t_of_rounds), text(counts.t_of_passes));
}

void describe(const Recording& recording, const std::map<std::string, Rounds>& versions) {
    fmt::print(std::cout, "Recorded on: {}. Baseline {}, {} layers.\n\n", recording.machine, recording.baseline,
               recording.layers.size());
    fmt::print(std::cout,
               "| version | runs | rounds | from | to | spread of rounds % | spread of pairs % "
               "|\n|---|---|---|---|---|---|---|\n");
    for (const auto& [version, rounds] : versions) {
        std::set<std::string> runs;
        double sum = 0;
        double squares = 0;
        double pair_sum = 0;
        double pair_squares = 0;
        for (const RecordedRound* round : rounds) {
            runs.insert(round->run);
            const double value = std::log(baseline_value(*round));
            const double ratio = std::log(paired_current_value(*round) / baseline_value(*round));
            sum += value;
            squares += value * value;
            pair_sum += ratio;
            pair_squares += ratio * ratio;
        }
        const auto n = static_cast<double>(rounds.size());
        const auto spread = [&](double s, double q) { return 100 * std::sqrt(std::max(0.0, q / n - s / n * s / n)); };
        fmt::print(std::cout, "| {} | {} | {} | {} | {} | {:.2f} | {:.2f} |\n", version, runs.size(), rounds.size(),
                   rounds.front()->date_utc, rounds.back()->date_utc, spread(sum, squares),
                   spread(pair_sum, pair_squares));
    }
}

void tables(const std::string& file) {
    const Recording recording = read(file);
    const auto versions = by_version(recording);
    describe(recording, versions);
    const Rounds& unchanged = versions.at(recording.baseline);
    const std::pair<double, std::string> changes[] = {{1.0, "none"}, {1.02, "+2 %"}, {1.05, "+5 %"}, {1.10, "+10 %"}};
    fmt::print(std::cout, "\nClaims of a regression, % of trials. Taken in turns:\n");
    print_header("rounds");
    for (const std::size_t units : {8U, 10U, 12U, 16U, 24U}) {
        for (const auto& [factor, name] : changes) {
            const std::size_t trials = factor == 1.0 ? kUnchangedTrials : kSlowedTrials;
            print_row(units, name,
                      run_trials(recording, unchanged, TrialKind::kInterleaved, units, factor, trials, true,
                                 study_rules(true), kSeed),
                      true);
        }
        for (const auto& [version, rounds] : versions) {
            if (version == recording.baseline || rounds.size() <= units) continue;
            print_row(units, version,
                      run_trials(recording, rounds, TrialKind::kInterleaved, units, 1, kSlowedTrials, true,
                                 study_rules(true), kSeed),
                      true);
        }
    }
    fmt::print(std::cout, "\nSeparate runs at different times:\n");
    print_header("runs a side");
    for (const std::size_t units : {1U, 3U, 5U, 8U, 12U}) {
        for (const auto& [factor, name] :
             {changes[0], changes[2], changes[3], std::pair<double, std::string>{1.15, "+15 %"},
              std::pair<double, std::string>{1.3, "+30 %"}}) {
            const std::size_t trials = factor == 1.0 ? kUnchangedTrials : kSlowedTrials;
            print_row(units, name,
                      run_trials(recording, unchanged, TrialKind::kSeparate, units, factor, trials, false,
                                 study_rules(false), kSeed),
                      false);
        }
    }
    fmt::print(std::cout,
               "\nOne session against the last of a history:\n\n| sessions before | change | trials | gate | gate open "
               "|\n|---|---|---|---|---|\n");
    for (const std::size_t past : {5U, 10U, 20U}) {
        for (const auto& [factor, name] : {changes[0], changes[2], changes[3]}) {
            const std::size_t trials = factor == 1.0 ? kUnchangedTrials : kSlowedTrials;
            const TrialCounts counts = history_trials(unchanged, past, factor, trials, study_rules(false), kSeed);
            fmt::print(std::cout, "| {} | {} | {} | {} | {} |\n", past, name, counts.trials,
                       name == "none" ? with_interval(counts.gate, counts.trials) : percent(counts.gate, counts.trials),
                       percent(counts.gate_open, counts.trials));
        }
    }
}

/// What is known to be slower in a version: the layer that must be blamed first, where a regression is found.
struct KnownSlowdown {
    std::string_view version;
    std::string_view layer;
    bool always_found;  ///< with the rounds of one recorded run
};
constexpr KnownSlowdown kSlowdowns[] = {{"mobilenet_v2_kernel.pt", "features.18.0", true},
                                        {"mobilenet_v2_block.pt", "features.14.", true},
                                        {"mobilenet_v2_classes.pt", "classifier.1", false}};

bool is_as_known(const std::string& version, const GateVerdict& verdict) {
    for (const KnownSlowdown& known : kSlowdowns) {
        if (known.version != version) continue;
        if (verdict.outcome != GateOutcome::kRegression) return !known.always_found;
        return !verdict.blames.empty() && verdict.blames.front().key.name.starts_with(known.layer);
    }
    return verdict.outcome == GateOutcome::kPass;
}

struct RunVerdict {
    GateVerdict verdict;
    std::size_t rounds_more = 0;
};

/// The run by itself; while it is open, with the rounds recorded next.
RunVerdict judge_run(const Recording& recording, const std::map<std::string, Rounds>& runs,
                     std::map<std::string, Rounds>::const_iterator run) {
    constexpr int kMostRunsMore = 2;
    Rounds rounds = run->second;
    RunVerdict result;
    result.verdict = judge(interleaved_pair(recording, rounds, 1, true), study_rules(true), {});
    for (int i = 0; i < kMostRunsMore && result.verdict.outcome == GateOutcome::kInconclusive; ++i) {
        if (++run == runs.end()) break;
        rounds.insert(rounds.end(), run->second.begin(), run->second.end());
        result.rounds_more += run->second.size();
        result.verdict = judge(interleaved_pair(recording, rounds, 1, true), study_rules(true), {});
    }
    return result;
}

/// The rounds that `profile --against` takes unless told otherwise, from this run on: with those recorded next, of
/// which the following window has some too.
Rounds default_rounds(const std::map<std::string, Rounds>& runs, std::map<std::string, Rounds>::const_iterator run) {
    Rounds rounds;
    for (; run != runs.end() && rounds.size() < kDefaultRounds; ++run) {
        for (std::size_t i = 0; i < run->second.size() && rounds.size() < kDefaultRounds; ++i) {
            rounds.push_back(run->second[i]);
        }
    }
    return rounds;
}

/// Whether the verdicts on windows of as many rounds as a build takes are all as known; prints how many are what.
bool check_default_rounds(const Recording& recording, const std::string& version,
                          const std::map<std::string, Rounds>& runs) {
    std::map<GateOutcome, std::size_t> outcomes;
    bool as_known = true;
    for (auto run = runs.begin(); run != runs.end(); ++run) {
        const Rounds rounds = default_rounds(runs, run);
        const GateVerdict verdict = judge(interleaved_pair(recording, rounds, 1, true), study_rules(true), {});
        ++outcomes[verdict.outcome];
        as_known = as_known && is_as_known(version, verdict);
        if (!is_as_known(version, verdict)) {
            fmt::print(std::cout, "  {} and on, {} rounds: {}\n", run->first, rounds.size(), gate_headline(verdict));
        }
    }
    fmt::print(std::cout, "{}: {} rounds from each run on:", version, kDefaultRounds);
    for (const auto& [outcome, count] : outcomes) fmt::print(std::cout, " {} {}", count, gate_outcome_name(outcome));
    fmt::print(std::cout, "\n");
    return as_known;
}

ExitStatus check(const std::string& file) {
    const Recording recording = read(file);
    std::map<std::string, std::map<std::string, Rounds>> runs;
    for (const RecordedRound& round : recording.rounds) runs[round.version][round.run].push_back(&round);
    bool as_known = true;
    for (const auto& [version, all] : runs) {
        std::map<GateOutcome, std::size_t> outcomes;
        std::map<std::string, std::size_t> blamed;
        for (auto run = all.begin(); run != all.end(); ++run) {
            const auto [verdict, rounds_more] = judge_run(recording, all, run);
            ++outcomes[verdict.outcome];
            if (!verdict.blames.empty()) ++blamed[verdict.blames.front().key.name];
            const bool known = is_as_known(version, verdict);
            as_known = as_known && known;
            if (rounds_more > 0) {
                fmt::print(std::cout, "  {}: open after {} rounds; {} more decided\n", run->first, run->second.size(),
                           rounds_more);
            }
            if (!known) fmt::print(std::cout, "  {}: {}\n", run->first, gate_headline(verdict));
        }
        fmt::print(std::cout, "{}: {} recorded runs:", version, all.size());
        for (const auto& [outcome, count] : outcomes)
            fmt::print(std::cout, " {} {}", count, gate_outcome_name(outcome));
        for (const auto& [name, count] : blamed) fmt::print(std::cout, "; blamed {} {} times", name, count);
        fmt::print(std::cout, "\n");
        as_known = check_default_rounds(recording, version, all) && as_known;
    }
    return as_known ? ExitStatus::kOk : ExitStatus::kNegativeVerdict;
}

ExitStatus study(const std::vector<std::string>& words) {
    if (words.size() == 2 && words[0] == "tables") {
        tables(words[1]);
        return ExitStatus::kOk;
    }
    if (words.size() == 2 && words[0] == "check") return check(words[1]);
    if (words.size() < 2 || words[0] != "compact") {
        throw UsageError("usage: gate_study compact RUN.samples.jsonl... | tables RECORDED.csv | check RECORDED.csv");
    }
    std::vector<Samples> files;
    std::vector<std::string> names;
    for (std::size_t i = 1; i < words.size(); ++i) {
        files.push_back(read_samples(read_input(words[i], std::cin), words[i]));
        const std::string name = std::filesystem::path(words[i]).filename().string();
        names.push_back(name.substr(0, name.find('.')));
    }
    std::cout << write_recording(compact(files, names));
    return ExitStatus::kOk;
}

}  // namespace
}  // namespace carbonedge

int main(int argc, char** argv) {
    using namespace carbonedge;
    return tool_main("gate_study", std::cerr, [&] { return study({argv + 1, argv + argc}); });
}
