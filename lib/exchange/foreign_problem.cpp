#include "lib/exchange/foreign_problem.h"

#include "lib/base/version.h"
#include "lib/exchange/running_total.h"

namespace carbonedge {
Profile chain_profile(const std::vector<ForeignLayer>& layers, std::int64_t input_bytes, const std::string& model,
                      const std::string& machine) {
    Profile profile;
    profile.tool_version = std::string(version());
    profile.model_name = model;
    profile.machine = machine;
    profile.meter = "none";
    profile.input_values = {{0, Bytes(input_bytes)}};
    RunningTotal time;
    RunningTotal weights;
    RunningTotal messages;
    messages.add(static_cast<double>(input_bytes));
    for (const ForeignLayer& layer : layers) {
        const auto index = static_cast<std::int64_t>(profile.layers.size());
        const Nanoseconds figure(time.add(layer.seconds * 1e9));
        messages.add(static_cast<double>(layer.output_bytes));
        LayerProfile row;
        row.name = layer.name;
        row.type = "layer";
        row.inputs = {index};
        row.outputs = {{index + 1, Bytes(layer.output_bytes)}};
        row.weight_bytes = Bytes(weights.add(layer.weight_bytes));
        row.parameters = row.weight_bytes.value() / 4;  // float32, all that such planners know
        row.activation_bytes = Bytes(layer.output_bytes);
        row.latency_median = row.latency_q1 = row.latency_q3 = row.latency_min = row.latency_mean = figure;
        row.samples = 1;
        row.cpu_mean = figure;
        profile.whole_median += figure;
        profile.layers.push_back(std::move(row));
    }
    profile.whole_mean = profile.whole_cpu_mean = profile.whole_median;
    profile.output_values = {static_cast<std::int64_t>(layers.size())};
    return profile;
}

}  // namespace carbonedge
