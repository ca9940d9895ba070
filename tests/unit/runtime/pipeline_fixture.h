#pragma once

#include "lib/runtime/builtin_stage.h"
#include "lib/runtime/control_client.h"
#include "lib/runtime/gateway.h"
#include "lib/runtime/node_server.h"
#include "lib/transport/clocks.h"
#include "tests/support/temporary_folder.h"

#include <fstream>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace carbonedge {

/// Nodes and a gateway in this process: everything but the processes themselves.
class InProcessPipeline {
public:
    /// One node a stage, in one pipeline, without imitated links.
    explicit InProcessPipeline(const std::vector<BuiltinStage>& stages, Nanoseconds timeout = std::chrono::seconds(30),
                               const BatchLimits& batches = {}, const TimeToAnswer& to_answer = {})
        : gateway_("unix:" + folder_.file("gateway.tensors"), Bytes(64 << 20), timeout) {
        for (std::size_t i = 0; i < stages.size(); ++i) {
            NodeOptions options;
            options.name = "n" + std::to_string(i);
            options.directory = folder_.path().string();
            options.warn = [this](const std::string& line) {
                const std::lock_guard lock(mutex_);
                warnings_.push_back(line);
            };
            nodes_.push_back(std::make_unique<NodeServer>(options, loader_));
            controls_.emplace_back(options.name, nodes_.back()->control_path());
            const std::string path = folder_.file(options.name + ".stage");
            std::ofstream(path, std::ios::binary) << builtin_stage_text(stages[i]);
            specs_.push_back(controls_.back().load_stage("s" + std::to_string(i), path, true, kTimeout, {}, batches));
        }
        for (std::size_t i = 0; i < stages.size(); ++i) {
            const bool last = i + 1 == stages.size();
            const NextHop next{last ? "gateway" : "n" + std::to_string(i + 1),
                               last ? gateway_.address() : nodes_[i + 1]->tensors_address(),
                               {},
                               false,
                               to_answer};
            controls_[i].set_route(0, "s" + std::to_string(i), next, kTimeout, {});
        }
        gateway_.connect(0, {"n0", nodes_.front()->tensors_address(), {}, {}});
    }

    ~InProcessPipeline() {
        // Upstream first, so that nobody sends to a node that has gone.
        for (auto& node : nodes_) node.reset();
    }

    Answer ask(const std::vector<HostTensor>& inputs) {
        auto promise = std::make_shared<std::promise<Answer>>();
        gateway_.submit(0, views_of(inputs), nullptr, now_monotonic(),
                        [promise](Answer answer) { promise->set_value(std::move(answer)); });
        return promise->get_future().get();
    }

    Gateway& gateway() { return gateway_; }
    NodeServer& node(std::size_t i) { return *nodes_.at(i); }
    ControlClient& control(std::size_t i) { return controls_.at(i); }
    const LoadedStageSpecs& specs(std::size_t i) const { return specs_.at(i); }
    const TemporaryFolder& folder() const { return folder_; }
    std::vector<std::string> warnings() {
        const std::lock_guard lock(mutex_);
        return warnings_;
    }

    static constexpr Nanoseconds kTimeout = std::chrono::seconds(30);

private:
    TemporaryFolder folder_;
    BuiltinLoader loader_;
    std::mutex mutex_;
    std::vector<std::string> warnings_;
    Gateway gateway_;
    std::vector<std::unique_ptr<NodeServer>> nodes_;
    std::vector<ControlClient> controls_;
    std::vector<LoadedStageSpecs> specs_;
};

/// A chain whose outputs depend on the order of its stages.
inline std::vector<BuiltinStage> chain_of(std::size_t length) {
    std::vector<BuiltinStage> stages(length);
    for (std::size_t i = 0; i < length; ++i) {
        const std::string size = std::to_string(1000 * (i + 1));
        const std::string next = std::to_string(1000 * (i + 2));
        stages[i].inputs = {parse_input_spec("x=" + size + ":uint8"), parse_input_spec("y=2x3:float32")};
        stages[i].outputs = {parse_input_spec("x=" + next + ":uint8"), parse_input_spec("y=2x3:float32")};
        stages[i].multiply = static_cast<int>(2 * i + 3);
        stages[i].add = static_cast<int>(i + 1);
    }
    return stages;
}

inline std::vector<HostTensor> inputs_of(const BuiltinStage& stage, std::uint64_t seed) {
    std::vector<HostTensor> inputs;
    for (InputSpec spec : stage.inputs) {
        if (spec.dtype == DType::kUInt8) spec.high = 256;
        inputs.push_back(random_tensor(spec, seed));
    }
    return inputs;
}

}  // namespace carbonedge
