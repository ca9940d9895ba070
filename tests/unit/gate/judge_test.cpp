#include "lib/gate/judge.h"

#include "lib/base/random.h"
#include "lib/gate/decision.h"
#include "tests/unit/gate/sample_evidence.h"

#include <doctest/doctest.h>
#include <algorithm>

namespace carbonedge {
namespace {

const GateRules& rules() {
    static const GateRules kRules = [] {
        GateRules made;
        made.noise_of_runs = 0.2;
        made.noise_of_sessions = 0.04;
        made.limits.push_back({{GateMetric::kLatency, GateScope::kTotal, ""}, {0.03, 1e-5}});
        return made;
    }();
    return kRules;
}

GateRules with_limit(GateMetric metric, GateScope scope, double limit) {
    GateRules made = rules();
    made.limits.push_back({{metric, scope, ""}, {limit, 0}});
    return made;
}

std::vector<double> around(double centre, double spread, std::size_t count, std::uint64_t seed) {
    SeededRandom random(seed);
    std::vector<double> values;
    for (std::size_t i = 0; i < count; ++i) values.push_back(centre * (1 + spread * random.normal()));
    return values;
}

Evidence measured(std::vector<double> latencies) {
    Evidence evidence;
    evidence.kind = "profile";
    evidence.aspects = {
        {"kind", "measured layers"}, {"hardware", "EPYC"}, {"inputs", "1x3x224x224"}, {"clock", "wall time"}};
    evidence.quantities.push_back(total_of(GateMetric::kLatency, std::move(latencies)));
    return evidence;
}

void add_layer(Evidence& evidence, const std::string& name, std::vector<double> latencies, std::int64_t macs = 100) {
    evidence.layers.push_back({name, "Conv2d", macs, 10, 64});
    evidence.quantities.push_back(quantity_of(GateMetric::kLatency, GateScope::kLayer, name, std::move(latencies)));
}

EvidencePair pair_of(Evidence baseline, Evidence current, bool interleaved) {
    EvidencePair pair;
    pair.baseline.push_back(std::move(baseline));
    pair.current.push_back(std::move(current));
    pair.interleaved = interleaved;
    return pair;
}

GateVerdict verdict_of(const EvidencePair& pair, const GateRules& by = rules(), std::vector<std::string> allowed = {}) {
    return judge(pair, by, {std::move(allowed), 0});
}

}  // namespace

TEST_CASE("gate: each design, slower, the same and faster") {
    struct Row {
        const char* name;
        bool interleaved;
        std::size_t baseline;
        std::size_t current;
        double factor;
        double spread;
        GateOutcome outcome;
        GateDesign design;
    };
    constexpr auto kInterleaved = GateDesign::kInterleaved;
    constexpr auto kRepeated = GateDesign::kRepeated;
    const Row rows[] = {
        {"rounds, slower", true, 10, 10, 1.06, 0.005, GateOutcome::kRegression, kInterleaved},
        {"rounds, same", true, 10, 10, 1.0, 0.005, GateOutcome::kPass, kInterleaved},
        {"rounds, faster", true, 10, 10, 0.93, 0.005, GateOutcome::kImprovement, kInterleaved},
        {"rounds, slower by less than the limit", true, 10, 10, 1.01, 0.002, GateOutcome::kPass, kInterleaved},
        {"rounds, too noisy", true, 10, 10, 1.04, 0.10, GateOutcome::kInconclusive, kInterleaved},
        {"too few rounds", true, 7, 7, 1.5, 0.005, GateOutcome::kInconclusive, kInterleaved},
        {"runs, much slower", false, 6, 6, 1.2, 0.005, GateOutcome::kRegression, kRepeated},
        {"runs, slower within what sessions differ", false, 6, 6, 1.038, 0.001, GateOutcome::kInconclusive, kRepeated},
        {"runs, much faster", false, 6, 6, 0.8, 0.005, GateOutcome::kImprovement, kRepeated},
        {"one run each, twice as slow", false, 1, 1, 2, 0, GateOutcome::kInconclusive, GateDesign::kSingle},
        {"many before, one now", false, 10, 1, 1.3, 0.01, GateOutcome::kRegression, GateDesign::kPredicted},
    };
    for (const Row& row : rows) {
        CAPTURE(row.name);
        const GateVerdict verdict =
            verdict_of(pair_of(measured(around(0.01, row.spread, row.baseline, 1)),
                               measured(around(0.01 * row.factor, row.spread, row.current, 2)), row.interleaved));
        CHECK(gate_outcome_name(verdict.outcome) == gate_outcome_name(row.outcome));
        CHECK(gate_design_name(verdict.design) == gate_design_name(row.design));
        if (row.outcome == GateOutcome::kInconclusive) CHECK_FALSE(verdict.findings.front().reason.empty());
    }
}

TEST_CASE("gate: a single run is judged by its own samples and the noise of runs") {
    const auto run = [](double centre, std::uint64_t seed) {
        Evidence evidence = measured({centre});
        evidence.quantities.front().samples = around(centre, 0.01, 60, seed);
        return evidence;
    };
    CHECK(verdict_of(pair_of(run(0.01, 1), run(0.02, 2), false)).outcome == GateOutcome::kRegression);
    const GateVerdict unclear = verdict_of(pair_of(run(0.01, 1), run(0.0115, 2), false));
    CHECK(unclear.outcome == GateOutcome::kInconclusive);
    CHECK(unclear.findings.front().more_units == 4);
}

TEST_CASE("gate: nothing compared is no pass") {
    CHECK(verdict_of(EvidencePair{}).outcome == GateOutcome::kNotComparable);
    Evidence without = measured({0.01});
    without.quantities.clear();
    const GateVerdict verdict = verdict_of(pair_of(without, without, false));
    CHECK(verdict.outcome == GateOutcome::kNotComparable);
    CHECK(verdict.findings.front().reason == "either side does not have the latency of total");
}

TEST_CASE("gate: how many more rounds would decide is about right") {
    GateVerdict unclear;
    for (std::uint64_t seed = 0; unclear.outcome != GateOutcome::kInconclusive; ++seed) {
        REQUIRE(seed < 100);
        unclear = verdict_of(pair_of(measured(around(0.01, 0.04, 10, 1000 + 2 * seed)),
                                     measured(around(0.01, 0.04, 10, 1001 + 2 * seed)), true));
    }
    REQUIRE(unclear.findings.front().more_units);
    const std::size_t more = *unclear.findings.front().more_units;
    CHECK(more > 1);
    int decided = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const GateVerdict later = verdict_of(pair_of(measured(around(0.01, 0.04, 10 + 2 * more, 2 * seed)),
                                                     measured(around(0.01, 0.04, 10 + 2 * more, 2 * seed + 1)), true));
        decided += later.outcome == GateOutcome::kPass ? 1 : 0;
    }
    CHECK(decided >= 10);
}

TEST_CASE("gate: what differs forbids comparing what it concerns, unless allowed by name") {
    Evidence other = measured(around(0.01, 0.005, 10, 2));
    other.aspects["hardware"] = "Xeon";
    const EvidencePair pair = pair_of(measured(around(0.01, 0.005, 10, 1)), other, true);
    const GateVerdict refused = verdict_of(pair);
    CHECK(refused.outcome == GateOutcome::kNotComparable);
    REQUIRE(refused.findings.size() == 1);
    CHECK(refused.findings.front().reason == "other hardware");
    CHECK(gate_headline(refused) == "not comparable: other hardware (Xeon against EPYC)");
    const GateVerdict allowed = verdict_of(pair, rules(), {"hardware"});
    CHECK(allowed.outcome == GateOutcome::kPass);
    REQUIRE(allowed.mismatches.size() == 1);
    CHECK(allowed.mismatches.front().allowed);
    // How joules came about says nothing about latencies.
    Evidence estimated = measured(around(0.01, 0.005, 10, 2));
    estimated.aspects["provenance"] = "estimated";
    CHECK(verdict_of(pair_of(measured(around(0.01, 0.005, 10, 1)), estimated, true)).outcome == GateOutcome::kPass);
    CHECK(verdict_of(pair_of(measured(around(0.01, 0.005, 10, 1)), estimated, true),
                     with_limit(GateMetric::kEnergy, GateScope::kTotal, 0.03))
              .outcome == GateOutcome::kNotComparable);
}

TEST_CASE("gate: every aspect is one that --allow takes, and concerns something") {
    for (const std::string& aspect : gate_aspects()) {
        CAPTURE(aspect);
        const auto metrics = all_gate_metrics();
        CHECK(std::any_of(metrics.begin(), metrics.end(),
                          [&](GateMetric metric) { return aspect_concerns(aspect, metric); }));
    }
}

TEST_CASE("gate: the layer that became slower is named, and so are new, gone and renamed ones") {
    Evidence before = measured(around(0.010, 0.004, 10, 1));
    Evidence after = measured(around(0.0108, 0.004, 10, 2));
    for (int layer = 0; layer < 30; ++layer) {
        const std::string name = "features." + std::to_string(layer);
        const double time = 1e-4 * (1 + layer % 3);
        add_layer(before, name, around(time, 0.02, 10, 100 + static_cast<std::uint64_t>(layer)), layer);
        add_layer(after, layer == 3 ? "renamed" : name,
                  around(layer == 12 ? time + 5e-4 : time, 0.02, 10, 200 + static_cast<std::uint64_t>(layer)), layer);
    }
    add_layer(before, "gone", around(1e-5, 0.02, 10, 7), 999);
    add_layer(after, "new", around(3e-4, 0.02, 10, 8), 1000);
    const GateVerdict verdict =
        verdict_of(pair_of(before, after, true), with_limit(GateMetric::kLatency, GateScope::kLayer, 0.1));
    CHECK(verdict.outcome == GateOutcome::kRegression);
    REQUIRE(verdict.blames.size() >= 2);
    CHECK(verdict.blames[0].key.name == "features.12");
    CHECK(verdict.blames[0].certain);
    CHECK(verdict.blames[1].key.name == "new");
    CHECK(verdict.added == std::vector<std::string>{"new"});
    CHECK(verdict.removed == std::vector<std::string>{"gone"});
    REQUIRE(verdict.renamed.size() == 1);
    CHECK(verdict.renamed.front().before == "features.3");
    CHECK(verdict.renamed.front().after == "renamed");
    const auto renamed = std::find_if(verdict.findings.begin(), verdict.findings.end(),
                                      [](const GateFinding& finding) { return finding.key.name == "renamed"; });
    REQUIRE(renamed != verdict.findings.end());
    CHECK(renamed->outcome == GateOutcome::kPass);
}

TEST_CASE("gate: a limit for a layer that is not there is no pass") {
    GateRules named = rules();
    named.limits.push_back({{GateMetric::kLatency, GateScope::kLayer, "head"}, {0.05, 0}});
    const GateVerdict verdict =
        verdict_of(pair_of(measured(around(0.01, 0.003, 10, 1)), measured(around(0.01, 0.003, 10, 2)), true), named);
    CHECK(verdict.outcome == GateOutcome::kNotComparable);
    CHECK(verdict.findings.back().reason == "either side does not have the latency of head");
}

TEST_CASE("gate: computed numbers have no noise") {
    const auto planned = [](double bytes) {
        Evidence evidence;
        evidence.kind = "plan";
        evidence.quantities.push_back(total_of(GateMetric::kBytes, {bytes}));
        evidence.quantities.back().exact = true;
        return evidence;
    };
    GateRules by_bytes;
    by_bytes.limits.push_back({{GateMetric::kBytes, GateScope::kTotal, ""}, {0.01, 100}});
    struct Row {
        double before;
        double after;
        GateOutcome outcome;
    };
    const Row rows[] = {{10'000, 10'000, GateOutcome::kPass},       {10'000, 10'099, GateOutcome::kPass},
                        {10'000, 10'101, GateOutcome::kRegression}, {1'000, 1'050, GateOutcome::kPass},
                        {10'000, 9'000, GateOutcome::kImprovement}, {0, 0, GateOutcome::kPass},
                        {0, 101, GateOutcome::kRegression}};
    for (const Row& row : rows) {
        CAPTURE(row.before);
        CAPTURE(row.after);
        const GateVerdict verdict = verdict_of(pair_of(planned(row.before), planned(row.after), false), by_bytes);
        CHECK(verdict.outcome == row.outcome);
        CHECK(verdict.design == GateDesign::kExact);
    }
}

TEST_CASE("gate: causes of a difference in energy sum to it") {
    Evidence before = measured(around(0.01, 0.003, 10, 1));
    Evidence after = measured(around(0.011, 0.003, 10, 2));
    const auto joules = [](Evidence& evidence, double power, double cpu) {
        CarbonFactors factors;
        factors.power = Watts(power);
        factors.cpu_time = Seconds(cpu);
        factors.intensity = CarbonIntensity(380);
        evidence.factors = factors;
        evidence.quantities.push_back(total_of(GateMetric::kEnergy, around(power * cpu, 0.003, 10, 5)));
    };
    joules(before, 3, 0.010);
    joules(after, 3, 0.011);
    const GateVerdict verdict =
        verdict_of(pair_of(before, after, true), with_limit(GateMetric::kEnergy, GateScope::kTotal, 0.03));
    double sum = 0;
    for (const GateCauseShare& share : verdict.causes) {
        CHECK(share.metric == GateMetric::kEnergy);
        sum += share.difference;
        if (share.cause == GateCause::kTime) CHECK(share.difference == doctest::Approx(0.003));
    }
    CHECK(sum == doctest::Approx(0.003));
}

TEST_CASE("gate: a limit for all layers alone does not let a noisy measurement pass") {
    GateRules by_layers = rules();
    by_layers.limits = {{{GateMetric::kLatency, GateScope::kLayer, ""}, {0.03, 0}}};
    const auto noisy = [](double spread, std::uint64_t seed) {
        Evidence evidence = measured(around(0.01, spread, 10, seed));
        add_layer(evidence, "body", around(0.008, spread, 10, seed + 10));
        return evidence;
    };
    const auto without_total = [](Evidence evidence) {
        evidence.quantities.erase(evidence.quantities.begin());
        return evidence;
    };
    const GateVerdict open = verdict_of(pair_of(noisy(0.2, 1), noisy(0.2, 2), true), by_layers);
    CHECK(open.outcome == GateOutcome::kInconclusive);
    REQUIRE(!open.findings.empty());
    CHECK(open.findings.front().key.scope == GateScope::kTotal);
    const GateVerdict totals_unknown =
        verdict_of(pair_of(without_total(noisy(0.2, 1)), without_total(noisy(0.2, 2)), true), by_layers);
    CHECK(totals_unknown.outcome == GateOutcome::kInconclusive);
    CHECK(totals_unknown.findings.size() == 1);
    CHECK(verdict_of(pair_of(noisy(0.002, 1), noisy(0.002, 2), true), by_layers).outcome == GateOutcome::kPass);
}

TEST_CASE("gate: units needed at each confidence") {
    CHECK(least_units(GateDesign::kInterleaved, 0.99) == 8);
    CHECK(least_units(GateDesign::kRepeated, 0.99) == 5);
    CHECK(least_units(GateDesign::kInterleaved, 0.95) == 6);
}

}  // namespace carbonedge
