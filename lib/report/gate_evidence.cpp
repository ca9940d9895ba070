#include "lib/report/gate_evidence.h"

#include "lib/base/errors.h"
#include "lib/base/quantile.h"
#include "lib/carbon/causes.h"
#include "lib/carbon/sci.h"
#include "lib/report/ledgers.h"
#include "lib/report/sampled_rounds.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <cmath>
#include <set>

namespace carbonedge {
namespace {

constexpr std::size_t kLeastFreePasses = 6;  // as the profiler's
/// Standard error of a median from the quartiles: 1.2533 sigma / sqrt(n) with sigma = (q3 - q1) / 1.349, which holds
/// for a normal distribution (McGill, Tukey, Larsen 1978 use it for notches).
constexpr double kMedianErrorOfQuartiles = 0.929;
constexpr double kHalfWidthToError = 1 / 1.96;  // of a 95 % interval

double seconds(Nanoseconds time) { return to_seconds(time).count(); }

std::string limits_text(const Profile& profile) {
    if (profile.cpus_limit == 0 && profile.memory_limit.value() == 0) return "none";
    return fmt::format("{:g} cpus, {} bytes{}", profile.cpus_limit, profile.memory_limit.value(),
                       profile.limit_enforced ? "" : ", not enforced");
}

std::string model_text(const Profile& profile) {
    return fmt::format("{} {}", profile.model_name, profile.model_sha256.substr(0, 12));
}

/// What lies behind a profile's joules; nothing where it has none.
void add_energy_aspects(const Profile& profile, std::map<std::string, std::string>& aspects) {
    for (const LayerProfile& layer : profile.layers) {
        if (!layer.energy) continue;
        aspects["provenance"] = provenance_name(layer.energy->provenance);
        aspects["source"] = layer.energy->provenance == Provenance::kEstimated ? profile.meter : layer.energy->source;
        aspects["boundary"] = layer.energy->boundary;
        return;
    }
}

Evidence profile_head(const Profile& profile, const std::string& name) {
    Evidence evidence;
    evidence.name = name;
    evidence.kind = "profile";
    evidence.date_utc = profile.date_utc;
    evidence.model = model_text(profile);
    evidence.aspects["kind"] = "measured layers";
    evidence.aspects["hardware"] = profile.cpu;
    evidence.aspects["inputs"] = fmt::format("{}", fmt::join(profile.inputs, " "));
    evidence.aspects["threads"] = std::to_string(profile.threads);
    evidence.aspects["limits"] = limits_text(profile);
    add_energy_aspects(profile, evidence.aspects);
    for (const LayerProfile& layer : profile.layers) {
        evidence.layers.push_back(
            {layer.name, layer.type, layer.macs, layer.parameters, layer.activation_bytes.value()});
    }
    return evidence;
}

/// Joules per CPU second of a profile, over all its layers; absent where a layer has none.
std::optional<Watts> power_of(const Profile& profile) {
    double joules = 0;
    double cpu = 0;
    for (const LayerProfile& layer : profile.layers) {
        if (!layer.energy) return std::nullopt;
        joules += layer.energy->joules.value();
        cpu += seconds(layer.cpu_mean);
    }
    if (cpu <= 0) return std::nullopt;
    return Watts(joules / cpu);
}

CarbonFactors factors_of(Watts power, Seconds cpu_time, const EvidenceOptions& options) {
    CarbonFactors factors;
    factors.power = power;
    factors.cpu_time = cpu_time;
    factors.intensity = options.intensity.value_or(CarbonIntensity(0));
    return factors;
}

class EvidenceWriter {
public:
    explicit EvidenceWriter(Evidence& evidence) : evidence_(evidence) {}

    void add(GateMetric metric, GateScope scope, const std::string& name, std::vector<double> units,
             double standard_error = 0, std::vector<double> samples = {}) {
        evidence_.quantities.push_back(
            {{metric, scope, name}, std::move(units), std::move(samples), standard_error, false});
    }
    void add_exact(GateMetric metric, GateScope scope, const std::string& name, double value) {
        evidence_.quantities.push_back({{metric, scope, name}, {value}, {}, 0, true});
    }
    /// Joules, and their grams where the options have an intensity.
    void add_energy(GateScope scope, const std::string& name, const std::vector<double>& joules, double standard_error,
                    const EvidenceOptions& options) {
        add(GateMetric::kEnergy, scope, name, joules, standard_error);
        if (!options.intensity) return;
        std::vector<double> grams;
        for (const double each : joules) grams.push_back((Joules(each) * *options.intensity).value());
        add(GateMetric::kCarbon, scope, name, std::move(grams), (Joules(standard_error) * *options.intensity).value());
    }
    void add_weights(const Profile& profile) {
        double all = 0;
        for (const LayerProfile& layer : profile.layers) all += static_cast<double>(layer.weight_bytes.value());
        add_exact(GateMetric::kBytes, GateScope::kTotal, "", all);
        for (const LayerProfile& layer : profile.layers) {
            add_exact(GateMetric::kBytes, GateScope::kLayer, layer.name,
                      static_cast<double>(layer.weight_bytes.value()));
        }
    }

private:
    Evidence& evidence_;
};

double row_error(const LayerProfile& layer) {
    if (layer.samples == 0) return 0;
    return kMedianErrorOfQuartiles * seconds(layer.latency_q3 - layer.latency_q1) /
           std::sqrt(static_cast<double>(layer.samples));
}

Evidence profile_evidence(const Profile& profile, const std::string& name, const EvidenceOptions& options) {
    Evidence evidence = profile_head(profile, name);
    const bool by_cpu = std::any_of(profile.warnings.begin(), profile.warnings.end(), [](const std::string& warning) {
        return warning.find("latencies are cpu times") != std::string::npos;
    });
    evidence.aspects["clock"] = by_cpu ? "cpu time" : "wall time";
    EvidenceWriter writer(evidence);
    // The rows' errors as if all went the same way: no more is known of the whole's.
    double whole_error = 0;
    double joules = 0;
    for (const LayerProfile& layer : profile.layers) {
        whole_error += row_error(layer);
        if (layer.energy) joules += layer.energy->joules.value();
    }
    const double relative = profile.whole_median.count() > 0 ? whole_error / seconds(profile.whole_median) : 0;
    const double cpu = seconds(profile.whole_cpu_mean);
    writer.add(GateMetric::kLatency, GateScope::kTotal, "", {seconds(profile.whole_median)}, whole_error);
    writer.add(GateMetric::kCpuTime, GateScope::kTotal, "", {cpu}, relative * cpu);
    const auto power = power_of(profile);
    if (power) {
        writer.add_energy(GateScope::kTotal, "", {joules}, relative * joules, options);
        evidence.factors = factors_of(*power, Seconds(cpu), options);
    }
    for (const LayerProfile& layer : profile.layers) {
        const double error = row_error(layer);
        const double share = layer.latency_median.count() > 0 ? error / seconds(layer.latency_median) : 0;
        const double row_cpu = seconds(layer.cpu_mean);
        writer.add(GateMetric::kLatency, GateScope::kLayer, layer.name, {seconds(layer.latency_median)}, error);
        writer.add(GateMetric::kCpuTime, GateScope::kLayer, layer.name, {row_cpu}, share * row_cpu);
        if (power) {
            const double own = layer.energy->joules.value();
            writer.add_energy(GateScope::kLayer, layer.name, {own}, share * own, options);
        }
    }
    writer.add_weights(profile);
    return evidence;
}

double mean_of(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

std::vector<double> products(const std::vector<double>& left, const std::vector<double>& right, double factor) {
    std::vector<double> values;
    for (std::size_t i = 0; i < left.size(); ++i) values.push_back(left[i] * right[i] * factor);
    return values;
}

Evidence samples_evidence(const Samples& samples, std::size_t subject, std::optional<std::size_t> reference,
                          const std::string& name, const EvidenceOptions& options) {
    const Profile& profile = samples.subjects[subject];
    Evidence evidence = profile_head(profile, name);
    const bool by_cpu = options.clock == GateClock::kCpu && profile.threads == 1;
    evidence.aspects["clock"] = by_cpu ? "cpu time" : "wall time";
    if (!samples.rounds.empty()) evidence.date_utc = samples.rounds.front().date_utc;
    const RoundValues values = round_values(samples, subject, by_cpu, reference);
    const auto power = power_of(profile);
    EvidenceWriter writer(evidence);
    const std::vector<double> ones(values.cpu_time.size(), 1.0);
    writer.add(GateMetric::kLatency, GateScope::kTotal, "", values.latency);
    writer.add(GateMetric::kCpuTime, GateScope::kTotal, "", values.cpu_time);
    if (power) {
        writer.add_energy(GateScope::kTotal, "", products(values.cpu_time, ones, power->value()), 0, options);
        evidence.factors = factors_of(*power, Seconds(mean_of(values.cpu_time)), options);
    }
    for (std::size_t row = 0; row < values.rows.size(); ++row) {
        const std::string& layer = profile.layers[row].name;
        writer.add(GateMetric::kLatency, GateScope::kLayer, layer, values.rows[row]);
        // A layer's CPU time is the whole's in the share of its time.
        writer.add(GateMetric::kCpuTime, GateScope::kLayer, layer, products(values.cpu_time, values.shares[row], 1));
        if (power) {
            writer.add_energy(GateScope::kLayer, layer, products(values.cpu_time, values.shares[row], power->value()),
                              0, options);
        }
    }
    writer.add_weights(profile);
    return evidence;
}

void add_aspect(std::map<std::string, std::set<std::string>>& aspects, const std::string& aspect,
                std::string_view value) {
    if (!value.empty()) aspects[aspect].insert(std::string(value));
}

void add_ledger_aspects(const Ledger& ledger, Evidence& evidence) {
    std::map<std::string, std::set<std::string>> found;
    bool embodied = false;
    for (const LedgerEntry& entry : ledger.entries) {
        if (entry.kind == LedgerKind::kEmbodied && entry.grams.value() > 0) embodied = true;
        if (entry.kind == LedgerKind::kEmbodied || entry.energy.joules == Joules(0)) continue;
        if (entry.kind != LedgerKind::kLink) {
            add_aspect(found, "provenance", provenance_name(entry.energy.provenance));
            add_aspect(found, "source", entry.energy.source);
            add_aspect(found, "boundary", entry.energy.boundary);
        }
        add_aspect(found, "signal", entry.signal);
        add_aspect(found, "scope", entry.scope);
    }
    for (const auto& [aspect, values] : found) evidence.aspects[aspect] = fmt::format("{}", fmt::join(values, " and "));
    evidence.aspects["idle"] = idle_policy_name(ledger.idle_policy);
    evidence.aspects["embodied"] = embodied ? "counted" : "not counted";
    evidence.factors = carbon_factors(ledger);
}

std::string stage_name(const Plan& plan, std::size_t pipeline, std::size_t stage) {
    return plan.pipelines.size() == 1 ? fmt::format("{}", stage) : fmt::format("{}.{}", pipeline, stage);
}

Evidence subject_head(const Subject& subject, const std::string& name) {
    Evidence evidence;
    evidence.name = name;
    evidence.kind = subject.run ? "run" : "plan";
    evidence.aspects["kind"] = subject.run ? "run" : "prediction";
    if (!subject.plan.profiles.empty()) {
        const Profile& profile = subject.plan.profiles.front();
        evidence.model = model_text(profile);
        evidence.date_utc = profile.date_utc;
        evidence.aspects["hardware"] = profile.cpu;
        evidence.aspects["inputs"] = fmt::format("{}", fmt::join(profile.inputs, " "));
    }
    return evidence;
}

Evidence plan_evidence(const Subject& subject, const std::string& name) {
    Evidence evidence = subject_head(subject, name);
    const Plan& plan = subject.plan;
    const Prediction& predicted = plan.predicted;
    EvidenceWriter writer(evidence);
    const Ledger ledger = predicted_ledger(plan, name);
    add_ledger_aspects(ledger, evidence);
    const auto total = [&](GateMetric metric, double value) { writer.add_exact(metric, GateScope::kTotal, "", value); };
    total(GateMetric::kLatency, seconds(predicted.latency_mean));
    total(GateMetric::kEnergy, predicted.parts.joules().value());
    total(GateMetric::kCarbon, predicted.parts.grams().value());
    total(GateMetric::kSci, sci_score(ledger).score().value());
    if (predicted.pipeline_throughput_per_second > 0) {
        total(GateMetric::kBottleneck, 1 / predicted.pipeline_throughput_per_second);
    }
    const std::vector<double> shares = predicted_shares(plan);
    double bytes = 0;
    double cpu = 0;
    for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
        for (const PlannedTransfer& transfer : plan.pipelines[p].transfers) {
            bytes += shares[p] * static_cast<double>(transfer.bytes.value());
        }
        for (std::size_t s = 0; s < plan.pipelines[p].stages.size(); ++s) {
            const PlannedStage& stage = plan.pipelines[p].stages[s];
            cpu += shares[p] * seconds(stage.cpu);
            const std::string stage_label = stage_name(plan, p, s);
            const auto add = [&](GateMetric metric, double value) {
                writer.add_exact(metric, GateScope::kStage, stage_label, value);
            };
            add(GateMetric::kLatency, seconds(stage.busy));
            add(GateMetric::kCpuTime, seconds(stage.cpu));
            add(GateMetric::kEnergy, stage.parts.joules().value());
            add(GateMetric::kCarbon, stage.parts.grams().value());
            add(GateMetric::kBytes, static_cast<double>(stage.input_bytes.value()));
        }
    }
    total(GateMetric::kCpuTime, cpu);
    total(GateMetric::kBytes, bytes);
    return evidence;
}

/// What requests say of one stage, in their order.
struct StageSamples {
    std::vector<double> compute;
    std::vector<double> cpu;
};

double median_of(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : quantile(values, 0.5);
}

void add_stages(const Subject& subject, EvidenceWriter& writer) {
    std::map<std::pair<std::int64_t, std::size_t>, StageSamples> stages;
    for (const RequestRecord& request : subject.run->requests) {
        if (!request.ok) continue;
        for (std::size_t s = 0; s < request.stages.size(); ++s) {
            StageSamples& samples = stages[{request.pipeline, s}];
            samples.compute.push_back(seconds(request.stages[s].compute));
            samples.cpu.push_back(seconds(request.stages[s].cpu));
        }
    }
    for (auto& [place, samples] : stages) {
        const std::string name = stage_name(subject.plan, static_cast<std::size_t>(place.first), place.second);
        const double compute = median_of(samples.compute);
        const double cpu = median_of(samples.cpu);
        writer.add(GateMetric::kLatency, GateScope::kStage, name, {compute}, 0, std::move(samples.compute));
        writer.add(GateMetric::kCpuTime, GateScope::kStage, name, {cpu}, 0, std::move(samples.cpu));
    }
}

std::string load_text(const RunHeader& header) {
    if (header.rate_per_second) return fmt::format("{:g} requests/s", *header.rate_per_second);
    return fmt::format("{} in flight", header.in_flight);
}

std::string run_limits_text(const RunHeader& header) {
    if (header.limits.empty()) return "none";
    const bool all = std::all_of(header.limits.begin(), header.limits.end(),
                                 [](const EnforcedLimit& limit) { return limit.enforced; });
    return all ? "enforced" : "not enforced on every node";
}

void add_run_energy(const Subject& subject, Evidence& evidence, EvidenceWriter& writer,
                    const EvidenceOptions& options) {
    const auto ledger = recorded_ledger(*subject.run, subject.plan, evidence.name);
    if (!ledger) return;
    add_ledger_aspects(*ledger, evidence);
    const auto spread = energy_spread(*subject.run, *ledger, options.seed);
    const double joules_error = spread ? spread->joules.half_width() * kHalfWidthToError : 0;
    const double grams_error = spread ? spread->grams.half_width() * kHalfWidthToError : 0;
    writer.add(GateMetric::kEnergy, GateScope::kTotal, "", {total_joules(*ledger).value()}, joules_error);
    writer.add(GateMetric::kCarbon, GateScope::kTotal, "", {total_grams(*ledger).value()}, grams_error);
    writer.add(GateMetric::kSci, GateScope::kTotal, "", {sci_score(*ledger).score().value()}, grams_error);
}

Evidence run_evidence(const Subject& subject, const std::string& name, const EvidenceOptions& options) {
    Evidence evidence = subject_head(subject, name);
    const RunLog& run = *subject.run;
    evidence.date_utc = run.header.date_utc;
    evidence.aspects["hardware"] = run.header.machine;
    evidence.aspects["load"] = load_text(run.header);
    evidence.aspects["limits"] = run_limits_text(run.header);
    EvidenceWriter writer(evidence);
    std::vector<double> latencies;
    std::vector<double> cpu;
    double bytes = 0;
    for (const RequestRecord& request : run.requests) {
        if (!request.ok) continue;
        latencies.push_back(seconds(request.latency));
        cpu.push_back(0);
        for (const StageRecord& stage : request.stages) {
            cpu.back() += seconds(stage.cpu);
            bytes += static_cast<double>(stage.input_bytes.value());
        }
        if (!request.stages.empty()) bytes += static_cast<double>(request.stages.back().output_bytes.value());
    }
    if (latencies.empty()) return evidence;
    const auto requests = static_cast<double>(latencies.size());
    const double latency = median_of(latencies);
    const double cpu_time = median_of(cpu);
    writer.add(GateMetric::kLatency, GateScope::kTotal, "", {latency}, 0, std::move(latencies));
    writer.add(GateMetric::kCpuTime, GateScope::kTotal, "", {cpu_time}, 0, std::move(cpu));
    add_run_energy(subject, evidence, writer, options);
    writer.add_exact(GateMetric::kBytes, GateScope::kTotal, "", bytes / requests);
    if (const auto throughput = run_throughput(run)) {
        writer.add(GateMetric::kBottleneck, GateScope::kTotal, "", {1 / *throughput});
    }
    add_stages(subject, writer);
    return evidence;
}

/// Each benchmark counts as a layer; one alone is the whole too. Runs of hyperfine are runs; repetitions in one process
/// share what differs between processes, so they are one run, whose noise nothing in the file shows.
Evidence benchmarks_evidence(const BenchmarkTimings& timings, const std::string& name) {
    Evidence evidence;
    evidence.name = name;
    evidence.kind = "benchmarks";
    evidence.date_utc = timings.date_utc;
    evidence.model = timings.program.empty() ? timings.tool : timings.program;
    evidence.aspects["kind"] = fmt::format("benchmarks of {}", timings.tool);
    evidence.aspects["clock"] = "wall time";
    if (!timings.hardware.empty()) evidence.aspects["hardware"] = timings.hardware;
    // Runs are permuted for all benchmarks together, so all need as many.
    std::size_t runs = timings.benchmarks.front().wall.size();
    for (const BenchmarkTiming& timing : timings.benchmarks) runs = std::min(runs, timing.wall.size());
    EvidenceWriter writer(evidence);
    const auto add = [&](GateMetric metric, GateScope scope, const std::string& of, const std::vector<double>& values) {
        if (values.empty()) return;
        const auto first = values.begin();
        writer.add(metric, scope, of,
                   timings.fresh_processes ? std::vector<double>(first, first + static_cast<std::ptrdiff_t>(runs))
                                           : std::vector<double>{median_of(values)});
    };
    for (const BenchmarkTiming& timing : timings.benchmarks) {
        // A type of its own: nothing tells a benchmark that was renamed from another one.
        evidence.layers.push_back({timing.name, timing.name, 0, 0, 0});
        add(GateMetric::kLatency, GateScope::kLayer, timing.name, timing.wall);
        add(GateMetric::kCpuTime, GateScope::kLayer, timing.name, timing.cpu);
        if (timings.benchmarks.size() > 1) continue;
        add(GateMetric::kLatency, GateScope::kTotal, "", timing.wall);
        add(GateMetric::kCpuTime, GateScope::kTotal, "", timing.cpu);
    }
    return evidence;
}

Samples joined_samples(const std::vector<ReportInput>& inputs, const std::vector<std::string>& names) {
    Samples all = std::get<Samples>(inputs.front());
    for (std::size_t i = 1; i < inputs.size(); ++i) {
        const auto& more = std::get<Samples>(inputs[i]);
        for (std::size_t subject = 0; subject < all.subjects.size(); ++subject) {
            if (more.subjects[subject].model_sha256 == all.subjects[subject].model_sha256) continue;
            throw UsageError(fmt::format("{} is of other models than {}: rounds of one pair can be taken together",
                                         names[i], names.front()));
        }
        for (const SampleRound& round : more.rounds) {
            if (std::find(all.rounds.begin(), all.rounds.end(), round) != all.rounds.end()) {
                throw UsageError(
                    fmt::format("{} holds rounds of the files before it: one measurement counts once", names[i]));
            }
        }
        all.rounds.insert(all.rounds.end(), more.rounds.begin(), more.rounds.end());
    }
    return all;
}

}  // namespace

GateClock clock_for(const std::vector<ReportInput>& inputs) {
    for (const ReportInput& input : inputs) {
        const auto* samples = std::get_if<Samples>(&input);
        if (samples == nullptr) continue;
        for (const SampleRound& round : samples->rounds) {
            for (std::size_t i = 0; i < round.subjects.size(); ++i) {
                const int threads = samples->subjects[i].threads;
                if (undisturbed_passes(round.subjects[i], threads) < kLeastFreePasses) return GateClock::kCpu;
            }
        }
    }
    return GateClock::kWall;
}

bool is_interleaved(const ReportInput& input) {
    const auto* samples = std::get_if<Samples>(&input);
    return samples != nullptr && samples->subjects.size() == 2;
}

Evidence evidence_of(const ReportInput& input, const std::string& name, const EvidenceOptions& options) {
    if (const auto* profile = std::get_if<Profile>(&input)) return profile_evidence(*profile, name, options);
    if (const auto* samples = std::get_if<Samples>(&input)) {
        if (samples->subjects.size() == 2) {
            throw UsageError(fmt::format("{} holds both sides, taken in turns: give no --baseline", name));
        }
        return samples_evidence(*samples, 0, std::nullopt, name, options);
    }
    if (const auto* timings = std::get_if<BenchmarkTimings>(&input)) return benchmarks_evidence(*timings, name);
    if (std::holds_alternative<Partition>(input)) {
        throw UsageError(fmt::format("{} is a partition: a gate judges profiles, samples, plans and runs", name));
    }
    const auto& subject = std::get<Subject>(input);
    return subject.run ? run_evidence(subject, name, options) : plan_evidence(subject, name);
}

EvidencePair interleaved_evidence(const std::vector<ReportInput>& inputs, const std::vector<std::string>& names,
                                  const EvidenceOptions& options) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (is_interleaved(inputs[i])) continue;
        throw UsageError(fmt::format("{} holds one side: give what it is held against with --baseline", names[i]));
    }
    const Samples samples = joined_samples(inputs, names);
    const std::string name = fmt::format("{}", fmt::join(names, ", "));
    EvidencePair pair;
    pair.interleaved = true;
    pair.baseline.push_back(samples_evidence(samples, 0, std::nullopt, name, options));
    pair.current.push_back(samples_evidence(samples, 1, std::size_t{0}, name, options));
    return pair;
}

}  // namespace carbonedge
