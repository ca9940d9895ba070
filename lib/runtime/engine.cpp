#include "lib/runtime/engine.h"

#include "lib/base/errors.h"
#include "lib/runtime/stage_runner.h"

#include <fmt/format.h>
#include <algorithm>
#include <set>

namespace carbonedge {

RouteNumber Engine::open_route(const Pipeline& /*pipeline*/, const RouteUse& /*use*/, const std::stop_token& /*stop*/) {
    throw UsageError(
        fmt::format("the engine '{}' cannot change its pipelines while it runs; take --engine process", name()));
}

void Engine::close_route(RouteNumber /*route*/, Nanoseconds /*patience*/) {
    throw UsageError(
        fmt::format("the engine '{}' cannot change its pipelines while it runs; take --engine process", name()));
}

std::vector<std::string> Engine::nodes_started() const {
    std::vector<std::string> names;
    for (const EnforcedLimit& limit : limits()) names.push_back(limit.node);
    return names;
}

void Engine::on_change(std::function<void()> /*hear*/) {}

std::vector<std::string> with_threads(std::vector<std::string> environment, int threads) {
    for (const std::string name : {"OMP_NUM_THREADS=", "OPENBLAS_NUM_THREADS=", "MKL_NUM_THREADS="}) {
        std::erase_if(environment, [&name](const std::string& setting) { return setting.starts_with(name); });
        environment.push_back(name + std::to_string(threads));
    }
    return environment;
}

std::string stage_name(const LayerRange& layers) { return fmt::format("layers_{}_{}", layers.first, layers.end); }

LinkEmulation emulation_of(const Link& link) {
    return {link.latency > Nanoseconds(0) || link.bandwidth.value() > 0, link.latency, link.bandwidth};
}

std::string batch_refusal_line(const std::string& node, const std::string& stage, const LoadedStageSpecs& specs) {
    return fmt::format("stage '{}' of node '{}' takes single requests: {}", stage, node, specs.batch_refusal);
}

std::vector<EmulatedLink> emulated_links(const Plan& plan, const std::string& latency_by,
                                         const std::string& bandwidth_by) {
    std::vector<EmulatedLink> links;
    const auto add = [&](std::string_view from, std::string_view to) {
        const Link link = link_between(plan.cluster, from, to);
        const bool known = std::any_of(links.begin(), links.end(),
                                       [&](const EmulatedLink& other) { return other.from == from && other.to == to; });
        if (known || !emulation_of(link).active) return;
        EmulatedLink& added = links.emplace_back();
        added.from = from;
        added.to = to;
        added.latency = link.latency;
        added.bandwidth = link.bandwidth;
        if (link.latency > Nanoseconds(0)) added.latency_by = latency_by;
        if (link.bandwidth.value() > 0) added.bandwidth_by = bandwidth_by;
    };
    for (const Pipeline& pipeline : plan.pipelines) {
        std::string from(kGateway);
        for (const PlannedStage& stage : pipeline.stages) {
            add(from, stage.node);
            from = stage.node;
        }
        add(from, kGateway);
    }
    return links;
}

Bytes longest_message(const Plan& plan) {
    constexpr std::int64_t kSmallestBound = 1024 * 1024;
    std::int64_t longest = kSmallestBound;
    for (const Pipeline& pipeline : plan.pipelines) {
        for (const PlannedTransfer& transfer : pipeline.transfers) longest = std::max(longest, transfer.bytes.value());
    }
    return Bytes(longest);
}

std::vector<LayerRange> ranges_of(const Plan& plan, const std::string& node) {
    std::set<std::pair<std::size_t, std::size_t>> ranges;
    for (const Pipeline& pipeline : plan.pipelines) {
        for (const PlannedStage& stage : pipeline.stages) {
            if (node.empty() || stage.node == node) ranges.emplace(stage.layers.first, stage.layers.end);
        }
    }
    std::vector<LayerRange> ordered;
    for (const auto& [first, end] : ranges) ordered.push_back({first, end});
    return ordered;
}

PipelineEnds require_fit(const Plan& plan, const std::function<const LoadedStageSpecs&(const PlannedStage&)>& specs) {
    PipelineEnds ends;
    for (const Pipeline& pipeline : plan.pipelines) {
        const LoadedStageSpecs* previous = nullptr;
        for (const PlannedStage& stage : pipeline.stages) {
            const LoadedStageSpecs& loaded = specs(stage);
            if (previous != nullptr) {
                std::vector<TensorView> given;
                for (const InputSpec& spec : previous->outputs) {
                    given.push_back({spec.dtype, spec.shape, nullptr,
                                     static_cast<std::size_t>(tensor_bytes(spec.dtype, spec.shape).value())});
                }
                const std::string mismatch = describe_mismatch(loaded.inputs, given);
                if (!mismatch.empty()) {
                    throw InputError(stage_name(stage.layers), 0, "does not fit the stage before it: " + mismatch);
                }
            } else {
                ends.inputs = loaded.inputs;
            }
            previous = &loaded;
        }
        ends.outputs = previous->outputs;
    }
    return ends;
}

}  // namespace carbonedge
