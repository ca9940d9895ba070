#pragma once

#include "lib/profile/profile.h"
#include "lib/units/quantity.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// How a limit of a node was imposed.
struct EnforcedLimit {
    std::string node;
    double cpus = 0;
    Nanoseconds quota_period{0};
    Bytes memory;
    bool enforced = false;
    std::string mechanism;  ///< "cgroup-v1", "cgroup-v2", or why it is not enforced
    bool operator==(const EnforcedLimit&) const = default;
};

/// How nodes gather requests into one forward pass.
struct BatchLimits {
    std::int64_t largest = 1;     ///< requests in one pass at most; 1: no batches
    Nanoseconds longest_wait{0};  ///< the oldest request of a batch waits so long at most for the others
    bool operator==(const BatchLimits&) const = default;
};

/// A link of the cluster that a run imitated, and how.
struct EmulatedLink {
    std::string from;
    std::string to;
    Nanoseconds latency{0};         ///< one way; 0: none was added
    BytesPerSecond bandwidth{0.0};  ///< 0: not limited
    std::string latency_by;         ///< "user space", "virtual"; "" where none was added
    std::string bandwidth_by;       ///< "user space", "tc", "virtual"; "" where it was not limited
    bool operator==(const EmulatedLink&) const = default;
};

/// First line of a run log.
struct RunHeader {
    std::string tool_version;
    std::string date_utc;
    std::string machine;
    std::string engine;  ///< "process"
    std::string plan_name;
    std::string plan_json;  ///< the plan as it was executed, as write_plan() writes it; "" for none
    std::string model_sha256;
    std::int64_t requests = 0;              ///< asked for
    std::optional<double> rate_per_second;  ///< absent: closed loop, or a trace; of Poisson arrivals the mean
    std::string arrivals;                   ///< "" for a closed loop or an even spacing, "poisson", "trace"
    std::int64_t in_flight = 1;
    std::optional<Nanoseconds> deadline;  ///< from arrival to answer; what cannot make it is dropped
    BatchLimits batches;
    std::int64_t warm_up = 0;
    std::uint64_t seed = 0;
    std::vector<EnforcedLimit> limits;
    std::vector<EmulatedLink> links;  ///< that its pipelines use when it starts and that are imitated
    std::string meter;
    bool operator==(const RunHeader&) const = default;
};

/// What one stage did for one request. Times are durations; they, the transfers and the request's wait sum to its
/// latency.
struct StageRecord {
    std::string node;
    Nanoseconds transfer{0};  ///< from the previous stage (or gateway) handing over until this node has the bytes
    Nanoseconds queue{0};
    Nanoseconds compute{0};  ///< wall time of the forward pass
    Nanoseconds cpu{0};      ///< CPU time of the forward pass, all threads
    Bytes input_bytes;
    Bytes output_bytes;
    /// Requests in the forward pass, this one included. `compute` is the whole pass's; `cpu` is this request's share.
    std::int64_t batch = 1;
    /// Of `transfer`, where it was told apart: writing the frame's head and reading it, copies before it was sent
    /// included. The rest is the wire: encryption, the kernels, the network, an imitated link.
    std::optional<Nanoseconds> serialise = std::nullopt;
    bool operator==(const StageRecord&) const = default;
};

struct RequestRecord {
    std::int64_t id = 0;
    std::int64_t pipeline = 0;
    Nanoseconds arrival{0};  ///< since the run's start; intended arrival in an open loop
    Nanoseconds latency{0};  ///< arrival to answer at the gateway
    bool ok = true;
    bool dropped = false;  ///< not ok: it could not make its deadline; `stages` has those that ran before
    std::string error;
    Nanoseconds wait{0};             ///< from arrival until the gateway could send it
    Nanoseconds return_transfer{0};  ///< last stage to gateway
    std::vector<StageRecord> stages;
    std::int64_t resubmitted = 0;  ///< how often it was sent again because what it ran on failed
    std::optional<Nanoseconds> return_serialise = std::nullopt;  ///< of `return_transfer`, as StageRecord::serialise
    std::string client;  ///< "grpc", "rest": a client sent it to a service; "": the run's own load
    bool operator==(const RequestRecord&) const = default;
};

/// A node or a connection failed while requests flowed.
struct FailoverRecord {
    Nanoseconds at{0};                    ///< when it was noticed, since the run's start
    std::string node;                     ///< "" where a connection broke and both its ends may be well
    std::string cause;                    ///< "node 'n1' was killed by signal 9 (Killed)"
    std::string noticed_by;               ///< "process end", "heartbeat", "connection", "no answers"
    Nanoseconds silent{0};                ///< without a sign of life before it was noticed; 0 where none was awaited
    std::int64_t resubmitted = 0;         ///< requests that were under way there
    std::optional<Nanoseconds> recovery;  ///< from noticed to the first answer to one of them; absent: there is none
    std::optional<Nanoseconds> returned;  ///< from noticed until the silent node lived again; absent: it did not
    bool operator==(const FailoverRecord&) const = default;
};

/// An intensity that a run was charged with from a moment on.
struct IntensityRecord {
    Nanoseconds at{0};     ///< since the run's start; 0 what held when it began
    std::string time_utc;  ///< of the series
    std::string zone;
    CarbonIntensity intensity;
    bool operator==(const IntensityRecord&) const = default;
};

/// The plan moved while requests went on, because intensities had changed.
struct MoveRecord {
    Nanoseconds at{0};       ///< when the intensities changed, since the run's start
    Nanoseconds opening{0};  ///< until requests could take the new pipeline
    Nanoseconds closing{0};  ///< from then until the old one owed no answer any more and was gone
    std::string from;        ///< "fast 0-17, clean 17-30": nodes and their layers
    std::string to;
    std::string reason;
    double saving = 0;  ///< of the objective's value a request, relative, as predicted
    Joules joules;      ///< that moving was predicted to cost
    GramsCo2e grams;
    bool operator==(const MoveRecord&) const = default;
};

/// Totals of one node over the measured requests.
struct NodeRecord {
    std::string node;
    Nanoseconds compute_cpu{0};  ///< inside forward passes
    Nanoseconds total_cpu{0};    ///< everything the node process used; the difference is transport and overhead
    Nanoseconds throttled{0};
    Bytes peak_memory;
    EnergyReading compute_energy;
    EnergyReading transport_energy;  ///< of total_cpu - compute_cpu
    Joules idle_energy;              ///< under the plan's idle policy
    GramsCo2e compute_grams;
    GramsCo2e transport_grams;
    GramsCo2e idle_grams;
    GramsCo2e embodied_grams;
    bool operator==(const NodeRecord&) const = default;
};

/// Last line. Missing, or complete == false: the run was interrupted.
struct RunEnd {
    bool complete = false;
    bool interrupted = false;
    Nanoseconds wall{0};
    std::int64_t succeeded = 0;
    std::int64_t failed = 0;
    std::int64_t dropped = 0;  ///< beside those that succeeded or failed: could not make their deadline
    std::int64_t late = 0;     ///< of those that succeeded: answered after their deadline
    bool outputs_checked = false;
    double worst_output_error = 0;  ///< largest difference to the unsplit model / its output range; NaN: not comparable
    Joules link_energy;
    GramsCo2e link_grams;
    std::int64_t unlogged =
        0;  ///< of those that succeeded or failed: answered by a service, without a line of their own
    Nanoseconds gateway_cpu{0};  ///< outside the plan's boundary, stated for completeness
    bool operator==(const RunEnd&) const = default;
};

/// What a run recorded, schema carbonedge.run/1, JSON lines.
struct RunLog {
    RunHeader header;
    std::vector<RequestRecord> requests;
    std::vector<FailoverRecord> failovers;
    std::vector<IntensityRecord> intensities;
    std::vector<MoveRecord> moves;
    std::vector<NodeRecord> nodes;
    std::optional<RunEnd> end;  ///< absent: the writer was killed
    bool operator==(const RunLog&) const = default;
};

}  // namespace carbonedge
