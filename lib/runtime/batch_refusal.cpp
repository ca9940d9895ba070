#include "lib/runtime/batch_refusal.h"

#include "lib/model/model.h"
#include "lib/runtime/tensor_batch.h"
#include "lib/transport/clocks.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <cstring>

namespace carbonedge {
namespace {

std::vector<HostTensor> seeded_inputs(const StageRunner& runner, std::uint64_t seed) {
    std::vector<HostTensor> inputs;
    for (std::size_t i = 0; i < runner.input_specs().size(); ++i) {
        inputs.push_back(random_tensor(runner.input_specs()[i], seed + 100 * i));
    }
    return inputs;
}

std::vector<HostTensor> outputs_of(StageRunner& runner, const std::vector<TensorView>& inputs, std::size_t batch,
                                   PassTimes& times) {
    std::vector<HostTensor> outputs;
    const Nanoseconds start = now_monotonic();
    runner.run(inputs, [&](const std::vector<TensorView>& views) {
        times.record(batch, now_monotonic() - start);
        for (const TensorView& view : views) outputs.push_back(copy_of(view));
    });
    return outputs;
}

template <class Real>
bool are_close(const std::byte* expected, const std::byte* found, std::size_t size) {
    double low = INFINITY;
    double high = -INFINITY;
    double worst = 0;
    for (std::size_t at = 0; at < size; at += sizeof(Real)) {
        Real wanted = 0;
        Real given = 0;
        std::memcpy(&wanted, expected + at, sizeof(Real));
        std::memcpy(&given, found + at, sizeof(Real));
        low = std::min(low, static_cast<double>(wanted));
        high = std::max(high, static_cast<double>(wanted));
        const double difference = std::abs(static_cast<double>(wanted) - static_cast<double>(given));
        if (!(difference <= worst)) worst = difference;  // a NaN counts as the worst
    }
    return worst <= kEqualOutputs * (high - low) || worst == 0;
}

/// Other orders of summation are right, as for the outputs of a run.
bool are_equal(const TensorView& expected, const TensorView& found) {
    if (expected.dtype == DType::kFloat32) return are_close<float>(expected.content, found.content, expected.size);
    if (expected.dtype == DType::kFloat64) return are_close<double>(expected.content, found.content, expected.size);
    return std::memcmp(expected.content, found.content, expected.size) == 0;
}

std::string shape_refusal(const StageRunner& runner, const std::vector<HostTensor>& outputs) {
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const InputSpec& one = runner.output_specs().at(i);
        std::vector<std::int64_t> two = one.shape;
        if (!two.empty()) two.front() *= 2;
        if (two.empty() || outputs[i].shape != two) {
            return fmt::format(
                "output {} of one request is {}, of two together {}: the batch is built into the network", i,
                shape_text(one.shape), shape_text(outputs[i].shape));
        }
    }
    return "";
}

}  // namespace

std::string batch_refusal(StageRunner& runner, std::int64_t largest, PassTimes& times) {
    for (std::size_t i = 0; i < runner.input_specs().size(); ++i) {
        if (runner.input_specs()[i].shape.empty()) {
            return fmt::format("input {} is a single number, which has no dimension for a batch", i);
        }
    }
    const std::shared_ptr<BufferPool> pool = BufferPool::create();
    const std::vector<std::vector<HostTensor>> requests{seeded_inputs(runner, 1), seeded_inputs(runner, 2)};
    const std::vector<std::vector<TensorView>> views{views_of(requests[0]), views_of(requests[1])};
    const auto joined = [&](std::size_t count, std::shared_ptr<TensorBuffer>& owner) {
        std::vector<const std::vector<TensorView>*> members;
        for (std::size_t i = 0; i < count; ++i) members.push_back(&views[i % 2]);
        return joined_tensors(members, *pool, owner);
    };
    try {
        std::vector<std::vector<HostTensor>> alone;
        for (const std::vector<TensorView>& request : views) alone.push_back(outputs_of(runner, request, 1, times));
        std::shared_ptr<TensorBuffer> owner;
        PassTimes first;  // compiles, so its time is none to go by
        const std::vector<HostTensor> both = outputs_of(runner, joined(2, owner), 2, first);
        if (const std::string refusal = shape_refusal(runner, both); !refusal.empty()) return refusal;
        for (std::size_t request = 0; request < alone.size(); ++request) {
            const std::vector<TensorView> part = part_of(views_of(both), request, 2);
            for (std::size_t i = 0; i < part.size(); ++i) {
                if (are_equal(view_of(alone[request][i]), part[i])) continue;
                return fmt::format("output {} of a request is another in a batch of two than alone", i);
            }
        }
        for (const std::int64_t batch : {std::int64_t{2}, largest}) {
            const std::vector<TensorView> inputs = joined(static_cast<std::size_t>(batch), owner);
            outputs_of(runner, inputs, static_cast<std::size_t>(batch), first);
            outputs_of(runner, inputs, static_cast<std::size_t>(batch), times);
        }
    } catch (const std::exception& error) {
        return error.what();
    }
    return "";
}

}  // namespace carbonedge
