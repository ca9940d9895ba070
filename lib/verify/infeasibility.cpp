#include "lib/verify/infeasibility.h"

#include "lib/units/text.h"
#include "lib/verify/bound_proof.h"
#include "lib/verify/recompute.h"
#include "lib/verify/stage_table.h"

#include <fmt/format.h>
#include <algorithm>
#include <functional>
#include <optional>

namespace carbonedge {
namespace {

constexpr double kRoom = 1e-9;

/// Layers between two neighbouring cuts that are in no allowed stage of any node.
std::optional<std::string> homeless_layers(const Plan& problem, const Recomputer& recomputer, const StageTable& table) {
    const std::vector<std::size_t>& positions = table.positions();
    for (std::size_t cut = 0; cut + 1 < positions.size(); ++cut) {
        bool allowed = false;
        for (std::size_t v = 0; v < table.nodes() && !allowed; ++v) {
            for (std::size_t from = 0; from <= cut && !allowed; ++from) {
                for (std::size_t to = cut + 1; to < positions.size() && !allowed; ++to) {
                    allowed = table.time(table.at(v, from, to)) < kNever;
                }
            }
        }
        if (allowed) continue;
        const std::size_t first = positions[cut];
        const std::size_t last = positions[cut + 1] - 1;
        const std::vector<LayerProfile>& layers = problem.profiles.front().layers;
        std::string text = fmt::format("no node may run layer {} ({})", first, layers[first].name);
        if (first < last) {
            text = fmt::format("no node may run layers {}-{} ({} to {}), which no cut parts", first, last,
                               layers[first].name, layers[last].name);
        }
        bool by_memory = true;
        double least = kNever;
        for (std::size_t v = 0; v < table.nodes(); ++v) {
            const auto room = static_cast<double>(problem.cluster.nodes[v].memory.value());
            for (std::size_t from = 0; from <= cut; ++from) {
                recomputer.stages_from(v, positions[from], [&](std::size_t end, const RecomputedStage& stage) {
                    if (end <= last) return true;
                    least = std::min(least, stage.memory_bytes);
                    by_memory = by_memory && stage.memory_bytes > room;
                    return true;
                });
            }
        }
        if (by_memory) {
            text += fmt::format("; it takes {} or more, which is more than any node has",
                                bytes_text(Bytes(static_cast<std::int64_t>(least))));
        }
        return text;
    }
    return std::nullopt;
}

/// What the nodes can hold together against what the weights take.
std::optional<std::string> too_little_memory(const Plan& problem) {
    std::vector<double> room;
    double weights = 0;
    for (const LayerProfile& layer : problem.profiles.front().layers) {
        weights += static_cast<double>(layer.weight_bytes.value());
    }
    for (std::size_t v = 0; v < problem.cluster.nodes.size(); ++v) {
        const Profile& profile = problem.profiles[static_cast<std::size_t>(problem.node_profile[v])];
        double own = 0;
        double peak = 0;
        for (const LayerProfile& layer : profile.layers) {
            own += static_cast<double>(layer.weight_bytes.value());
            peak = std::max(peak, static_cast<double>(layer.peak_bytes.value()));
        }
        if (own < weights) return std::nullopt;  // rows of its own: not the same weights
        const auto base = static_cast<double>(profile.runtime_base_bytes.value());
        const double loaded = static_cast<double>(profile.load_peak_bytes.value()) - base - peak;
        const double factor = own > 0 ? std::max(1.0, loaded / own) : 1.0;
        room.push_back(std::max(0.0, static_cast<double>(problem.cluster.nodes[v].memory.value()) - base) / factor);
    }
    std::sort(room.begin(), room.end(), std::greater<>());
    const std::size_t used = std::min(room.size(), problem.limits.max_nodes.value_or(room.size()));
    double all = 0;
    for (std::size_t v = 0; v < used; ++v) all += room[v];
    if (weights <= all * (1 + kRoom)) return std::nullopt;
    return fmt::format("the weights take {}, {} can hold {} of them together",
                       bytes_text(Bytes(static_cast<std::int64_t>(weights))),
                       used < room.size() ? fmt::format("the {} roomiest nodes", used) : std::string("all nodes"),
                       bytes_text(Bytes(static_cast<std::int64_t>(all))));
}

}  // namespace

std::vector<std::string> infeasibility_proofs(const Plan& problem) {
    const Recomputer recomputer(problem);
    const StageTable table(problem, recomputer, StageTable::Keep::kAll);
    std::vector<std::string> proofs;
    if (const auto layers = homeless_layers(problem, recomputer, table)) proofs.push_back(*layers);
    if (const auto memory = too_little_memory(problem)) proofs.push_back(*memory);
    if (!proofs.empty()) return proofs;
    const double least = least_relaxed_time(table);
    if (least >= kNever) {
        proofs.emplace_back(
            "no chain of allowed stages and transfers covers the layers, even if nodes could be used again");
        return proofs;
    }
    for (const auto& [name, limit] : {std::pair("mean latency", problem.limits.latency_mean),
                                      std::pair("p95 latency", problem.limits.latency_p95)}) {
        if (!limit || least <= to_seconds(*limit).count() * (1 + kRoom)) continue;
        proofs.push_back(
            fmt::format("no request takes less than {}, even if nodes could be used again; the limit of the {} is {}",
                        duration_text(Seconds(least)), name, duration_text(to_seconds(*limit))));
    }
    return proofs;
}

}  // namespace carbonedge
