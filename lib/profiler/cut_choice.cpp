#include "lib/profiler/cut_choice.h"

#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

bool at_position(const std::vector<Cut>& cuts, std::size_t position) {
    return std::any_of(cuts.begin(), cuts.end(), [&](const Cut& cut) { return cut.position == position; });
}

/// `count` of `cuts` at even steps, the first and the last among them.
std::vector<Cut> even_steps(const std::vector<Cut>& cuts, std::size_t count) {
    if (count >= cuts.size()) return cuts;
    std::vector<Cut> chosen;
    for (std::size_t i = 0; i < count; ++i) {
        chosen.push_back(cuts[count == 1 ? cuts.size() / 2 : i * (cuts.size() - 1) / (count - 1)]);
    }
    return chosen;
}

bool by_position(const Cut& left, const Cut& right) { return left.position < right.position; }

}  // namespace

std::vector<Cut> inner_legal_cuts(const Profile& profile) {
    std::vector<Cut> legal;
    for (const Cut& cut : find_cuts(profile)) {
        if (cut.legal && cut.position > 0 && cut.position < profile.layers.size()) legal.push_back(cut);
    }
    return legal;
}

std::vector<Cut> spread_by_bytes(const std::vector<Cut>& cuts, std::size_t count) {
    std::vector<Cut> ordered = cuts;
    std::stable_sort(ordered.begin(), ordered.end(),
                     [](const Cut& left, const Cut& right) { return left.bytes < right.bytes; });
    std::vector<Cut> chosen = even_steps(ordered, count);
    std::sort(chosen.begin(), chosen.end(), by_position);
    return chosen;
}

std::vector<Cut> spread_by_position(const std::vector<Cut>& cuts, std::size_t count, const std::vector<Cut>& without) {
    std::vector<Cut> fresh;
    for (const Cut& cut : cuts) {
        if (!at_position(without, cut.position)) fresh.push_back(cut);
    }
    return even_steps(fresh.size() >= std::min(count, cuts.size()) ? fresh : cuts, count);
}

std::vector<LayerRange> balanced_stages(const Profile& profile, const std::vector<Cut>& cuts, std::size_t stages) {
    std::vector<double> until{0};
    for (const LayerProfile& layer : profile.layers) {
        until.push_back(until.back() + static_cast<double>(layer.latency_median.count()));
    }
    std::vector<LayerRange> ranges;
    std::size_t first = 0;
    for (std::size_t i = 1; i < stages; ++i) {
        const double wanted = until.back() * static_cast<double>(i) / static_cast<double>(stages);
        const Cut* nearest = nullptr;
        for (const Cut& cut : cuts) {
            if (cut.position <= first) continue;
            if (nearest == nullptr ||
                std::abs(until[cut.position] - wanted) < std::abs(until[nearest->position] - wanted)) {
                nearest = &cut;
            }
        }
        if (nearest == nullptr) break;
        ranges.push_back({first, nearest->position});
        first = nearest->position;
    }
    ranges.push_back({first, profile.layers.size()});
    return ranges;
}

}  // namespace carbonedge
