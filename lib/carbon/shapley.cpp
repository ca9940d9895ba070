#include "lib/carbon/shapley.h"

#include <bit>
#include <cstddef>

namespace carbonedge {

std::vector<double> shapley_values(unsigned players, const std::function<double(std::uint32_t)>& worth) {
    const std::uint32_t coalitions = std::uint32_t{1} << players;
    std::vector<double> worths(coalitions);
    for (std::uint32_t coalition = 0; coalition < coalitions; ++coalition) worths[coalition] = worth(coalition);

    // weights[s] = s! (n - s - 1)! / n!: how likely a random order has exactly these s players before one given other.
    std::vector<double> weights(players);
    for (unsigned size = 0; size < players; ++size) {
        double weight = 1.0 / players;
        for (unsigned i = 1; i <= size; ++i) weight *= static_cast<double>(i) / (players - size - 1 + i);
        weights[size] = weight;
    }
    std::vector<double> shares(players, 0.0);
    for (unsigned player = 0; player < players; ++player) {
        const std::uint32_t self = std::uint32_t{1} << player;
        for (std::uint32_t coalition = 0; coalition < coalitions; ++coalition) {
            if ((coalition & self) != 0) continue;
            const auto size = static_cast<std::size_t>(std::popcount(coalition));
            shares[player] += weights[size] * (worths[coalition | self] - worths[coalition]);
        }
    }
    return shares;
}

}  // namespace carbonedge
