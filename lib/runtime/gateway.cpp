#include "lib/runtime/gateway.h"

#include "lib/base/errors.h"
#include "lib/runtime/clock_offset.h"
#include "lib/transport/clocks.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

namespace carbonedge {
namespace {

/// Within this time what a node's end, its connections and its heartbeat tell is one failure.
constexpr Nanoseconds kSameIncident = std::chrono::seconds(1);
/// Whoever runs containers may take so long to say why a connection broke.
constexpr Nanoseconds kLateExplanation = std::chrono::seconds(3);

/// What somebody else may free at any time, made ours.
std::shared_ptr<const void> own(std::vector<TensorView>& inputs) {
    auto copies = std::make_shared<std::vector<HostTensor>>();
    for (const TensorView& input : inputs) copies->push_back(copy_of(input));
    inputs = views_of(*copies);
    return copies;
}

StreamOptions with_patience(StreamOptions streams, Nanoseconds send_timeout) {
    streams.send_timeout = send_timeout;
    return streams;
}

StreamOptions expecting(StreamOptions streams, const std::string& peer) {
    streams.expected_name = peer;
    return streams;
}

}  // namespace

Gateway::Gateway(const std::string& address, Bytes longest_message, Nanoseconds timeout, const GatewayPolicy& policy,
                 const StreamOptions& streams)
    : listener_(listen_for_frames(address, with_patience(streams, timeout))),
      longest_message_(longest_message),
      timeout_(timeout),
      policy_(policy),
      streams_(with_patience(streams, timeout)) {
    acceptor_ = std::jthread([this] { accept_answers(); });
    expirer_ = std::jthread([this](const std::stop_token& stop) { expire_overdue(stop); });
}

Gateway::~Gateway() {
    closing_ = true;
    fail_all("the gateway closes");
    expirer_.request_stop();
    expirer_.join();
    std::map<RouteNumber, Route> routes;
    {
        const std::lock_guard lock(mutex_);
        routes.swap(routes_);
    }
    routes.clear();
    listener_->shut_down();
    acceptor_.join();
    for (const Reader& reader : readers_) reader.connection->shut_down();
    for (Reader& reader : readers_) reader.thread.join();
}

// -- routes
// ------------------------------------------------------------------------------------------------------------

std::shared_ptr<Gateway::Hop> Gateway::hop_to(const NextHop& first) {
    if (!first.fresh) {
        const std::lock_guard lock(mutex_);
        for (const auto& [number, route] : routes_) {
            if (route.first->address == first.address && !route.first->broken) return route.first;
        }
    }
    auto hop = std::make_shared<Hop>();
    hop->address = first.address;
    Hop* raw = hop.get();  // the sender is the hop's, so it cannot outlive it
    hop->sender = std::make_unique<LinkSender>(
        connect_frames(first.address, "node '" + first.name + "'", expecting(streams_, first.name)), first.link, pool_,
        [this, raw](const FrameHead& head, const std::string& problem) { broken_hop(*raw, head.pipeline, problem); });
    return hop;
}

void Gateway::broken_hop(Hop& hop, RouteNumber noticed_by, const std::string& cause) {
    hop.broken = true;
    std::vector<RouteNumber> carried{noticed_by};
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [number, route] : routes_) {
            if (route.first.get() == &hop && number != noticed_by) carried.push_back(number);
        }
    }
    for (const RouteNumber number : carried) broken_connection(number, cause);
}

void Gateway::add_route(RouteNumber number, const RouteUse& use, const NextHop& first) {
    const std::shared_ptr<Hop> hop = hop_to(first);
    {
        const std::lock_guard lock(mutex_);
        routes_[number] = {use, hop, Route::State::kLive, 0, Nanoseconds(0)};
    }
    dispatch_waiting();
}

bool Gateway::retire_route(RouteNumber number, Nanoseconds patience) {
    std::vector<std::int64_t> left;
    std::shared_ptr<Hop> last;  // goes when the lock is free: it may wait for its thread
    {
        std::unique_lock lock(mutex_);
        auto found = routes_.find(number);
        if (found == routes_.end()) return true;
        if (found->second.state == Route::State::kLive) found->second.state = Route::State::kDraining;
        // While this waits somebody else may retire it.
        owes_less_.wait_for(lock, patience, [&] {
            found = routes_.find(number);
            return found == routes_.end() || found->second.owed == 0 || found->second.state == Route::State::kFailed;
        });
        if (found == routes_.end()) return true;
        for (auto& [request, pending] : pending_) {
            if (pending.route != number) continue;
            leave_route(pending);
            pending.problem = "its route was given up";
            ++counts_.resubmitted;
            left.push_back(request);
        }
        last = std::move(found->second.first);
        routes_.erase(found);
        owes_less_.notify_all();
    }
    for (const std::int64_t request : left) dispatch(request);
    return left.empty();
}

bool Gateway::has_route() const {
    const std::lock_guard lock(mutex_);
    return std::ranges::any_of(routes_, [](const auto& entry) { return entry.second.state == Route::State::kLive; });
}

std::vector<RouteNumber> Gateway::failed_routes() const {
    const std::lock_guard lock(mutex_);
    std::vector<RouteNumber> failed;
    for (const auto& [number, route] : routes_) {
        if (route.state == Route::State::kFailed) failed.push_back(number);
    }
    return failed;
}

void Gateway::expect_recovery(bool expected) {
    {
        const std::lock_guard lock(mutex_);
        recovery_expected_ = expected;
    }
    if (!expected) dispatch_waiting();
}

void Gateway::fail_node(const Failure& failure) {
    fail_matching(
        [&failure](RouteNumber, const Route& route) {
            return std::ranges::find(route.use.nodes, failure.node) != route.use.nodes.end();
        },
        failure);
}

void Gateway::fail_route(RouteNumber failed, const Failure& failure) {
    fail_matching([failed](RouteNumber number, const Route&) { return number == failed; }, failure);
}

std::size_t Gateway::incident_of(const Failure& failure, const std::set<std::string>& nodes) {
    if (!incidents_.empty()) {
        Incident& last = incidents_.back();
        const Nanoseconds since = failure.noticed - last.record.at;
        const bool recent = since < kSameIncident;
        const bool same_node =
            !failure.node.empty() && last.record.node == failure.node && !last.record.returned.has_value();
        // Connections break before the kernel tells that their process has ended.
        const bool explains = last.record.node.empty() && last.nodes.contains(failure.node);
        // However long it took to find out: it has been silent since.
        const bool silent_since = since < failure.silent + kSameIncident;
        const bool same_break = last.record.node.empty() && failure.node.empty() &&
                                std::ranges::any_of(nodes, [&](const auto& node) { return last.nodes.contains(node); });
        if ((recent && (same_node || same_break)) || (explains && (since < kLateExplanation || silent_since))) {
            if (explains) {
                last.record.node = failure.node;
                last.record.cause = failure.cause;
            }
            last.nodes.insert(nodes.begin(), nodes.end());
            return incidents_.size() - 1;
        }
    }
    if (nodes.empty()) return incidents_.size();  // nothing was there to fail
    FailoverRecord record;
    record.at = failure.noticed;
    record.node = failure.node;
    record.cause = failure.cause;
    record.noticed_by = failure.noticed_by;
    record.silent = failure.silent;
    incidents_.push_back({record, nodes});
    return incidents_.size() - 1;
}

void Gateway::note_return(const std::string& node, Nanoseconds now) {
    const std::lock_guard lock(mutex_);
    for (auto incident = incidents_.rbegin(); incident != incidents_.rend(); ++incident) {
        if (incident->record.node != node) continue;
        if (!incident->record.returned) incident->record.returned = now - incident->record.at;
        return;
    }
}

void Gateway::fail_matching(const std::function<bool(RouteNumber, const Route&)>& concerned, const Failure& failure) {
    std::vector<std::int64_t> orphans;
    std::vector<std::shared_ptr<Hop>> lost;
    {
        const std::lock_guard lock(mutex_);
        std::set<RouteNumber> failed;
        std::set<std::string> nodes;
        for (auto& [number, route] : routes_) {
            if (route.state == Route::State::kFailed || !concerned(number, route)) continue;
            route.state = Route::State::kFailed;
            failed.insert(number);
            nodes.insert(route.use.nodes.begin(), route.use.nodes.end());
            if (route.use.nodes.front() == failure.node) lost.push_back(route.first);
        }
        const std::size_t incident = incident_of(failure, nodes);
        if (failed.empty()) return;
        last_failure_ = failure.cause;
        for (auto& [request, pending] : pending_) {
            if (!failed.contains(pending.route)) continue;
            leave_route(pending);
            pending.problem = failure.cause;
            pending.incident = incident;
            orphans.push_back(request);
        }
        incidents_[incident].record.resubmitted += static_cast<std::int64_t>(orphans.size());
        counts_.resubmitted += static_cast<std::int64_t>(orphans.size());
        owes_less_.notify_all();
    }
    // Whoever is stuck in a write to it is needed for better things.
    for (const auto& hop : lost) {
        hop->broken = true;
        hop->sender->shut_down();
    }
    for (const std::int64_t request : orphans) dispatch(request);
}

void Gateway::broken_connection(RouteNumber number, const std::string& cause) {
    if (closing_) return;
    if (on_broken_) {
        on_broken_(number, cause);
    } else {
        fail_route(number, {"", cause, "connection", now_monotonic(), Nanoseconds(0)});
    }
}

// -- requests
// ----------------------------------------------------------------------------------------------------------

std::int64_t Gateway::submit(std::size_t pipeline, const std::vector<TensorView>& inputs,
                             std::shared_ptr<const void> owner, Nanoseconds arrival, Done done, Nanoseconds deadline) {
    Pending pending;
    pending.pipeline = pipeline;
    pending.arrival = arrival;
    pending.deadline = deadline;
    pending.done = std::move(done);
    pending.inputs = inputs;
    pending.owner = owner ? std::move(owner) : own(pending.inputs);
    std::int64_t request = 0;
    std::string problem;
    {
        std::unique_lock lock(mutex_);
        const bool room = owes_less_.wait_for(lock, timeout_,
                                              [this] { return accepted_ < policy_.most_accepted || !broken_.empty(); });
        if (!room) problem = fmt::format("the gateway holds {} requests already", policy_.most_accepted);
        if (!broken_.empty()) problem = broken_;
        request = next_request_++;
        ++accepted_;
        pending.expires = now_monotonic() + timeout_;
        pending_.emplace(request, std::move(pending));
        if (std::exchange(expirer_idle_, false)) request_added_.notify_one();
    }
    if (problem.empty()) {
        dispatch(request);
    } else {
        fail(request, problem);
    }
    return request;
}

Gateway::Route* Gateway::choose(std::size_t pipeline, RouteNumber& number) {
    // Its own pipeline's by rank; else the one that owes least, since every pipeline computes the same.
    const auto worth = [pipeline](const Route& route) {
        const bool own = route.use.pipeline == pipeline;
        return std::make_pair(own ? 0 : 1, own ? std::int64_t{route.use.rank} : route.owed);
    };
    Route* best = nullptr;
    for (auto& [candidate, route] : routes_) {
        if (route.state != Route::State::kLive || route.first->broken) continue;
        if (best != nullptr && worth(*best) <= worth(route)) continue;
        best = &route;
        number = candidate;
    }
    return best;
}

void Gateway::dispatch(std::int64_t request) {
    FrameHead head;
    std::vector<TensorView> inputs;
    std::shared_ptr<const void> owner;
    std::shared_ptr<Hop> hop;
    std::string problem;
    bool overdue = false;
    {
        const std::lock_guard lock(mutex_);
        const auto found = pending_.find(request);
        if (found == pending_.end() || found->second.route != kNoRoute) return;
        Pending& pending = found->second;
        const Nanoseconds now = std::max(now_monotonic(), pending.arrival);
        overdue = pending.deadline.count() != 0 && now >= pending.deadline;
        RouteNumber number = kNoRoute;
        Route* route = choose(pending.pipeline, number);
        if (overdue) {
            problem = fmt::format("dropped at the gateway: it waited {} there, until after its deadline",
                                  duration_text(to_seconds(now - pending.arrival)));
        } else if (route == nullptr) {
            if (recovery_expected_) return;  // it waits for a route, or its time limit
            problem = !pending.problem.empty() ? pending.problem : last_failure_;
            if (problem.empty()) problem = fmt::format("no route takes requests of pipeline {}", pending.pipeline);
        } else if (pending.attempts >= policy_.most_attempts) {
            problem = fmt::format("given up after {} attempts: {}", pending.attempts, pending.problem);
        } else {
            ++pending.attempts;
            pending.route = number;
            pending.sent[number] = now;
            if (route->owed++ == 0) route->last_progress = now_monotonic();
            head.request = request;
            head.pipeline = number;
            head.handed_over = now;
            head.deadline = pending.deadline;
            inputs = pending.inputs;
            owner = pending.owner;
            hop = route->first;
        }
    }
    if (!problem.empty()) {
        fail(request, problem, overdue);
        return;
    }
    for (const TensorView& input : inputs) {
        head.tensors.push_back({input.dtype, input.shape, static_cast<std::int64_t>(input.size)});
    }
    // Where the route is retired meanwhile this is the last to hold its hop, and waits for the hop's thread as it lets
    // go. That may be another hop's thread: each dispatches only when its own hop is broken, to one that was not yet,
    // so that they never wait for each other in a circle.
    hop->sender->send(std::move(head), inputs, std::move(owner));
}

void Gateway::dispatch_waiting() {
    std::vector<std::int64_t> waiting;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [request, pending] : pending_) {
            if (pending.route == kNoRoute) waiting.push_back(request);
        }
    }
    for (const std::int64_t request : waiting) dispatch(request);
}

void Gateway::leave_route(Pending& pending) {
    const auto found = routes_.find(pending.route);
    pending.route = kNoRoute;
    if (found == routes_.end()) return;
    if (--found->second.owed == 0) owes_less_.notify_all();
}

void Gateway::fail_all(const std::string& problem) {
    std::vector<std::int64_t> failing;
    {
        const std::lock_guard lock(mutex_);
        broken_ = problem;
        for (const auto& [request, pending] : pending_) failing.push_back(request);
        owes_less_.notify_all();
    }
    for (const std::int64_t request : failing) fail(request, problem);
}

// -- answers
// -----------------------------------------------------------------------------------------------------------

void Gateway::accept_answers() {
    while (std::shared_ptr<FrameStream> connection = listener_->accept()) {
        const std::lock_guard lock(connections_mutex_);
        std::erase_if(readers_, [](const Reader& reader) { return reader.done->load(); });
        const auto done = std::make_shared<std::atomic<bool>>(false);
        readers_.push_back({connection, done, std::jthread([this, connection, done] {
                                read_answers(*connection);
                                *done = true;
                            })});
    }
}

void Gateway::read_answers(FrameStream& stream) {
    std::set<RouteNumber> carried;
    std::string cause;
    try {
        const auto longest = static_cast<std::uint64_t>(longest_message_.value());
        while (const auto frame = stream.receive(*pool_, longest, [](const FrameHead&) { return ""; })) {
            carried.insert(frame->head.pipeline);
            finish(*frame);
        }
    } catch (const std::exception& error) {
        cause = error.what();
        stream.shut_down();
    }
    for (const RouteNumber number : carried) {
        std::string closed = cause;
        if (closed.empty()) {
            const std::lock_guard lock(mutex_);
            const auto route = routes_.find(number);
            const bool known = route != routes_.end() && !route->second.use.nodes.empty();
            closed = (known ? fmt::format("node '{}'", route->second.use.nodes.back()) : "the last node") +
                     " closed its connection to the gateway";
        }
        broken_connection(number, closed);
    }
}

void Gateway::finish(const ReceivedFrame& frame) {
    const std::int64_t request = frame.head.request;
    Pending pending;
    {
        const std::lock_guard lock(mutex_);
        const auto found = pending_.find(request);
        const bool stale = found == pending_.end() || found->second.route != frame.head.pipeline;
        // A late answer is as good as any, but a late failure says nothing about where the request is now.
        if (found == pending_.end() || (stale && !frame.head.error.empty())) {
            ++counts_.late;
            return;
        }
        const auto route = routes_.find(frame.head.pipeline);
        if (route != routes_.end()) route->second.last_progress = frame.received;
        leave_route(found->second);
        pending = std::move(found->second);
        pending_.erase(found);
        if (pending.incident) {
            std::optional<Nanoseconds>& recovery = incidents_[*pending.incident].record.recovery;
            if (!recovery) recovery = frame.received - incidents_[*pending.incident].record.at;
        }
    }
    Answer answer;
    answer.record.id = request;
    answer.record.pipeline = static_cast<std::int64_t>(pending.pipeline);
    answer.record.arrival = pending.arrival;
    answer.record.latency = frame.received - pending.arrival;
    answer.record.resubmitted = pending.attempts - 1;
    answer.record.return_transfer = frame.received - frame.head.handed_over;
    answer.record.return_serialise =
        std::clamp(frame.head.serialise, Nanoseconds(0), std::max(answer.record.return_transfer, Nanoseconds(0)));
    answer.record.stages = frame.head.stages;
    // What went by until it was sent the last time is waiting, like that of a request that came early.
    const auto sent = pending.sent.find(frame.head.pipeline);
    if (sent != pending.sent.end()) answer.record.wait = sent->second - pending.arrival;
    if (!frame.head.error.empty()) {
        answer.record.ok = false;
        answer.record.dropped = frame.head.dropped;
        answer.record.error = frame.head.error;
    } else {
        for (const TensorView& view : frame.tensors) answer.outputs.push_back(copy_of(view));
    }
    settle_return(answer.record);
    hand_over(request, std::move(answer), std::move(pending.done));
}

void Gateway::fail(std::int64_t request, const std::string& problem, bool dropped) {
    Pending pending;
    {
        const std::lock_guard lock(mutex_);
        const auto found = pending_.find(request);
        if (found == pending_.end()) return;
        leave_route(found->second);
        pending = std::move(found->second);
        pending_.erase(found);
    }
    Answer answer;
    answer.record.id = request;
    answer.record.pipeline = static_cast<std::int64_t>(pending.pipeline);
    answer.record.arrival = pending.arrival;
    answer.record.latency = now_monotonic() - pending.arrival;
    answer.record.ok = false;
    answer.record.dropped = dropped;
    answer.record.error = problem;
    answer.record.resubmitted = std::max(pending.attempts - 1, 0);
    hand_over(request, std::move(answer), std::move(pending.done));
}

void Gateway::hand_over(std::int64_t request, Answer answer, Done done) {
    const auto now = [this](Answer given, const Done& to) {
        to(std::move(given));
        const std::lock_guard lock(mutex_);
        --accepted_;
        owes_less_.notify_all();
    };
    if (!policy_.ordered) {
        now(std::move(answer), done);
        return;
    }
    // A function is copied at times, an answer's tensors should not be.
    const auto kept = std::make_shared<Answer>(std::move(answer));
    order_.put(request, [now, kept, to = std::move(done)] { now(std::move(*kept), to); });
}

void Gateway::fail_stalled(Nanoseconds now) {
    std::vector<RouteNumber> stalled;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [number, route] : routes_) {
            const bool owes = route.state != Route::State::kFailed && route.owed > 0;
            if (owes && now - route.last_progress > policy_.stall) stalled.push_back(number);
        }
    }
    for (const RouteNumber number : stalled) {
        fail_route(number, {"", fmt::format("a route gave no answer for {}", duration_text(to_seconds(policy_.stall))),
                            "no answers", now, policy_.stall});
    }
}

void Gateway::expire_overdue(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (true) {
        expirer_idle_ = pending_.empty();
        if (!request_added_.wait(lock, stop, [this] { return !pending_.empty(); })) return;
        expirer_idle_ = false;
        // Nobody is woken for an answered request; its time passes by unnoticed.
        const bool looks_for_stalls = policy_.stall > Nanoseconds(0);
        Nanoseconds until = pending_.begin()->second.expires;
        if (looks_for_stalls) until = std::min(until, now_monotonic() + policy_.stall / 4);
        request_added_.wait_until(lock, stop, std::chrono::steady_clock::time_point(until), [] { return false; });
        if (stop.stop_requested()) return;
        const Nanoseconds now = now_monotonic();
        std::vector<std::int64_t> overdue;
        for (const auto& [request, pending] : pending_) {
            if (pending.expires > now) break;
            overdue.push_back(request);
        }
        lock.unlock();
        if (looks_for_stalls) fail_stalled(now);
        for (const std::int64_t request : overdue) {
            fail(request, fmt::format("no answer within {}", duration_text(to_seconds(timeout_))));
        }
        lock.lock();
    }
}

GatewayCounts Gateway::counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
}

std::vector<FailoverRecord> Gateway::failovers() const {
    const std::lock_guard lock(mutex_);
    std::vector<FailoverRecord> records;
    for (const Incident& incident : incidents_) records.push_back(incident.record);
    return records;
}

}  // namespace carbonedge
