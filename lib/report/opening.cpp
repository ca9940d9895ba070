#include "lib/report/opening.h"

#include "lib/partition/transport_energy.h"
#include "lib/report/cell_text.h"
#include "lib/report/comparison.h"
#include "lib/report/ledgers.h"
#include "lib/report/sections.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>

namespace carbonedge {
namespace {

std::string grams_text(GramsCo2e grams) { return fact_text(Cell(grams), Unit::kCarbon) + " CO2e"; }
std::string joules_text(Joules joules) { return fact_text(Cell(joules), Unit::kEnergy); }
std::string time_text(Nanoseconds time) { return fact_text(Cell(time), Unit::kTime); }
std::string percent_text(double percent) { return fmt::format("{:.{}f} %", percent, std::abs(percent) < 10 ? 1 : 0); }

std::string counted(std::int64_t count, const std::string& one, const std::string& many = "") {
    return fmt::format("{} {}", count, count == 1 ? one : many.empty() ? one + "s" : many);
}

std::string model_name(const Plan& plan) {
    return plan.profiles.empty() ? std::string("a network") : plan.profiles.front().model_name;
}

/// The ledger that grams are told from, and where it comes from.
struct Account {
    Ledger ledger;
    bool recorded = false;
};

Account account_of(const Subject& subject) {
    if (subject.run) {
        if (auto ledger = recorded_ledger(*subject.run, subject.plan, subject.name)) return {*ledger, true};
    }
    return {predicted_ledger(subject.plan, subject.name), false};
}

/// "97 % of it computing on green (380 g/kWh)": the line of the ledger that weighs most.
std::string largest_share(const Ledger& ledger) {
    const auto largest = std::max_element(ledger.entries.begin(), ledger.entries.end(),
                                          [](const LedgerEntry& a, const LedgerEntry& b) { return a.grams < b.grams; });
    const double total = total_grams(ledger).value();
    if (largest == ledger.entries.end() || total <= 0) return "";
    std::string what;
    switch (largest->kind) {
        case LedgerKind::kCompute:
            what = "computing on " + largest->place;
            break;
        case LedgerKind::kTransport:
            what = "receiving and sending on " + largest->place;
            break;
        case LedgerKind::kLink:
            what = "the links";
            break;
        case LedgerKind::kIdle:
            what = "idling of " + largest->place;
            break;
        case LedgerKind::kEmbodied:
            what = "the making of " + largest->place;
            break;
    }
    const bool operational = largest->kind != LedgerKind::kEmbodied;
    return fmt::format("{:.0f} % of it {}{}", largest->grams.value() / total * 100, what,
                       operational ? fmt::format(" at {:.0f} g/kWh", largest->intensity.value()) : "");
}

/// "joules are estimated (model:cpu-seconds), to within 50 %".
std::string joules_sentence(const Ledger& ledger) {
    std::set<std::string> obtained;
    std::set<std::string> sources;
    for (const LedgerEntry& entry : ledger.entries) {
        if (entry.energy.joules == Joules(0) || entry.kind == LedgerKind::kLink) continue;
        obtained.insert(std::string(provenance_name(entry.energy.provenance)));
        if (!entry.energy.source.empty()) sources.insert(entry.energy.source);
    }
    if (obtained.empty()) return "no joules are known";
    std::string text = obtained.size() > 1 ? "joules are partly measured, partly estimated"
                                           : fmt::format("joules are {}", *obtained.begin());
    if (sources.size() == 1) text += fmt::format(" ({})", *sources.begin());
    const double joules = total_joules(ledger).value();
    const double uncertainty = total_uncertainty(ledger).value();
    if (joules > 0 && uncertainty > 0) text += fmt::format(", to within {}", percent_text(uncertainty / joules * 100));
    return text;
}

/// "+-0.8 % from request to request"; "" where it cannot be said.
std::string request_spread(const Subject& subject, const Account& account, std::uint64_t seed) {
    if (!account.recorded) return "";
    const auto spread = energy_spread(*subject.run, account.ledger, seed);
    const double grams = total_grams(account.ledger).value();
    if (!spread || grams <= 0) return "";
    return fmt::format("the requests leave the mean uncertain by {}",
                       percent_text(spread->grams.half_width() / grams * 100));
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) {
        if (!part.empty()) text += (text.empty() ? "" : "; ") + part;
    }
    return text;
}

/// " Not counted: idle power, the links (by published figures 230 ug to 27.6 mg more).": what the grams leave out.
std::string not_counted(const Subject& subject, const Account& account) {
    std::string parts;
    const auto add = [&](const std::string& part) { parts += (parts.empty() ? "" : ", ") + part; };
    if (account.ledger.idle_policy == IdlePolicy::kNone) add("idle power");
    if (total_grams(account.ledger, LedgerKind::kEmbodied).value() == 0) add("embodied carbon");
    if (const MovedBytes links = transport_energy(subject.plan).uncounted; links.bytes.value() > 0) {
        add(fmt::format("the links (by published figures {} to {} more)", fact_text(Cell(links.low), Unit::kCarbon),
                        fact_text(Cell(links.high), Unit::kCarbon)));
    }
    return parts.empty() ? "" : fmt::format(" Not counted: {}.", parts);
}

Nanoseconds mean_latency(const Subject& subject, std::uint64_t seed) {
    const auto run = subject.run ? run_latency(*subject.run, seed) : std::nullopt;
    return run ? to_nanoseconds(Seconds(run->mean)) : subject.plan.predicted.latency_mean;
}

std::string run_extent(const RunLog& run) {
    const auto answered = answered_requests(run);
    std::string text = fmt::format("{} of {} answered", answered, counted(run.header.requests, "request"));
    if (!is_complete(run)) text += fmt::format(" ({})", run_status(run));
    return text;
}

struct Cause {
    const char* name;
    GramsCo2e CauseSplit::*grams;
};
constexpr std::array kCauses{Cause{"the electricity", &CauseSplit::electricity}, Cause{"CPU time", &CauseSplit::time},
                             Cause{"power", &CauseSplit::power}, Cause{"transport and overhead", &CauseSplit::overhead},
                             Cause{"embodied carbon", &CauseSplit::embodied}};

/// "mainly because of the electricity (-1.06 ug)".
std::string main_cause(const CauseSplit& causes) {
    const auto largest = std::max_element(kCauses.begin(), kCauses.end(), [&](const Cause& a, const Cause& b) {
        return std::abs((causes.*a.grams).value()) < std::abs((causes.*b.grams).value());
    });
    const GramsCo2e grams = causes.*(largest->grams);
    if (grams.value() == 0) return "";
    return fmt::format(", mainly because of {} ({}{})", largest->name, grams.value() > 0 ? "+" : "",
                       fact_text(Cell(grams), Unit::kCarbon));
}

/// What the policy that emits least emits and takes, beside the baseline, and which limits it missed.
std::string least_sentence(const Subject& best, const Subject& baseline, const Account& account, std::uint64_t seed) {
    const std::string grams = grams_text(total_grams(account.ledger));
    const std::string latency = time_text(mean_latency(best, seed));
    std::string text;
    if (&best == &baseline) {
        text = fmt::format("{} emits least, {} an inference in {}, and is what the others are held against: {}.",
                           best.name, grams, latency, largest_share(account.ledger));
    } else {
        const Difference difference = difference_to(baseline, best);
        const double change =
            difference.baseline.value() > 0 ? difference.causes.total() / difference.baseline * 100 : std::nan("");
        text =
            fmt::format("{} emits least, {} an inference{}: {} {} than {}{}. It takes {} on average, {} {}.", best.name,
                        grams, account.recorded ? "" : " (predicted)",
                        std::isfinite(change) ? percent_text(std::abs(change))
                                              : grams_text(GramsCo2e(std::abs(difference.causes.total().value()))),
                        difference.causes.total().value() <= 0 ? "less" : "more", baseline.name,
                        main_cause(difference.causes), latency, baseline.name, time_text(mean_latency(baseline, seed)));
    }
    for (const std::string& missed : missed_limits(best, seed)) text += fmt::format(" But {}.", missed);
    return text;
}

/// "its requests do not tell it from min-carbon (3.57 ug)": the others whose 95 % interval reaches into that of the
/// least.
std::string not_told_apart(std::span<const Subject> subjects, const std::vector<Account>& accounts, std::size_t least,
                           std::uint64_t seed) {
    const auto spread_of = [&](std::size_t i) {
        return accounts[i].recorded ? energy_spread(*subjects[i].run, accounts[i].ledger, seed)
                                    : std::optional<EnergySpread>();
    };
    const auto own = spread_of(least);
    if (!own) return "";
    std::string names;
    for (std::size_t i = 0; i < subjects.size(); ++i) {
        const auto other = i == least ? std::nullopt : spread_of(i);
        if (!other || other->grams.low > own->grams.high) continue;
        names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", subjects[i].name,
                             fact_text(Cell(total_grams(accounts[i].ledger)), Unit::kCarbon));
    }
    return names.empty() ? "" : "its requests do not tell it from " + names;
}

/// How far predictions were from what was recorded; "" where nothing was.
std::string worst_prediction(std::span<const Subject> subjects) {
    double worst = 0;
    std::string name;
    for (const Subject& subject : subjects) {
        if (!subject.run) continue;
        const auto recorded = recorded_ledger(*subject.run, subject.plan, subject.name);
        if (!recorded) continue;
        const auto error =
            prediction_error_percent(subject.plan.predicted.parts.grams().value(), total_grams(*recorded).value());
        if (error && (name.empty() || std::abs(*error) > std::abs(worst))) {
            worst = *error;
            name = subject.name;
        }
    }
    if (name.empty()) return "";
    return fmt::format("the carbon predicted was off by at most {}{}", percent_text(std::abs(worst)),
                       subjects.size() > 1 ? fmt::format(" ({})", name) : "");
}

}  // namespace

std::vector<std::string> opening_of_plan(const Subject& subject) {
    const Plan& plan = subject.plan;
    const Account account = account_of(subject);
    const Certificate& proof = plan.certificate;
    std::string proven = "no claim of being the best";
    if (proof.proven_optimal) {
        proven = "proven to be the best under its limits";
    } else if (proof.gap) {
        proven = fmt::format("proven to be within {} of the best", percent_text(*proof.gap * 100));
    }
    return {fmt::format("The plan {} runs {} on {}.", subject.name, model_name(plan), nodes_text(subject)),
            fmt::format("One inference is predicted to emit {} and to take {} on average: {}.",
                        grams_text(plan.predicted.parts.grams()), time_text(plan.predicted.latency_mean),
                        largest_share(account.ledger)),
            fmt::format("How sure: {}; {}; nothing was run.{}", joules_sentence(account.ledger), proven,
                        not_counted(subject, account))};
}

std::vector<std::string> opening_of_run(const Subject& subject, std::uint64_t seed) {
    const RunLog& run = *subject.run;
    const Account account = account_of(subject);
    const auto latency = run_latency(run, seed);
    std::string what;
    if (account.recorded && latency) {
        what =
            fmt::format("One inference emitted {} and took {} on average: {}.", grams_text(total_grams(account.ledger)),
                        time_text(to_nanoseconds(Seconds(latency->mean))), largest_share(account.ledger));
    } else {
        what = fmt::format("What it emitted was not recorded; predicted are {} an inference: {}.",
                           grams_text(total_grams(account.ledger)), largest_share(account.ledger));
    }
    for (const std::string& missed : missed_limits(subject, seed)) what += fmt::format(" But {}.", missed);
    return {fmt::format("The plan {} ran {} on {}, {}.", subject.name, model_name(subject.plan), nodes_text(subject),
                        run_extent(run)),
            what,
            fmt::format("How sure: {}.{}",
                        joined({joules_sentence(account.ledger), request_spread(subject, account, seed),
                                worst_prediction({&subject, 1})}),
                        not_counted(subject, account))};
}

std::vector<std::string> opening_of_comparison(std::span<const Subject> subjects, std::size_t baseline,
                                               std::uint64_t seed) {
    const auto runs = std::count_if(subjects.begin(), subjects.end(), [](const Subject& s) { return s.run; });
    std::set<std::string> models;
    for (const Subject& subject : subjects) models.insert(model_name(subject.plan));
    const std::string of =
        models.size() == 1 ? *models.begin() : counted(static_cast<std::int64_t>(models.size()), "network");
    const std::string extent = runs == 0 ? "none of them run"
                               : runs == static_cast<std::int64_t>(subjects.size())
                                   ? "all of them run"
                                   : fmt::format("{} of them run", runs);
    std::vector<Account> accounts;
    for (const Subject& subject : subjects) accounts.push_back(account_of(subject));
    const auto least = std::min_element(accounts.begin(), accounts.end(), [](const Account& a, const Account& b) {
        return total_grams(a.ledger) < total_grams(b.ledger);
    });
    const auto index = static_cast<std::size_t>(least - accounts.begin());
    const Subject& best = subjects[index];
    return {fmt::format("{} for {} are compared, {}.",
                        counted(static_cast<std::int64_t>(subjects.size()), "policy", "policies"), of, extent),
            least_sentence(best, subjects[baseline], *least, seed),
            fmt::format("How sure: {}.{}",
                        joined({joules_sentence(least->ledger), request_spread(best, *least, seed),
                                not_told_apart(subjects, accounts, index, seed),
                                runs == 0 ? "nothing was run" : worst_prediction(subjects)}),
                        not_counted(best, *least))};
}

std::vector<std::string> opening_of_profile(const Profile& profile) {
    if (profile.layers.empty()) return {fmt::format("The profile of {} has no rows.", profile.model_name)};
    const auto slowest = std::max_element(
        profile.layers.begin(), profile.layers.end(),
        [](const LayerProfile& a, const LayerProfile& b) { return a.latency_median < b.latency_median; });
    Nanoseconds sum{0};
    Joules joules;
    Joules uncertainty;
    std::int64_t with_energy = 0;
    std::int64_t fewest = slowest->samples;
    std::set<std::string> obtained;
    for (const LayerProfile& layer : profile.layers) {
        sum += layer.latency_median;
        fewest = std::min(fewest, layer.samples);
        if (!layer.energy) continue;
        ++with_energy;
        joules += layer.energy->joules;
        uncertainty += layer.energy->uncertainty;
        obtained.insert(std::string(provenance_name(layer.energy->provenance)));
    }
    const double share = sum.count() > 0 ? to_seconds(slowest->latency_median) / to_seconds(sum) * 100 : 0.0;
    const bool all_energy = with_energy == static_cast<std::int64_t>(profile.layers.size());
    const std::string energy = all_energy ? fmt::format(" and {}", joules_text(joules)) : "";
    const auto failed = std::count_if(profile.checks.begin(), profile.checks.end(),
                                      [](const ProfileCheck& check) { return !check.passed; });
    std::string sure = fewest > 0 ? fmt::format("at least {} a row", counted(fewest, "sample")) : "samples not counted";
    if (!profile.checks.empty()) {
        sure += failed == 0 ? "; all self-checks passed" : fmt::format("; {} FAILED", counted(failed, "self-check"));
    }
    if (all_energy && obtained.size() == 1) {
        sure += fmt::format(
            "; joules are {}{}", *obtained.begin(),
            joules.value() > 0 ? ", to within " + percent_text(uncertainty.value() / joules.value() * 100) : "");
    } else {
        sure +=
            all_energy ? "; joules are partly measured, partly estimated" : "; energy was not measured in every row";
    }
    return {fmt::format("{} was measured in {} with {}{}.", profile.model_name,
                        counted(static_cast<std::int64_t>(profile.layers.size()), "row"),
                        counted(profile.threads, "thread"), profile.cpu.empty() ? "" : " on " + profile.cpu),
            fmt::format("One pass takes {}{}, {} of it in {}; what it emits depends on where it runs.",
                        time_text(profile.whole_median.count() > 0 ? profile.whole_median : sum), energy,
                        percent_text(share), slowest->name),
            fmt::format("How sure: {}.", sure)};
}

std::vector<std::string> opening_of_partition(const Partition& partition, std::optional<double> imbalance_percent) {
    std::string balance = "Its balance in measured time is not known.";
    if (imbalance_percent) {
        balance = fmt::format(
            "By measured time its longest stage is {} over its share; what it emits depends on where "
            "the stages run.",
            percent_text(*imbalance_percent));
    }
    return {fmt::format("{} is cut into {} by {}.", partition.profile.model_name,
                        counted(static_cast<std::int64_t>(partition.stages.size()), "stage"), partition.by),
            balance, "How sure: as sure as its profile; nothing was run."};
}

std::vector<std::string> opening_of_samples(const Samples& samples, double seconds,
                                            std::optional<double> before_seconds) {
    const Profile& current = samples.subjects.back();
    const std::string rounds = counted(static_cast<std::int64_t>(samples.rounds.size()), "round");
    const std::string time = time_text(to_nanoseconds(Seconds(seconds)));
    if (!before_seconds) {
        return {fmt::format("{} was run in {}, each in a process of its own.", current.model_name, rounds),
                fmt::format("A pass takes {} of CPU time; what it emits depends on where it runs.", time),
                fmt::format("How sure: medians over {}; the gate says what they can tell apart.", rounds)};
    }
    const std::string change =
        *before_seconds > 0 ? fmt::format(", {:+.1f} %", (seconds / *before_seconds - 1) * 100) : "";
    return {fmt::format("{} and {} were run in turns, in {}.", samples.subjects.front().model_name, current.model_name,
                        rounds),
            fmt::format("A pass takes {} of CPU time instead of {}{}; what it emits depends on where it runs.", time,
                        time_text(to_nanoseconds(Seconds(*before_seconds))), change),
            fmt::format("How sure: medians over {}; whether the change is one says the gate.", rounds)};
}

std::vector<std::string> opening_of_history(const History& history, const std::vector<HistoryChange>& changes,
                                            const std::vector<std::string>& moves, std::size_t left_out) {
    const auto entries = static_cast<std::int64_t>(history.entries.size());
    if (entries == 0) return {"The history is empty."};
    std::string since;
    for (const HistoryChange& change : changes) {
        since += fmt::format("{}{} {:+.1f} %", since.empty() ? "" : ", ", change.metric, change.percent);
    }
    std::string moved;
    for (const std::string& move : moves) moved += (moved.empty() ? "" : ", ") + move;
    const std::string why = moved.empty() ? "no metric moved to another level" : "levels moved at " + moved;
    const std::string sure =
        left_out == 0 ? "all entries were measured under the same conditions"
                      : fmt::format("{} measured under other conditions than the last and left out of every series",
                                    counted(static_cast<std::int64_t>(left_out), "entry was", "entries were"));
    return {fmt::format("The history holds {}, from {} to {}.", counted(entries, "entry", "entries"),
                        history.entries.front().commit, history.entries.back().commit),
            since.empty() ? "Nothing in it can be compared yet."
                          : fmt::format("From the first to the last: {}; {}.", since, why),
            fmt::format("How sure: a change of level is claimed where it has a chance of less than 1 % by luck; {}.",
                        sure)};
}

std::vector<std::string> opening_of_intensity(const IntensitySeries& series, const IntensityStatistics& statistics) {
    const SeriesOrigin& origin = series.origin();
    std::string sure = fmt::format("{} of the time is covered", percent_text(statistics.coverage * 100));
    if (statistics.estimated_share > 0) {
        sure +=
            fmt::format("; {} of the samples are marked as estimated", percent_text(statistics.estimated_share * 100));
    }
    if (!origin.source.empty()) sure += fmt::format("; the source is {}", origin.source);
    return {
        fmt::format("The electricity of {} from {} to {}, {} and {}, {}.",
                    origin.zone.empty() ? "one zone" : origin.zone, utc_text(series.begin()), utc_text(series.end()),
                    signal_name(origin.signal), scope_name(origin.scope), kind_name(origin.kind)),
        fmt::format("A kilowatt-hour emits {:.0f} g CO2e on average, between {:.0f} and {:.0f}.",
                    statistics.mean.value(), statistics.lowest.value(), statistics.highest.value()),
        fmt::format("How sure: {}.", sure)};
}

}  // namespace carbonedge
