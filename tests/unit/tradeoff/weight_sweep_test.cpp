#include "lib/tradeoff/weight_sweep.h"
#include "tests/unit/tradeoff/drawn_problem.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

double brute_least_score(Plan plan, double weight) {
    plan.objective = Objective::kScore;
    plan.carbon_weight = weight;
    double least = 1e300;
    for_every_pipeline(plan, [&](const std::vector<BruteStage>& pipeline) {
        const BruteCost cost = brute_cost(plan, pipeline);
        if (brute_allowed(plan, pipeline, cost)) least = std::min(least, brute_value(plan, cost));
    });
    return least;
}

double score_of(const WeightSweep& sweep, const WeightSegment& segment, double weight) {
    return weight * segment.grams / sweep.references.carbon_grams +
           (1 - weight) * segment.latency_seconds / sweep.references.latency_seconds;
}

/// The paper's own example: 141 W and 250 ms in S_C on both, average times .25 s on High and .577 s on Green.
SelectionCandidates high_and_green() {
    SelectionCandidates candidates;
    NodeState high;
    high.memory_available_bytes = 1;
    high.average_time_s = 0.25;
    high.intensity = 620;
    high.power_watts = 141;
    high.energy_time_s = 0.25;
    NodeState green = high;
    green.average_time_s = 0.577;
    green.intensity = 380;
    candidates.nodes = {high, green};
    return candidates;
}

}  // namespace

TEST_CASE("every segment of a sweep is best within it and ties at its ends, by brute force on 300 seeded instances") {
    SeededRandom random(4101);
    std::size_t switches = 0;
    for (int round = 0; round < 300; ++round) {
        CAPTURE(round);
        const DrawnProblem drawn = draw_problem(random, round % 2 == 0);
        const auto found = sweep_weights(drawn.problem);
        if (std::holds_alternative<Infeasibility>(found)) {
            CHECK(brute_least_score(drawn.brute, 0.5) == 1e300);
            continue;
        }
        const auto& sweep = std::get<WeightSweep>(found);
        CHECK(sweep.proven);
        CHECK(sweep.segments.front().from == 0);
        CHECK(sweep.segments.back().to == 1);
        for (std::size_t i = 0; i < sweep.segments.size(); ++i) {
            const WeightSegment& segment = sweep.segments[i];
            REQUIRE(segment.from < segment.to);
            for (const double weight : {segment.from, segment.to, random.uniform(segment.from, segment.to)}) {
                const double least = brute_least_score(drawn.brute, weight);
                CHECK(score_of(sweep, segment, weight) == doctest::Approx(least).epsilon(1e-9));
            }
            if (i == 0) continue;
            ++switches;
            CHECK(segment.from == sweep.segments[i - 1].to);
            CHECK(segment.grams < sweep.segments[i - 1].grams);
            const double steep = (segment.latency_seconds - sweep.segments[i - 1].latency_seconds) /
                                 (sweep.segments[i - 1].grams - segment.grams);
            CHECK(sweep.segments[i - 1].seconds_per_gram == doctest::Approx(steep).epsilon(1e-6));
        }
    }
    CHECK(switches > 150);
}

TEST_CASE("the published score switches once, where the documentation says") {
    struct Row {
        ScoreMode mode;
        double weight;
    };
    for (const Row& row :
         {Row{ScoreMode::kPerformance, 0.4267}, Row{ScoreMode::kBalanced, 0.3356}, Row{ScoreMode::kGreen, 0.3204}}) {
        const auto segments = sweep_selection(high_and_green(), row.mode, ScoreVariant::kPaper);
        REQUIRE(segments.size() == 2);
        CHECK(segments[0].candidate == 0);
        CHECK(segments[1].candidate == 1);
        CHECK(std::abs(segments[0].to - row.weight) < 1e-4);
        // In closed form: the other weights' gain of High against the carbon term's gain of Green.
        const ScoreWeights base = weights_of(row.mode);
        const double share = base.performance / (base.resources + base.load + base.performance + base.balance);
        const auto crossing = [&](double hours_scale) {
            const auto carbon = [&](double intensity) { return 1 / (1 + intensity * 141 * 0.25 * hours_scale); };
            const double others = share * (1 / 1.25 - 1 / 1.577);
            return others / (others + carbon(380) - carbon(620));
        };
        CHECK(segments[0].to == doctest::Approx(crossing(1e3 / 3.6e6)).epsilon(1e-12));
        // True kilowatt-hours make the carbon terms nearly equal: the switch moves to where nothing else counts.
        const auto si = sweep_selection(high_and_green(), row.mode, ScoreVariant::kSi);
        REQUIRE(si.size() == 2);
        CHECK(si[0].to == doctest::Approx(crossing(1 / 3.6e6)).epsilon(1e-9));
        CHECK(si[0].to > 0.93);
        // Scaled terms: Green has all of the carbon term, High all of the performance term.
        const auto minmax = sweep_selection(high_and_green(), row.mode, ScoreVariant::kMinmax);
        REQUIRE(minmax.size() == 2);
        CHECK(minmax[0].to == doctest::Approx(share / (1 + share)).epsilon(1e-9));
    }
}

TEST_CASE("a sweep of selections agrees with the published choice on a grid") {
    SeededRandom random(4102);
    std::size_t segments_seen = 0;
    for (int round = 0; round < 200; ++round) {
        SelectionCandidates candidates;
        for (std::size_t i = 0; i < 2 + random.below(6); ++i) {
            NodeState state;
            state.cpus_available = random.uniform(0.2, 2);
            state.memory_available_bytes = 1;
            state.average_time_s = random.uniform(0.01, 2);
            state.energy_time_s = state.average_time_s;
            state.load = random.uniform(0, 0.9);
            state.tasks = static_cast<double>(random.below(3));
            state.intensity = random.uniform(20, 700);
            state.power_watts = random.uniform(5, 200);
            candidates.nodes.push_back(state);
        }
        for (const ScoreVariant variant : {ScoreVariant::kPaper, ScoreVariant::kSi, ScoreVariant::kMinmax}) {
            const auto segments = sweep_selection(candidates, ScoreMode::kBalanced, variant);
            segments_seen += segments.size();
            NodeTable table(candidates.nodes.size());
            for (std::size_t i = 0; i < candidates.nodes.size(); ++i) table.set(NodeIndex(i), candidates.nodes[i]);
            NodeSelector selector(candidates.nodes.size());
            for (int step = 0; step <= 100; ++step) {
                const double weight = step / 100.0;
                const auto chosen = selector.select(
                    table, candidates.need, with_carbon_weight(weights_of(ScoreMode::kBalanced), weight), variant);
                REQUIRE(chosen.has_value() == !segments.empty());
                if (!chosen) continue;
                const auto at = std::find_if(segments.begin(), segments.end(), [&](const SelectionSegment& segment) {
                    return weight >= segment.from && (weight < segment.to || segment.to == 1);
                });
                REQUIRE(at != segments.end());
                CHECK(at->candidate == chosen->value());
            }
        }
    }
    CHECK(segments_seen > 900);
}

}  // namespace carbonedge
