#include "lib/partition/partitioner.h"
#include "lib/base/errors.h"
#include "tests/support/random_problem.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <functional>

namespace carbonedge {
namespace {

/// Rows of given milliseconds; every value is 1 MB.
Profile chain(const std::vector<int>& milliseconds) {
    Profile profile;
    profile.input_values = {{0, Bytes(1'000'000)}};
    for (std::size_t l = 0; l < milliseconds.size(); ++l) {
        LayerProfile layer;
        layer.name = "row" + std::to_string(l);
        layer.inputs = {static_cast<std::int64_t>(l)};
        layer.outputs = {{static_cast<std::int64_t>(l + 1), Bytes(1'000'000)}};
        layer.latency_median = Nanoseconds(milliseconds[l] * 1'000'000);
        layer.parameters = 1;
        profile.layers.push_back(layer);
    }
    profile.output_values = {static_cast<std::int64_t>(milliseconds.size())};
    return profile;
}

std::vector<std::size_t> cuts_of(const Partition& partition) {
    std::vector<std::size_t> cuts;
    for (std::size_t s = 1; s < partition.stages.size(); ++s) cuts.push_back(partition.stages[s].first);
    return cuts;
}

using Cuts = std::vector<std::size_t>;

}  // namespace

TEST_CASE("capability shares of the published nodes") {
    Cluster cluster;
    cluster.nodes.resize(3);
    const double cpus[] = {1.0, 0.6, 0.4};
    const std::int64_t mib[] = {1024, 512, 512};
    for (std::size_t v = 0; v < 3; ++v) {
        cluster.nodes[v].cpus = cpus[v];
        cluster.nodes[v].memory = Bytes(mib[v] << 20);
    }
    const std::vector<double> shares = capability_shares(cluster);  // S = 1, .56, .44
    CHECK(shares[0] == doctest::Approx(0.5));
    CHECK(shares[1] == doctest::Approx(0.28));
    CHECK(shares[2] == doctest::Approx(0.22));
}

TEST_CASE("greedy, refined and optimal splits of known chains") {
    const std::vector<double> halves{0.5, 0.5};
    CHECK(cuts_of(split_profile(chain({1, 1, 1, 1}), {SplitMethod::kEqual, CostModel::kLatency, halves, {}})) ==
          Cuts{2});
    CHECK(cuts_of(split_profile(chain({9, 1, 1, 1}), {SplitMethod::kOptimal, CostModel::kLatency, halves, {}})) ==
          Cuts{1});
    // By parameters every row counts the same, whatever time it takes.
    CHECK(cuts_of(split_profile(chain({9, 1, 1, 1}), {SplitMethod::kOptimal, CostModel::kParameters, halves, {}})) ==
          Cuts{2});
    // The last stage is given a tenth of the work.
    CHECK(cuts_of(split_profile(chain({1, 1, 1, 1, 1, 1, 1, 1, 1, 1}),
                                {SplitMethod::kCapability, CostModel::kLatency, {0.5, 0.4, 0.1}, {}})) == Cuts{5, 9});
    // Of the splits with the least bottleneck (4) the most even one: 4|3|3, not 4|4|2.
    CHECK(cuts_of(split_profile(chain({4, 1, 1, 1, 1, 1, 1}),
                                {SplitMethod::kOptimal, CostModel::kLatency, {1.0 / 3, 1.0 / 3, 1.0 / 3}, {}})) ==
          Cuts{1, 4});
}

TEST_CASE("with a bandwidth the optimal split avoids a cut that ships too much") {
    Profile profile = chain({2, 2, 2, 2});
    profile.layers[1].outputs[0].bytes = Bytes(50'000'000);
    const SplitRequest free{SplitMethod::kOptimal, CostModel::kLatency, {0.5, 0.5}, {}};
    CHECK(cuts_of(split_profile(profile, free)) == Cuts{2});
    SplitRequest shipped = free;
    shipped.bandwidth = BytesPerSecond(1e9);  // 1 MB takes 1 ms, 50 MB 50 ms
    CHECK(cuts_of(split_profile(profile, shipped)) != Cuts{2});
    shipped.by = CostModel::kMacs;
    CHECK_THROWS_AS(split_profile(profile, shipped), UsageError);
}

TEST_CASE("the optimal split's bottleneck equals that of all splits tried, on 300 seeded profiles") {
    SeededRandom random(31);
    for (int round = 0; round < 300; ++round) {
        CAPTURE(round);
        RandomShape shape;
        shape.layers = 4 + random.below(6);
        shape.nodes = 1;
        const Profile profile = random_problem(random, shape).profiles[0];
        const std::vector<Cut> cuts = find_cuts(profile);
        std::vector<double> shares;
        double sum = 0;
        for (std::size_t s = 0; s < 1 + random.below(3); ++s) shares.push_back(random.uniform(0.2, 1));
        for (const double share : shares) sum += share;
        for (double& share : shares) share /= sum;
        const std::vector<double> costs = *row_costs(profile, CostModel::kLatency);
        double best = 1e300;
        std::vector<LayerRange> stages;
        const std::function<void(std::size_t)> grow = [&](std::size_t first) {
            if (stages.size() + 1 == shares.size()) {
                stages.push_back({first, shape.layers});
                best = std::min(best, imbalance(costs, stages, shares));
                stages.pop_back();
                return;
            }
            for (std::size_t cut = first + 1; cut < shape.layers; ++cut) {
                if (!cuts[cut].legal) continue;
                stages.push_back({first, cut});
                grow(cut);
                stages.pop_back();
            }
        };
        grow(0);
        const auto split = [&](SplitMethod method) {
            return split_profile(profile, {method, CostModel::kLatency, shares, {}});
        };
        if (best == 1e300) {
            CHECK_THROWS_AS(split(SplitMethod::kOptimal), UsageError);
            continue;
        }
        CHECK(imbalance(costs, split(SplitMethod::kOptimal).stages, shares) == doctest::Approx(best).epsilon(1e-9));
        for (const SplitMethod method : {SplitMethod::kEqual, SplitMethod::kCapability}) {
            const Partition partition = split(method);
            CHECK(imbalance(costs, partition.stages, shares) >= best - 1e-9);
            CHECK(partition.stages.front().first == 0);
            CHECK(partition.stages.back().end == shape.layers);
        }
    }
}

TEST_CASE("cuts that cannot be are refused with the reason") {
    Profile profile = chain({1, 1, 1});
    profile.layers[0].cut_after = false;
    profile.layers[0].cut_reason = "carries a list";
    CHECK_THROWS_WITH(split_at(profile, {1}), "--cuts: 1 is not legal: carries a list");
    CHECK_THROWS_AS(split_at(profile, {2, 2}), UsageError);
    CHECK_THROWS_AS(split_at(profile, {3}), UsageError);
    CHECK(split_at(profile, {2}).stages == std::vector<LayerRange>{{0, 2}, {2, 3}});
    CHECK_THROWS_WITH(split_profile(profile, {SplitMethod::kOptimal, CostModel::kLatency, {0.2, 0.3, 0.5}, {}}),
                      "3 stages need 2 cuts, this profile has 1 legal ones");
    CHECK_THROWS_AS(split_profile(profile, {SplitMethod::kOptimal, CostModel::kEnergy, {0.5, 0.5}, {}}), UsageError);
    CHECK_THROWS_AS(split_profile(profile, {SplitMethod::kOptimal, CostModel::kMacs, {0.5, 0.5}, {}}), UsageError);
}

}  // namespace carbonedge
