#include "lib/runtime/calibration.h"

#include "lib/base/errors.h"
#include "lib/runtime/builtin_stage.h"
#include "lib/runtime/load_generator.h"
#include "lib/runtime/session_stamp.h"
#include "lib/transport/line_fit.h"

#include <fmt/format.h>
#include <algorithm>
#include <fstream>

namespace carbonedge {
namespace {

constexpr Nanoseconds kImitatedLatency{1'000'000};
constexpr const char* kSender = "sender";
constexpr const char* kReceiver = "receiver";
/// What the stages exchange beside the message under test.
constexpr Bytes kToken{4};

InputSpec bytes_spec(Bytes size) {
    InputSpec spec;
    spec.name = "bytes";
    spec.dtype = DType::kUInt8;
    spec.shape = {size.value()};
    return spec;
}

double median(std::vector<double> numbers) {
    const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
    std::nth_element(numbers.begin(), middle, numbers.end());
    return *middle;
}

bool imitates_links(const Cluster& cluster) {
    bool imitates = emulation_of(cluster.default_link).active;
    for (const Link& link : cluster.links) imitates = imitates || emulation_of(link).active;
    return imitates;
}

/// A pipeline per size over the same two nodes; stage 2 i makes messages of size i, stage 2 i + 1 takes them.
Plan two_node_plan(bool imitate_links, const std::vector<Bytes>& sizes) {
    Plan plan;
    plan.name = "calibration";
    for (const char* name : {kSender, kReceiver}) {
        Node node;
        node.name = name;
        plan.cluster.nodes.push_back(node);
        plan.node_profile.push_back(0);
    }
    if (imitate_links) plan.cluster.default_link.latency = kImitatedLatency;
    plan.profiles.emplace_back();
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        Pipeline pipeline;
        pipeline.stages.resize(2);
        pipeline.stages[0].layers = {2 * i, 2 * i + 1};
        pipeline.stages[0].node = kSender;
        pipeline.stages[1].layers = {2 * i + 1, 2 * i + 2};
        pipeline.stages[1].node = kReceiver;
        pipeline.transfers.resize(3);
        pipeline.transfers[1].bytes = sizes[i];
        plan.pipelines.push_back(std::move(pipeline));
    }
    return plan;
}

WriteStage stage_writer(const CalibrationOptions& options) {
    return [&options](const LayerRange& layers, const std::string& path) {
        const Bytes size = options.sizes.at(layers.first / 2);
        const bool sends = layers.first % 2 == 0;
        BuiltinStage stage;
        stage.inputs = {bytes_spec(sends ? kToken : size)};
        stage.outputs = {bytes_spec(sends ? size : kToken)};
        stage.touch = options.touch;
        stage.burn = options.burn;
        std::ofstream(path, std::ios::binary) << builtin_stage_text(stage);
    };
}

TransportSample measure(ProcessEngine& engine, std::size_t pipeline, const CalibrationOptions& options,
                        Nanoseconds link, const std::stop_token& stop) {
    const RequestInputs inputs{{random_tensor(bytes_spec(kToken), 1)}};
    LoadGenerator generator(engine.gateway(), inputs);
    const LoadGenerator::Routing routing{[pipeline] { return pipeline; }, nullptr};
    generator.run(
        one_at_a_time(options.warm_up), routing, [](const Answer&, std::size_t) {}, stop);

    const Nanoseconds sender_before = engine.usage(kSender).cpu;
    const Nanoseconds receiver_before = engine.usage(kReceiver).cpu;
    Nanoseconds sender_compute{0};
    Nanoseconds receiver_compute{0};
    std::vector<double> hops;
    const LoadOutcome outcome = generator.run(
        one_at_a_time(options.requests), routing,
        [&](const Answer& answer, std::size_t) {
            if (!answer.record.ok) return;
            sender_compute += answer.record.stages.at(0).cpu;
            receiver_compute += answer.record.stages.at(1).cpu;
            const StageRecord& receiver = answer.record.stages[1];
            hops.push_back(static_cast<double>((receiver.transfer + receiver.queue - link).count()));
        },
        stop);
    if (outcome.interrupted || stop.stop_requested()) throw Interrupted();
    if (outcome.failed > 0) throw EnvironmentError("a calibration request failed: " + outcome.first_error, "try again");

    const auto each = [&](Nanoseconds total) {
        return static_cast<double>(total.count()) / static_cast<double>(options.requests);
    };
    return {options.sizes[pipeline], median(hops), each(engine.usage(kSender).cpu - sender_before - sender_compute),
            each(engine.usage(kReceiver).cpu - receiver_before - receiver_compute)};
}

std::vector<std::pair<double, double>> points_of(const std::vector<TransportSample>& samples,
                                                 double TransportSample::*quantity) {
    std::vector<std::pair<double, double>> points;
    for (const TransportSample& sample : samples) {
        points.emplace_back(static_cast<double>(sample.bytes.value()), sample.*quantity);
    }
    return points;
}

}  // namespace

Calibration calibrate_transport(const Cluster& cluster, const CalibrationOptions& options,
                                const std::function<void(std::size_t, std::size_t)>& progress,
                                const std::stop_token& stop) {
    const auto repetitions = static_cast<std::size_t>(std::max(options.repetitions, 1));
    std::vector<std::vector<TransportSample>> all(options.sizes.size());
    std::size_t done = 0;
    EngineOptions engine_options = options.engine;
    engine_options.impose_limits = false;
    const bool imitate = imitates_links(cluster);
    ProcessEngine engine(two_node_plan(imitate, options.sizes), stage_writer(options), engine_options, stop);
    const Nanoseconds link = imitate ? kImitatedLatency : Nanoseconds(0);
    for (std::size_t repetition = 0; repetition < repetitions; ++repetition) {
        for (std::size_t i = 0; i < options.sizes.size(); ++i) {
            all[i].push_back(measure(engine, i, options, link, stop));
            if (progress) progress(++done, repetitions * options.sizes.size());
        }
    }
    Calibration calibration;
    for (const std::vector<TransportSample>& same_size : all) {
        const auto middle = [&](double TransportSample::*quantity) {
            std::vector<double> numbers;
            for (const TransportSample& sample : same_size) numbers.push_back(sample.*quantity);
            return median(numbers);
        };
        calibration.samples.push_back({same_size.front().bytes, middle(&TransportSample::hop_ns),
                                       middle(&TransportSample::send_cpu_ns),
                                       middle(&TransportSample::receive_cpu_ns)});
    }
    const LineFit hop = fit_line(points_of(calibration.samples, &TransportSample::hop_ns));
    const LineFit send = fit_line(points_of(calibration.samples, &TransportSample::send_cpu_ns));
    const LineFit receive = fit_line(points_of(calibration.samples, &TransportSample::receive_cpu_ns));
    // Each of the two nodes takes one message and sends one; the fixed parts of both are halves of what it costs.
    const double fixed_cpu = (send.fixed + receive.fixed) / 2 / 2;
    calibration.cost = {hop.fixed,
                        hop.per_byte,
                        fixed_cpu,
                        send.per_byte,
                        fixed_cpu,
                        receive.per_byte,
                        fmt::format("calibrated {} on {}", date_stamp_utc(), machine_stamp())};
    return calibration;
}

}  // namespace carbonedge
