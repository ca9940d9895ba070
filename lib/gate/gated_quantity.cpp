#include "lib/gate/gated_quantity.h"

#include <fmt/format.h>
#include <array>

namespace carbonedge {
namespace {

struct MetricRow {
    GateMetric metric;
    std::string_view name;
    std::string_view unit;
};

constexpr std::array<MetricRow, 7> kMetrics{{{GateMetric::kLatency, "latency", "seconds"},
                                             {GateMetric::kCpuTime, "cpu_time", "seconds"},
                                             {GateMetric::kEnergy, "energy", "joules"},
                                             {GateMetric::kCarbon, "carbon", "gco2e"},
                                             {GateMetric::kSci, "sci", "gco2e"},
                                             {GateMetric::kBytes, "bytes", "bytes"},
                                             {GateMetric::kBottleneck, "bottleneck", "seconds"}}};
constexpr std::array<std::string_view, 3> kScopes{"total", "stage", "layer"};

constexpr std::array<GateMetric, kMetrics.size()> metrics_in_order() {
    std::array<GateMetric, kMetrics.size()> metrics{};
    for (std::size_t i = 0; i < kMetrics.size(); ++i) metrics[i] = kMetrics[i].metric;
    return metrics;
}
constexpr auto kAllMetrics = metrics_in_order();

}  // namespace

std::string_view gate_metric_name(GateMetric metric) { return kMetrics[static_cast<std::size_t>(metric)].name; }
std::string_view gate_metric_unit(GateMetric metric) { return kMetrics[static_cast<std::size_t>(metric)].unit; }

std::optional<GateMetric> find_gate_metric(std::string_view name) {
    for (const MetricRow& row : kMetrics) {
        if (row.name == name) return row.metric;
    }
    return std::nullopt;
}

std::span<const GateMetric> all_gate_metrics() { return kAllMetrics; }

std::string_view gate_scope_name(GateScope scope) { return kScopes[static_cast<std::size_t>(scope)]; }

std::optional<GateScope> find_gate_scope(std::string_view name) {
    for (std::size_t i = 0; i < kScopes.size(); ++i) {
        if (kScopes[i] == name) return static_cast<GateScope>(i);
    }
    return std::nullopt;
}

std::string quantity_text(const QuantityKey& key) {
    if (key.name.empty()) return std::string(gate_metric_name(key.metric));
    return fmt::format("{} of {} {}", gate_metric_name(key.metric), gate_scope_name(key.scope), key.name);
}

}  // namespace carbonedge
