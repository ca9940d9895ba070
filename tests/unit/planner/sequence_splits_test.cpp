#include "lib/planner/sequence_splits.h"
#include "lib/base/random.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <numeric>

namespace carbonedge {
namespace {

struct BlockCase {
    std::vector<double> costs;
    Boundaries boundaries;
};

double greatest_block(const std::vector<double>& costs, const Boundaries& boundaries) {
    double greatest = 0;
    for (std::size_t b = 0; b + 1 < boundaries.size(); ++b) {
        double sum = 0;
        for (std::size_t i = boundaries[b]; i < boundaries[b + 1]; ++i) sum += costs[i];
        greatest = std::max(greatest, sum);
    }
    return greatest;
}

}  // namespace

TEST_CASE("block partition gives what torchgpipe's balancer gives") {
    // The first three are in torchgpipe's own tests and documentation; the others were computed with
    // torch.distributed.pipeline.sync._balance.blockpartition of PyTorch 1.13.1.
    const std::vector<BlockCase> cases{
        {{1, 2, 3, 4, 5, 6}, {0, 4, 6}},
        {{1, 2, 3, 4, 5, 6}, {0, 3, 5, 6}},
        {{0, 0}, {0, 1, 2}},
        {{5, 1, 1, 1, 9, 2, 2, 7}, {0, 2, 5, 8}},
        {{0.604, 0.81, 0.289, 1.794, 1.091, 0.534, 1.895}, {0, 4, 7}},
        {{0.417, 15.44, 1.739, 1.012, 0.951, 1.124, 5.156, 1.025, 1.347}, {0, 3, 6, 9}},
        {{0.433, 0.445, 0.928, 0.829, 1.37, 0.376, 0.498, 0.377, 3.264, 0.51, 0.36, 0.313}, {0, 3, 6, 8, 12}},
        {{0.067, 3.113, 0.645, 0.895, 2.146, 0.671, 4.198, 1.429, 0.213, 0.252,
          2.215, 4.963, 0.472, 0.253, 3.104, 0.34,  0.572, 5.416, 4.094, 7.3},
         {0, 4, 8, 12, 18, 20}},
        {{7.062, 0.989, 0.442, 4.209, 3.14,  2.329, 1.353, 1.713, 11.581, 4.231, 2.256, 1.552, 0.902, 1.373, 4.936,
          0.378, 2.618, 1.128, 2.046, 0.411, 0.175, 3.88,  0.451, 1.663,  2.256, 0.126, 0.517, 0.521, 0.985, 2.114},
         {0, 8, 16, 30}},
        {{0.492, 0.922, 0.971, 0.349, 2.174, 0.528, 0.081, 3.566, 0.891, 2.073, 1.378, 1.905, 2.998, 1.222,
          1.257, 0.073, 0.204, 0.654, 1.331, 7.698, 0.152, 3.257, 3.315, 0.669, 0.654, 0.451, 0.752, 2.139,
          0.857, 0.307, 2.365, 1.285, 1.296, 0.389, 0.453, 1.983, 2.91,  1.051, 0.699, 3.632},
         {0, 5, 10, 15, 20, 25, 30, 35, 40}},
    };
    for (const BlockCase& each : cases) {
        CAPTURE(each.costs.size());
        CHECK(block_partition(each.costs, each.boundaries.size() - 1) == each.boundaries);
    }
}

TEST_CASE("block partition leaves no block more than the greatest element above another") {
    SeededRandom random(7);
    for (int round = 0; round < 300; ++round) {
        std::vector<double> costs(2 + random.below(60));
        for (double& cost : costs) cost = random.below(4) == 0 ? 0.0 : random.uniform();
        const std::size_t blocks = 1 + random.below(costs.size());
        const Boundaries boundaries = block_partition(costs, blocks);
        REQUIRE(boundaries.size() == blocks + 1);
        CHECK(std::is_sorted(boundaries.begin(), boundaries.end()));
        CHECK(boundaries.front() == 0);
        CHECK(boundaries.back() == costs.size());
        const double low = *std::min_element(costs.begin(), costs.end());
        const double range = *std::max_element(costs.begin(), costs.end()) - low;
        std::vector<double> sums;
        for (std::size_t b = 0; b < blocks; ++b) {
            double sum = 0;
            for (std::size_t i = boundaries[b]; i < boundaries[b + 1]; ++i) sum += costs[i] - low;
            sums.push_back(sum);
        }
        CHECK(*std::max_element(sums.begin(), sums.end()) <=
              *std::min_element(sums.begin(), sums.end()) + range * (1 + 1e-9));
    }
}

TEST_CASE("PipeDream's program by hand: transfers that are dear move or spare a cut") {
    const std::vector<double> times{1, 2, 3, 4};
    CHECK(pipedream_split(times, {0, 0, 0, 0}, 2) == Boundaries{0, 3, 4});     // 6 | 4
    CHECK(pipedream_split(times, {0, 0, 0, 9}, 2) == Boundaries{0, 2, 4});     // 3 | 7 beats 9
    CHECK(pipedream_split(times, {0, 20, 20, 20}, 4) == Boundaries{0, 4});     // one machine: 10
    CHECK(pipedream_split(times, {0, 0, 0, 0}, 3) == Boundaries{0, 2, 3, 4});  // 3 | 3 | 4
    CHECK(pipedream_split(times, {0, 0, 0, 0}, 4) == Boundaries{0, 2, 3, 4});  // a fourth machine cannot help
}

TEST_CASE("property: PipeDream's program attains the least bottleneck of identical machines") {
    SeededRandom random(11);
    for (int round = 0; round < 200; ++round) {
        const std::size_t count = 1 + random.below(9);
        std::vector<double> times(count);
        std::vector<double> transfers(count);
        for (double& time : times) time = random.uniform();
        for (double& transfer : transfers) transfer = random.uniform();
        const std::size_t machines = 1 + random.below(count);
        const auto bottleneck = [&](const Boundaries& boundaries) {
            double slowest = greatest_block(times, boundaries);
            for (std::size_t b = 1; b + 1 < boundaries.size(); ++b) {
                slowest = std::max(slowest, transfers[boundaries[b]]);
            }
            return slowest;
        };
        double least = 1e300;
        for (unsigned mask = 0; mask < 1U << (count - 1); ++mask) {
            Boundaries boundaries{0};
            for (std::size_t k = 1; k < count; ++k) {
                if ((mask >> (k - 1) & 1U) != 0) boundaries.push_back(k);
            }
            boundaries.push_back(count);
            if (boundaries.size() - 1 <= machines) least = std::min(least, bottleneck(boundaries));
        }
        CHECK(bottleneck(pipedream_split(times, transfers, machines)) == doctest::Approx(least).epsilon(1e-12));
    }
}

TEST_CASE("rows in proportion to memory, as exo's own tests have them") {
    CHECK(memory_weighted_split(32, {3, 2, 2}) == Boundaries{0, 13, 22, 32});
    CHECK(memory_weighted_split(32, {1, 1, 8}) == Boundaries{0, 3, 6, 32});
    CHECK(memory_weighted_split(10, {6000, 3000, 1000}) == Boundaries{0, 6, 9, 10});
    CHECK(memory_weighted_split(3, {100, 1, 1}) == Boundaries{0, 2, 2, 3});  // a node of too little memory gets nothing
    CHECK(memory_weighted_split(8, {0, 0}) == Boundaries{0, 4, 8});
}

}  // namespace carbonedge
