#pragma once

#include "lib/runtime/batch_former.h"
#include "lib/runtime/link_sender.h"
#include "lib/runtime/stage_runner.h"
#include "lib/runtime/time_to_answer.h"
#include "lib/transport/frame_stream.h"
#include "lib/transport/tensor_buffer.h"

#include <atomic>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace carbonedge {

struct LoadedStage {
    std::string name;
    std::unique_ptr<StageRunner> runner;  ///< of the model thread
    std::vector<InputSpec> inputs;
    std::vector<InputSpec> outputs;
    std::string execution;
    BatchLimits batches;  ///< as asked for, or of single requests where the network does not take batches
    PassTimes times;      ///< of the model thread
};

/// A connection to the next node of some pipelines.
struct Hop {
    std::string address;
    std::atomic<bool> broken{false};
    std::unique_ptr<LinkSender> sender;
};

/// Where the frames of one pipeline go.
struct Route {
    std::shared_ptr<LoadedStage> stage;
    std::shared_ptr<Hop> next;
    TimeToAnswer to_answer;
};

/// A request that came for a stage.
struct StageRequest {
    ReceivedFrame frame;
    Route route;
    Nanoseconds deadline{0};  ///< of the frame's head, by this node's clock; 0: none
};

/// By when the pass over this request must have ended, were all that follows as fast as expected; 0: no deadline.
Nanoseconds ready_by(const StageRequest& request);

/// Runs stages over requests and hands the results on. Used by one thread, the node's model thread.
class StagePass {
public:
    /// `threads` of the model says which clock its CPU time is read from: with one thread its own is exact, more are
    /// seen by the process's clock alone. Heads carry the gateway's time; `clock_ahead` is how much more ours shows.
    StagePass(std::string node, int threads, std::shared_ptr<BufferPool> pool,
              std::function<Nanoseconds()> clock_ahead);

    [[nodiscard]] StageRequest request_of(ReceivedFrame frame, const Route& route) const;

    /// One forward pass over all of `members`, which are of one stage, and a frame on for each. Those that cannot make
    /// their deadline any more are dropped before it: their failure is passed on, marked. Where the pass over several
    /// fails each is tried alone, so that one cannot fail the others.
    void run(std::vector<StageRequest> members);

    /// Tells whoever comes next that this request has failed.
    void pass_failure(FrameHead head, const Route& route) const;

private:
    void run_together(std::vector<StageRequest>& members);
    void send_results(std::vector<StageRequest>& members, const std::vector<TensorView>& outputs, Nanoseconds start,
                      Nanoseconds cpu) const;
    /// What clocks are uncertain by must not make a transfer negative.
    [[nodiscard]] Nanoseconds ahead_for(const ReceivedFrame& frame) const;
    bool drop_hopeless(StageRequest& request, Nanoseconds now) const;

    std::string node_;
    clockid_t clock_;
    std::shared_ptr<BufferPool> pool_;
    std::function<Nanoseconds()> clock_ahead_;
};

}  // namespace carbonedge
