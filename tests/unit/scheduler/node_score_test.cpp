#include "lib/scheduler/node_score.h"
#include "lib/base/errors.h"
#include "lib/base/random.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cmath>

namespace carbonedge {
namespace {

/// The paper's own example: 141 W and 250 ms in S_C, average times .25 s on High and .577 s on Green.
NodeTable paper_nodes() {
    NodeTable table(2);
    table.set(NodeIndex(0), {1, 1e9, 0, 0.25, 0, 620, 141, 0.25, 0});
    table.set(NodeIndex(1), {1, 1e9, 0, 0.577, 0, 380, 141, 0.25, 0});
    return table;
}

TaskNeed small_need() { return {1, 1e6, 10}; }

std::size_t chosen(const ScoreWeights& weights, ScoreVariant variant) {
    NodeSelector selector(2);
    return selector.select(paper_nodes(), small_need(), weights, variant)->value();
}

}  // namespace

TEST_CASE("the paper's worked scores, as printed and with true kilowatt-hours") {
    struct Row {
        ScoreMode mode;
        ScoreVariant variant;
        double high;
        double green;
    };
    const std::array<Row, 6> rows{Row{ScoreMode::kPerformance, ScoreVariant::kPaper, 0.8971, 0.8508},
                                  Row{ScoreMode::kBalanced, ScoreVariant::kPaper, 0.7124, 0.7087},
                                  Row{ScoreMode::kGreen, ScoreVariant::kPaper, 0.5507, 0.5693},
                                  Row{ScoreMode::kPerformance, ScoreVariant::kSi, 0.9397, 0.8900},
                                  Row{ScoreMode::kBalanced, ScoreVariant::kSi, 0.9682, 0.9440},
                                  Row{ScoreMode::kGreen, ScoreVariant::kSi, 0.9770, 0.9616}};
    for (const Row& row : rows) {
        CAPTURE(static_cast<int>(row.mode));
        CAPTURE(static_cast<int>(row.variant));
        NodeSelector selector(2);
        const NodeTable table = paper_nodes();
        const auto best = selector.select(table, small_need(), weights_of(row.mode), row.variant);
        CHECK(std::abs(selector.scores()[0] - row.high) < 5.1e-5);
        CHECK(std::abs(selector.scores()[1] - row.green) < 5.1e-5);
        CHECK(best->value() == (row.high > row.green ? 0 : 1));
    }
}

TEST_CASE("minmax weighs what it says: only time and carbon differ, so the larger of the two weights wins") {
    CHECK(chosen(weights_of(ScoreMode::kPerformance), ScoreVariant::kMinmax) == 0);
    CHECK(chosen(weights_of(ScoreMode::kBalanced), ScoreVariant::kMinmax) == 1);
    CHECK(chosen(weights_of(ScoreMode::kGreen), ScoreVariant::kMinmax) == 1);
    struct Row {
        ScoreMode mode;
        double high;
        double green;
    };
    for (const Row& row : {Row{ScoreMode::kPerformance, 0.95, 0.70}, Row{ScoreMode::kBalanced, 0.70, 0.85},
                           Row{ScoreMode::kGreen, 0.50, 0.90}}) {
        NodeSelector selector(2);
        const NodeTable table = paper_nodes();
        REQUIRE(selector.select(table, small_need(), weights_of(row.mode), ScoreVariant::kMinmax));
        CHECK(selector.scores()[0] == doctest::Approx(row.high));
        CHECK(selector.scores()[1] == doctest::Approx(row.green));
    }
}

TEST_CASE("all or nothing: fifty requests one after another all go to the same node under the printed score") {
    for (const auto& [mode, node] : {std::pair{ScoreMode::kPerformance, 0U}, std::pair{ScoreMode::kBalanced, 0U},
                                     std::pair{ScoreMode::kGreen, 1U}}) {
        NodeTable table = paper_nodes();
        NodeSelector selector(2);
        std::array<int, 2> uses{};
        for (int request = 0; request < 50; ++request) {
            const NodeIndex best = *selector.select(table, small_need(), weights_of(mode), ScoreVariant::kPaper);
            uses[best.value()] += 1;
            table.set_tasks(best, 1, 0.5);
            table.set_tasks(best, 0, 0);
        }
        CHECK(uses[node] == 50);
    }
}

TEST_CASE("walking the carbon weight from 0 to 1, the printed score switches once") {
    struct Row {
        ScoreMode base;
        double switch_at;
    };
    for (const Row& row :
         {Row{ScoreMode::kPerformance, 0.4267}, Row{ScoreMode::kBalanced, 0.3356}, Row{ScoreMode::kGreen, 0.3204}}) {
        CAPTURE(row.switch_at);
        int switches = 0;
        double at = -1;
        std::size_t last = chosen(with_carbon_weight(weights_of(row.base), 0), ScoreVariant::kPaper);
        CHECK(last == 0);
        for (int step = 1; step <= 100'000; ++step) {
            const double weight = step / 100'000.0;
            const std::size_t now = chosen(with_carbon_weight(weights_of(row.base), weight), ScoreVariant::kPaper);
            if (now != last) {
                ++switches;
                at = weight;
            }
            last = now;
        }
        CHECK(switches == 1);
        CHECK(last == 1);
        CHECK(std::abs(at - row.switch_at) < 1e-4);
    }
}

TEST_CASE("nodes above the load limit, without memory or too slow are skipped and the first wins ties") {
    NodeTable table(4);
    for (std::size_t n = 0; n < 4; ++n) table.set(NodeIndex(n), {1, 1e9, 0, 0.1, 0, 400, 10, 0.1, 0.1});
    NodeSelector selector(4);
    const ScoreWeights weights = weights_of(ScoreMode::kGreen);
    for (const ScoreVariant variant : {ScoreVariant::kPaper, ScoreVariant::kSi, ScoreVariant::kMinmax}) {
        CHECK(selector.select(table, {1, 1e6, 1}, weights, variant)->value() == 0);
    }
    table.set(NodeIndex(0), {1, 1e9, 0.81, 0.1, 0, 400, 10, 0.1, 0.1});
    table.set(NodeIndex(1), {1, 1e5, 0, 0.1, 0, 400, 10, 0.1, 0.1});
    table.set(NodeIndex(2), {1, 1e9, 0, 0.1, 0, 400, 10, 0.1, 2});
    for (const ScoreVariant variant : {ScoreVariant::kPaper, ScoreVariant::kSi, ScoreVariant::kMinmax}) {
        CHECK(selector.select(table, {1, 1e6, 1}, weights, variant)->value() == 3);
        CHECK(selector.scores()[0] == -1);
        CHECK_FALSE(selector.select(table, {1, 1e10, 1}, weights, variant).has_value());
    }
    table.set(NodeIndex(0), {1, 1e9, 0.8, 0.1, 0, 400, 10, 0.1, 0.1});  // the limit itself is allowed
    CHECK(selector.select(table, {1, 1e6, 1}, weights, ScoreVariant::kPaper).has_value());
    CHECK(selector.scores()[0] > 0);
}

TEST_CASE("the selector agrees with the formulas written out for one node at a time") {
    SeededRandom random(11);
    for (int round = 0; round < 200; ++round) {
        const std::size_t count = 1 + random.below(20);
        std::vector<NodeState> states;
        NodeTable table(count);
        for (std::size_t n = 0; n < count; ++n) {
            states.push_back({random.uniform(0.1, 2), random.uniform(1e8, 2e9), random.uniform(0, 1),
                              random.uniform(0, 1), static_cast<double>(random.below(4)), random.uniform(20, 700),
                              random.uniform(1, 200), random.uniform(0, 1), random.uniform(0, 1)});
            table.set(NodeIndex(n), states.back());
        }
        const TaskNeed need{random.uniform(0.2, 2), random.uniform(1e8, 1e9), random.uniform(0.3, 1)};
        const ScoreWeights w = weights_of(static_cast<ScoreMode>(random.below(3)));
        std::optional<std::size_t> best;
        double highest = 0;
        for (std::size_t n = 0; n < count; ++n) {
            const NodeState& s = states[n];
            if (s.load > 0.8 || s.memory_available_bytes < need.memory_bytes || s.latency_s > need.latency_limit_s) {
                continue;
            }
            const double resources = (std::min(1.0, s.cpus_available / need.cpus) +
                                      std::min(1.0, s.memory_available_bytes / need.memory_bytes)) /
                                     2;
            const double energy = s.power_watts * s.energy_time_s * 1000 / 3'600'000;
            const double score = w.resources * resources + w.load * (1 - s.load) +
                                 w.performance / (1 + s.average_time_s) + w.balance / (1 + 2 * s.tasks) +
                                 w.carbon / (1 + s.intensity * energy);
            if (score > highest) {
                highest = score;
                best = n;
            }
        }
        NodeSelector selector(count);
        const auto selected = selector.select(table, need, w, ScoreVariant::kPaper);
        CHECK(selected.has_value() == best.has_value());
        if (best && selected) CHECK(selected->value() == *best);
    }
}

TEST_CASE("unknown modes and variants list the valid ones") {
    CHECK_THROWS_WITH(parse_score_mode("gren"),
                      "unknown mode 'gren' (did you mean 'green'?); valid: performance, balanced, green");
    CHECK_THROWS_AS(parse_score_variant("kwh"), UsageError);
}

}  // namespace carbonedge
