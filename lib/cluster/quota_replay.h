#pragma once

#include "lib/units/quantity.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace carbonedge {

/// A node's CPU bandwidth as the kernel enforces it: every `period` it may use `cpus * period` of CPU time, what is not
/// used is lost, and whoever has used it up waits for the next period.
struct QuotaNode {
    double cpus = 1.0;
    Seconds period{0.1};
};

/// One stage of a replayed pipeline: it keeps its node for `busy` of wall time and draws `cpu` of CPU time evenly over
/// it (cpu / busy may exceed the node's cpus where it has more threads than cpus).
struct ReplayStage {
    std::size_t node = 0;  ///< index into the replayed nodes
    Seconds busy{0};
    Seconds cpu{0};
};

/// Stages in order and the times of the legs before, between and after them (stages.size() + 1).
struct ReplayPipeline {
    std::vector<ReplayStage> stages;
    std::vector<Seconds> legs;
};

/// Requests offered to the pipelines.
struct ReplayLoad {
    std::optional<double> rate_per_second;  ///< open loop at evenly spaced arrivals; absent: closed loop
    std::vector<Seconds> arrivals;          ///< open loop at these times, ascending; the rate does not count then
    std::size_t in_flight = 1;              ///< closed loop: the next request enters when one of so many has left
    std::size_t requests = 300;             ///< counted
    std::size_t warm_up = 32;               ///< before them, not counted
    std::size_t phases = 4;                 ///< sets of offsets between the nodes' periods; statistics are their means
};

/// How the replay asks for and reports on requests where there are several pipelines.
class ReplayRouter {
public:
    virtual ~ReplayRouter() = default;
    /// The pipeline that the next request takes. Called once a request, in order of arrival.
    virtual std::size_t choose() = 0;
    virtual void finished(std::size_t pipeline, Seconds latency) = 0;
};

/// One request as it was replayed. Transfers, queues and computing add up to its latency.
struct ReplayedRequest {
    struct Stage {
        Seconds transfer{0};  ///< from the stage before, waiting for the link included
        Seconds queue{0};
        Seconds compute{0};  ///< throttled time included
    };
    std::size_t request = 0;
    std::size_t pipeline = 0;
    Seconds arrival{0};
    Seconds latency{0};
    std::vector<Stage> stages;
    Seconds return_transfer{0};
};

/// Hears of a replay as it goes.
class ReplayObserver {
public:
    virtual ~ReplayObserver() = default;
    /// Virtual time has come to `now`, which never falls. Called before anything that happens then.
    virtual void reached(Seconds now) = 0;
    /// In the order of the answers.
    virtual void finished(const ReplayedRequest& request) = 0;
};

struct ReplayResult {
    Seconds mean{0};
    Seconds p50{0};
    Seconds p95{0};
    double throughput_per_second = 0;         ///< requests finished / time, as replayed
    std::vector<double> pipeline_shares;      ///< of the counted requests; sums to 1
    std::vector<Seconds> pipeline_latencies;  ///< mean over the requests of each; 0 where it had none
};

/// Replays one pipeline. Nodes serve first come first served, one request at a time; a leg carries one message at a
/// time. Deterministic: the phase offsets are fixed fractions of the periods. With no quota that bites and one request
/// in flight every latency is the exact sum of the parts. The kernel hands bandwidth to a CPU in slices of 5 ms; they
/// are not modelled.
ReplayResult replay(const std::vector<QuotaNode>& nodes, const ReplayPipeline& pipeline, const ReplayLoad& load);

/// Replays several pipelines over the same nodes; `make_router` is called once for every phase set.
ReplayResult replay(const std::vector<QuotaNode>& nodes, const std::vector<ReplayPipeline>& pipelines,
                    const ReplayLoad& load, const std::function<ReplayRouter&()>& make_router);

/// Replays once, all requests counted (`warm_up` and `phases` are not used), and tells `observer` of each. Memory grows
/// with the requests in flight, and a few bytes a request.
void replay_each(const std::vector<QuotaNode>& nodes, const std::vector<ReplayPipeline>& pipelines,
                 const ReplayLoad& load, ReplayRouter& router, ReplayObserver& observer);

}  // namespace carbonedge
