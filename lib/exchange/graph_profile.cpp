#include "lib/exchange/graph_profile.h"

#include "lib/base/version.h"
#include "lib/exchange/running_total.h"

#include <algorithm>
#include <functional>
#include <queue>

namespace carbonedge {
namespace {

/// Bytes alive while each row runs: made and still to be read (the network's outputs to the end), its own output too.
std::vector<double> live_bytes(const std::vector<GraphRow>& rows, const std::vector<double>& input_bytes) {
    constexpr std::size_t kToTheEnd = static_cast<std::size_t>(-1);
    std::vector<std::size_t> last_reader_of_row(rows.size(), kToTheEnd);
    std::vector<std::size_t> last_reader_of_input(input_bytes.size(), 0);
    for (std::size_t r = 0; r < rows.size(); ++r) {
        for (const std::size_t producer : rows[r].producers) last_reader_of_row[producer] = r;
        for (const std::size_t input : rows[r].network_inputs) last_reader_of_input[input] = r;
    }
    std::vector<double> freed_after(rows.size(), 0.0);
    double live = 0;
    for (std::size_t i = 0; i < input_bytes.size(); ++i) {
        live += input_bytes[i];
        freed_after[last_reader_of_input[i]] += input_bytes[i];
    }
    for (std::size_t r = 0; r < rows.size(); ++r) {
        if (last_reader_of_row[r] != kToTheEnd) freed_after[last_reader_of_row[r]] += rows[r].output_bytes;
    }
    std::vector<double> peaks;
    for (std::size_t r = 0; r < rows.size(); ++r) {
        live += rows[r].output_bytes;
        peaks.push_back(std::max(live, 0.0));
        live -= freed_after[r];
    }
    return peaks;
}

}  // namespace

Profile graph_profile(const std::vector<GraphRow>& rows, const std::vector<double>& input_bytes,
                      const std::string& model, const std::string& machine) {
    Profile profile;
    profile.tool_version = std::string(version());
    profile.model_name = model;
    profile.machine = machine;
    profile.meter = "none";
    RunningTotal time;
    RunningTotal cpu;
    RunningTotal weights;
    RunningTotal values;
    RunningTotal peaks;
    RunningTotal parameters;
    const auto whole = [](double bytes) { return std::floor(bytes + 0.5); };
    for (std::size_t i = 0; i < input_bytes.size(); ++i) {
        profile.input_values.push_back({static_cast<std::int64_t>(i), Bytes(values.add(whole(input_bytes[i])))});
    }
    const std::vector<double> live = live_bytes(rows, input_bytes);
    std::vector<bool> is_read(rows.size(), false);
    for (std::size_t r = 0; r < rows.size(); ++r) {
        const GraphRow& from = rows[r];
        const auto id = static_cast<std::int64_t>(input_bytes.size() + r);
        const Nanoseconds figure(time.add(from.seconds * 1e9));
        LayerProfile row;
        row.name = from.name;
        row.type = from.type;
        for (const std::size_t input : from.network_inputs) row.inputs.push_back(static_cast<std::int64_t>(input));
        for (const std::size_t producer : from.producers) {
            row.inputs.push_back(static_cast<std::int64_t>(input_bytes.size() + producer));
            is_read[producer] = true;
        }
        row.outputs = {{id, Bytes(values.add(whole(from.output_bytes)))}};
        row.parameters = parameters.add(whole(from.parameters));
        row.weight_bytes = Bytes(weights.add(from.weight_bytes));
        row.activation_bytes = row.outputs.front().bytes;
        row.peak_bytes = Bytes(peaks.add(whole(live[r])));
        row.latency_median = row.latency_q1 = row.latency_q3 = row.latency_min = row.latency_mean = figure;
        row.samples = 1;
        row.cpu_mean = Nanoseconds(cpu.add(from.cpu_seconds * 1e9));
        profile.whole_median += figure;
        profile.whole_cpu_mean += row.cpu_mean;
        profile.layers.push_back(std::move(row));
    }
    profile.whole_mean = profile.whole_median;
    for (std::size_t r = 0; r < rows.size(); ++r) {
        if (!is_read[r]) profile.output_values.push_back(static_cast<std::int64_t>(input_bytes.size() + r));
    }
    return profile;
}

std::vector<std::size_t> topological_order(const std::vector<std::vector<std::size_t>>& producers) {
    std::vector<std::size_t> missing;
    std::vector<std::vector<std::size_t>> readers(producers.size());
    std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
    for (std::size_t r = 0; r < producers.size(); ++r) {
        missing.push_back(producers[r].size());
        for (const std::size_t producer : producers[r]) readers[producer].push_back(r);
        if (producers[r].empty()) ready.push(r);
    }
    std::vector<std::size_t> order;
    while (!ready.empty()) {
        const std::size_t next = ready.top();
        ready.pop();
        order.push_back(next);
        for (const std::size_t reader : readers[next]) {
            if (--missing[reader] == 0) ready.push(reader);
        }
    }
    return order;
}

}  // namespace carbonedge
