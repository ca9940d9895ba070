#include "lib/runtime/stage_pass.h"

#include "lib/runtime/tensor_batch.h"
#include "lib/transport/clocks.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>

namespace carbonedge {

Nanoseconds ready_by(const StageRequest& request) {
    if (request.deadline.count() == 0) return request.deadline;
    return std::max(request.deadline - request.route.to_answer.expected, Nanoseconds(1));
}

StagePass::StagePass(std::string node, int threads, std::shared_ptr<BufferPool> pool,
                     std::function<Nanoseconds()> clock_ahead)
    : node_(std::move(node)),
      clock_(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_PROCESS_CPUTIME_ID),
      pool_(std::move(pool)),
      clock_ahead_(std::move(clock_ahead)) {}

StageRequest StagePass::request_of(ReceivedFrame frame, const Route& route) const {
    const Nanoseconds deadline = frame.head.deadline;
    return {std::move(frame), route, deadline.count() == 0 ? deadline : deadline + clock_ahead_()};
}

void StagePass::pass_failure(FrameHead head, const Route& route) const {
    const Nanoseconds ahead = clock_ahead_();
    head.tensors.clear();
    head.serialise = Nanoseconds(0);
    head.handed_over = now_monotonic() - ahead;
    route.next->sender->send(std::move(head), {}, nullptr, ahead);
}

Nanoseconds StagePass::ahead_for(const ReceivedFrame& frame) const {
    return std::min(clock_ahead_(), frame.received - frame.head.handed_over);
}

bool StagePass::drop_hopeless(StageRequest& request, Nanoseconds now) const {
    FrameHead& head = request.frame.head;
    if (request.deadline.count() == 0) return false;
    const Nanoseconds needed = request.route.stage->times.least() + request.route.to_answer.least;
    if (now + needed <= request.deadline) return false;
    // What it took to come here is told, so that its time and bytes are accounted.
    StageRecord record;
    record.node = node_;
    record.transfer = request.frame.received - ahead_for(request.frame) - head.handed_over;
    record.serialise = std::clamp(head.serialise, Nanoseconds(0), std::max(record.transfer, Nanoseconds(0)));
    head.serialise = Nanoseconds(0);
    record.queue = now - request.frame.received;
    for (const TensorView& tensor : request.frame.tensors) {
        record.input_bytes += Bytes(static_cast<std::int64_t>(tensor.size));
    }
    head.stages.push_back(record);
    head.dropped = true;
    head.error = fmt::format("dropped at node '{}': {} were left before its deadline, {} are needed", node_,
                             duration_text(to_seconds(std::max(request.deadline - now, Nanoseconds(0)))),
                             duration_text(to_seconds(needed)));
    pass_failure(std::move(head), request.route);
    return true;
}

void StagePass::run(std::vector<StageRequest> members) {
    const Nanoseconds now = now_monotonic();
    std::erase_if(members, [&](StageRequest& request) { return drop_hopeless(request, now); });
    if (members.empty()) return;
    try {
        run_together(members);
    } catch (const std::exception& error) {
        if (members.size() == 1) {
            FrameHead& head = members.front().frame.head;
            head.error = fmt::format("node '{}': {}", node_, error.what());
            pass_failure(std::move(head), members.front().route);
            return;
        }
        for (StageRequest& request : members) {
            std::vector<StageRequest> alone;
            alone.push_back(std::move(request));
            run(std::move(alone));
        }
    }
}

void StagePass::run_together(std::vector<StageRequest>& members) {
    const Nanoseconds start = now_monotonic();
    const Nanoseconds cpu_start = read_clock(clock_);
    std::vector<const std::vector<TensorView>*> requests;
    for (const StageRequest& request : members) requests.push_back(&request.frame.tensors);
    std::shared_ptr<TensorBuffer> joined;
    const std::vector<TensorView> inputs =
        members.size() == 1 ? members.front().frame.tensors : joined_tensors(requests, *pool_, joined);
    LoadedStage& stage = *members.front().route.stage;
    stage.runner->run(inputs, [&](const std::vector<TensorView>& outputs) {
        send_results(members, outputs, start, read_clock(clock_) - cpu_start);
    });
}

void StagePass::send_results(std::vector<StageRequest>& members, const std::vector<TensorView>& outputs,
                             Nanoseconds start, Nanoseconds cpu) const {
    const auto count = static_cast<std::int64_t>(members.size());
    const Nanoseconds end = now_monotonic();
    members.front().route.stage->times.record(members.size(), end - start);
    for (std::size_t i = 0; i < members.size(); ++i) {
        const ReceivedFrame& frame = members[i].frame;
        FrameHead head = frame.head;
        StageRecord record;
        record.node = node_;
        const Nanoseconds ahead = ahead_for(frame);
        record.transfer = frame.received - ahead - head.handed_over;
        record.serialise = std::clamp(head.serialise, Nanoseconds(0), std::max(record.transfer, Nanoseconds(0)));
        head.serialise = Nanoseconds(0);
        record.queue = start - frame.received;
        record.compute = end - start;
        record.batch = count;
        // The shares add up to the whole.
        record.cpu = cpu * static_cast<std::int64_t>(i + 1) / count - cpu * static_cast<std::int64_t>(i) / count;
        for (const TensorView& tensor : frame.tensors)
            record.input_bytes += Bytes(static_cast<std::int64_t>(tensor.size));
        head.handed_over = end - ahead;
        head.tensors.clear();
        const std::vector<TensorView> own = part_of(outputs, i, members.size());
        for (const TensorView& output : own) {
            record.output_bytes += Bytes(static_cast<std::int64_t>(output.size));
            head.tensors.push_back({output.dtype, output.shape, static_cast<std::int64_t>(output.size)});
        }
        head.stages.push_back(record);
        members[i].route.next->sender->send(std::move(head), own, nullptr, ahead);
    }
}

}  // namespace carbonedge
