#pragma once

#include <compare>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace carbonedge {

/// What a gate can limit, each in SI units: seconds, seconds of CPU time, joules, gCO2e, gCO2e, bytes, seconds.
/// Smaller is better for all of them.
enum class GateMetric {
    kLatency,     ///< of one inference
    kCpuTime,     ///< of one inference, all threads
    kEnergy,      ///< joules of one inference
    kCarbon,      ///< grams of one inference
    kSci,         ///< (E * I + M) / R
    kBytes,       ///< sent between stages per inference (plans, runs); weights (profiles)
    kBottleneck,  ///< seconds between answers when busy: 1 / throughput
};

/// "latency", "cpu_time", "energy", "carbon", "sci", "bytes", "bottleneck": sections of a gate file.
std::string_view gate_metric_name(GateMetric metric);
/// "seconds", "joules", "gco2e", "bytes".
std::string_view gate_metric_unit(GateMetric metric);
std::optional<GateMetric> find_gate_metric(std::string_view name);
std::span<const GateMetric> all_gate_metrics();

enum class GateScope { kTotal, kStage, kLayer };
std::string_view gate_scope_name(GateScope scope);  ///< "total", "stage", "layer"
std::optional<GateScope> find_gate_scope(std::string_view name);

/// Which number: latency of the whole, joules of one layer.
struct QuantityKey {
    GateMetric metric = GateMetric::kLatency;
    GateScope scope = GateScope::kTotal;
    std::string name;  ///< of the stage or layer; "" for the total

    auto operator<=>(const QuantityKey&) const = default;
};

/// "latency", "latency of layer body".
std::string quantity_text(const QuantityKey& key);

}  // namespace carbonedge
