#include "lib/measure/sensors/mirrored_counters.h"

namespace carbonedge {

MirroredCounters::MirroredCounters(std::vector<std::string> groups, int evidence) : evidence_(evidence) {
    for (std::size_t second = 0; second < groups.size(); ++second) {
        for (std::size_t first = 0; first < second; ++first) {
            if (!groups[first].empty() && groups[first] == groups[second]) pairs_.push_back({first, second});
        }
    }
}

void MirroredCounters::observe(const std::vector<std::optional<std::uint64_t>>& values) {
    for (Pair& pair : pairs_) {
        const auto& first = values[pair.first];
        const auto& second = values[pair.second];
        // A counter at rest or at 0 says nothing: only a new value that both reached together does.
        if (!first || !second || *first == 0 || *first == pair.last_first) continue;
        pair.last_first = *first;
        ++(*first == *second ? pair.equal : pair.apart);
    }
}

std::optional<std::size_t> MirroredCounters::original_of(std::size_t counter) const {
    for (const Pair& pair : pairs_) {
        if (pair.second == counter && pair.equal >= evidence_ && pair.apart * 4 <= pair.equal) return pair.first;
    }
    return std::nullopt;
}

}  // namespace carbonedge
