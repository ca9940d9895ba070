#pragma once

#include "lib/runlog/run_log.h"
#include "lib/runtime/answer_order.h"
#include "lib/runtime/control_client.h"
#include "lib/runtime/link_sender.h"
#include "lib/runtime/route_table.h"
#include "lib/transport/frame_stream.h"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace carbonedge {

/// A request's end. `record.arrival` is CLOCK_MONOTONIC; whoever keeps the log makes it relative.
struct Answer {
    RequestRecord record;
    std::vector<HostTensor> outputs;  ///< empty where it failed
};

/// How a gateway treats the requests that it has accepted.
struct GatewayPolicy {
    std::size_t most_accepted = 1024;  ///< without an answer; a further submit() waits until one has its own
    bool ordered = false;              ///< answers are handed over in the order of submission
    int most_attempts = 8;             ///< so often is a request sent on its way before it fails
    Nanoseconds stall{0};              ///< a route that owes answers and gives none for so long has failed; 0: never
};

/// What became of requests besides their answers.
struct GatewayCounts {
    std::int64_t resubmitted = 0;  ///< sent again because what they ran on failed
    std::int64_t late = 0;         ///< answers that came when their request had one already, or had failed; dropped
};

/// Where requests enter and leave. It owns every request that it has accepted, its inputs included, until it is
/// answered: where the route that it is on fails, it goes on another; each is answered once, or fails at its time
/// limit. Routes come and go while requests flow. Thread-safe.
class Gateway {
public:
    /// Takes answers at `address` (as listen_for_frames() takes it). A request without an answer after `timeout` fails.
    /// `streams` says how it and its nodes know each other.
    Gateway(const std::string& address, Bytes longest_message, Nanoseconds timeout, const GatewayPolicy& policy = {},
            const StreamOptions& streams = {});
    ~Gateway();
    Gateway(const Gateway&) = delete;
    Gateway& operator=(const Gateway&) = delete;

    [[nodiscard]] const std::string& address() const { return listener_->address(); }

    /// Requests may take this route from now on; `first` is its first node. Requests that wait for a route take it.
    /// Throws EnvironmentError where the node cannot be reached.
    void add_route(RouteNumber number, const RouteUse& use, const NextHop& first);
    /// A route of the pipeline's own number.
    void connect(std::size_t pipeline, const NextHop& first) {
        add_route(static_cast<RouteNumber>(pipeline), {pipeline, {first.name}, 0}, first);
    }
    /// No further request takes the route. Waits until it owes no answer, for `patience` at most; what it still owes
    /// then goes another way. True where nothing was owed. The route is forgotten.
    bool retire_route(RouteNumber number, Nanoseconds patience);

    /// All routes through `failure.node`, or the one route, have failed: what was under way there goes another way.
    /// Where there is none it waits for one, if recovery is expected, and fails with `failure.cause` else.
    void fail_node(const Failure& failure);
    void fail_route(RouteNumber number, const Failure& failure);
    /// A node whose routes failed because it was silent lives.
    void note_return(const std::string& node, Nanoseconds now);
    [[nodiscard]] bool has_route() const;                          ///< that requests can take
    [[nodiscard]] std::vector<RouteNumber> failed_routes() const;  ///< not retired yet
    /// Whether somebody makes new routes when the last has failed. Default: nobody.
    void expect_recovery(bool expected);

    /// Hears which route a broken connection carried, instead of fail_route(). Before the first route.
    using OnBroken = std::function<void(RouteNumber, const std::string& cause)>;
    void on_broken(OnBroken hear) { on_broken_ = std::move(hear); }

    using Done = std::function<void(Answer)>;
    /// Sends a request and calls `done` once, in some thread of the gateway or of the caller: with the answer, or with
    /// why there is none. `owner` keeps `inputs` alive; without one they are copied. `arrival` is when the request
    /// came, at the latest now; the time since then, until it is sent where it is answered, is its wait. Waits while
    /// the gateway holds as many requests as it may. `deadline` is CLOCK_MONOTONIC, 0 for none: where it has passed, or
    /// a node sees that it cannot be kept, the request is dropped, and the answer says so. Returns the request's
    /// number: 0, 1, 2, ...
    std::int64_t submit(std::size_t pipeline, const std::vector<TensorView>& inputs, std::shared_ptr<const void> owner,
                        Nanoseconds arrival, Done done, Nanoseconds deadline = Nanoseconds(0));

    /// Every request without an answer fails with `problem`, and so does every later one.
    void fail_all(const std::string& problem);

    [[nodiscard]] GatewayCounts counts() const;
    /// What has failed so far; `at` is CLOCK_MONOTONIC.
    [[nodiscard]] std::vector<FailoverRecord> failovers() const;

private:
    /// A connection to the first node of some routes.
    struct Hop {
        std::string address;
        std::atomic<bool> broken{false};
        std::unique_ptr<LinkSender> sender;
    };
    struct Route {
        RouteUse use;
        std::shared_ptr<Hop> first;
        enum class State { kLive, kDraining, kFailed } state = State::kLive;
        std::int64_t owed = 0;         ///< answers
        Nanoseconds last_progress{0};  ///< when it last answered, or began to owe
    };
    struct Pending {
        std::size_t pipeline = 0;
        Nanoseconds arrival{0};
        Nanoseconds deadline{0};
        Nanoseconds expires{0};  ///< then it fails
        std::map<RouteNumber, Nanoseconds> sent;
        Done done;
        std::vector<TensorView> inputs;
        std::shared_ptr<const void> owner;
        RouteNumber route = kNoRoute;  ///< where it is; none while it waits for one
        int attempts = 0;
        std::string problem;                  ///< why its last route failed
        std::optional<std::size_t> incident;  ///< which failure it was last resubmitted for
    };
    struct Incident {
        FailoverRecord record;
        std::set<std::string> nodes;  ///< of the routes that failed
    };

    std::shared_ptr<Hop> hop_to(const NextHop& first);
    void broken_hop(Hop& hop, RouteNumber noticed_by, const std::string& cause);
    Route* choose(std::size_t pipeline, RouteNumber& number);
    void dispatch(std::int64_t request);
    void dispatch_waiting();
    void leave_route(Pending& pending);
    void fail_matching(const std::function<bool(RouteNumber, const Route&)>& concerned, const Failure& failure);
    std::size_t incident_of(const Failure& failure, const std::set<std::string>& nodes);
    void broken_connection(RouteNumber number, const std::string& cause);
    void accept_answers();
    void read_answers(FrameStream& stream);
    void finish(const ReceivedFrame& frame);
    void fail(std::int64_t request, const std::string& problem, bool dropped = false);
    void hand_over(std::int64_t request, Answer answer, Done done);
    void expire_overdue(const std::stop_token& stop);
    void fail_stalled(Nanoseconds now);

    std::unique_ptr<FrameListener> listener_;
    Bytes longest_message_;
    Nanoseconds timeout_;
    GatewayPolicy policy_;
    StreamOptions streams_;
    OnBroken on_broken_;
    std::shared_ptr<BufferPool> pool_ = BufferPool::create();

    mutable std::mutex mutex_;
    std::map<RouteNumber, Route> routes_;
    std::map<std::int64_t, Pending> pending_;  ///< numbered in the order of arrival, so the first expires first
    std::condition_variable_any request_added_;
    bool expirer_idle_ = false;          ///< it is told when a request is added
    std::condition_variable owes_less_;  ///< a route, or the gateway itself
    std::size_t accepted_ = 0;           ///< not handed over yet
    std::string broken_;                 ///< why nothing more is taken
    bool recovery_expected_ = false;
    std::string last_failure_;
    std::vector<Incident> incidents_;
    GatewayCounts counts_;
    std::int64_t next_request_ = 0;
    AnswerOrder order_;

    struct Reader {
        std::shared_ptr<FrameStream> connection;
        std::shared_ptr<std::atomic<bool>> done;
        std::jthread thread;
    };
    std::mutex connections_mutex_;
    std::list<Reader> readers_;
    std::atomic<bool> closing_{false};
    std::jthread acceptor_;
    std::jthread expirer_;
};

}  // namespace carbonedge
