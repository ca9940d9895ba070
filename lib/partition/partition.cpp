#include "lib/partition/partition.h"

#include <algorithm>
#include <unordered_map>

namespace carbonedge {
namespace {

/// Where a value lives: it crosses every cut in [made, last_read].
struct Lifetime {
    std::size_t made = 0;
    std::size_t last_read = 0;
    bool read = false;
    Bytes bytes;
};

using Lifetimes = std::unordered_map<std::int64_t, Lifetime>;

Lifetimes find_lifetimes(const Profile& profile) {
    Lifetimes values;
    for (const ValueRef& input : profile.input_values) values[input.id] = {0, 0, false, input.bytes};
    const auto read_at = [&values](std::int64_t id, std::size_t cut) {
        const auto value = values.find(id);
        if (value == values.end()) return;
        value->second.read = true;
        value->second.last_read = std::max(value->second.last_read, cut);
    };
    for (std::size_t i = 0; i < profile.layers.size(); ++i) {
        for (const std::int64_t id : profile.layers[i].inputs) read_at(id, i);
        for (const ValueRef& output : profile.layers[i].outputs) values[output.id] = {i + 1, 0, false, output.bytes};
    }
    for (const std::int64_t id : profile.output_values) read_at(id, profile.layers.size());
    return values;
}

}  // namespace

std::vector<Cut> find_cuts(const Profile& profile) {
    std::vector<Cut> cuts(profile.layers.size() + 1);
    for (std::size_t p = 0; p < cuts.size(); ++p) {
        cuts[p].position = p;
        const bool inside = p > 0 && p < profile.layers.size();
        if (inside && !profile.layers[p - 1].cut_after) {
            cuts[p].legal = false;
            cuts[p].reason = profile.layers[p - 1].cut_reason;
        }
    }
    for (const auto& [id, value] : find_lifetimes(profile)) {
        if (!value.read) continue;
        for (std::size_t p = value.made; p <= value.last_read; ++p) {
            cuts[p].values.push_back(id);
            cuts[p].bytes += value.bytes;
        }
    }
    for (Cut& cut : cuts) std::sort(cut.values.begin(), cut.values.end());
    return cuts;
}

}  // namespace carbonedge
