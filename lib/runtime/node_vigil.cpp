// How a fleet notices that nodes end, fall silent and are back.
#include "lib/base/errors.h"
#include "lib/runtime/node_fleet.h"
#include "lib/transport/clocks.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>

namespace carbonedge {

/// What holds a node up for a moment, another's start or a frozen host, must not have it killed: that would load the
/// host once more, and so on. So it is first only done without.
void NodeFleet::take_pulse(const NodeSlot& slot, NodeIncarnation& now) {
    // Without heartbeats it still tells of connections that break.
    const bool beats = options_.heartbeat > Nanoseconds(0);
    const Nanoseconds period = beats ? options_.heartbeat : Nanoseconds(std::chrono::hours(1));
    const Nanoseconds patience = beats ? options_.heartbeat_patience : Nanoseconds(std::chrono::hours(24));
    const auto silence_of = [&slot](Nanoseconds silent) -> Failure {
        return {slot.node.name,
                fmt::format("node '{}' gave no sign of life for {}", slot.node.name, duration_text(to_seconds(silent))),
                "heartbeat", now_monotonic(), silent};
    };
    const ControlClient::Listener listener{listener_.on_broken,
                                           [this, &now, silence_of](Nanoseconds silent) {
                                               if (closing_ || now.ending || !now.serves) return;
                                               suspect(now);
                                               listener_.on_silent(silence_of(silent));
                                           },
                                           [this, &slot, &now] {
                                               if (now.silent) tell_return(slot, now);
                                           }};
    now.pulse = std::jthread([this, &now, period, patience, silence_of, listener](const std::stop_token& ending) {
        // While it loads its first stages it may be too busy; that has a time limit of its own.
        std::optional<Silence> silence;
        do {
            silence = now.control->watch(period, {patience, options_.patience_to_end * patience}, listener, ending);
        } while (silence && !now.serves);
        if (!silence) return;
        const Nanoseconds last_sign = now_monotonic() - silence->time;
        // Whoever breaks off has mostly ended, and how is better told by the host.
        if (silence->broken_off && now.started->wait(host_.end_is_told())) return;
        if (closing_ || now.ending) return;
        fail(now, silence_of(now_monotonic() - last_sign));
        // Whatever it does later would be too late; who waits for it to read is let go.
        now.started->kill();
    });
}

void NodeFleet::suspect(NodeIncarnation& now) {
    std::stop_source held_up;
    {
        const std::lock_guard lock(mutex_);
        now.silent = true;
        held_up = now.held_up;
    }
    held_up.request_stop();
}

void NodeFleet::tell_return(const NodeSlot& slot, NodeIncarnation& now) {
    {
        const std::lock_guard lock(mutex_);
        now.silent = false;
        now.held_up = std::stop_source();
        ended_.notify_all();
    }
    if (!closing_) listener_.on_return(slot.node.name);
}

void NodeFleet::await_fate(const StageLoads& loads, const std::stop_token& stop) const {
    std::unique_lock lock(mutex_);
    const auto known = [&] {
        return std::ranges::none_of(slots_, [&](const auto& slot) {
            return loads.contains(slot->node.name) && runs(*slot) && slot->now->silent;
        });
    };
    ended_.wait(lock, stop, known);
    if (stop.stop_requested()) throw Interrupted();
}

void NodeFleet::fail(NodeIncarnation& incarnation, const Failure& what) {
    {
        const std::lock_guard lock(mutex_);
        if (!incarnation.ended.empty()) return;  // told already
        incarnation.ended = what.cause;
        incarnation.silent = false;
        ended_.notify_all();
    }
    incarnation.gone.request_stop();
    listener_.on_end(what);
}

std::optional<std::string> NodeFleet::await_end(const std::set<std::string>& nodes, Nanoseconds patience) const {
    std::unique_lock lock(mutex_);
    std::optional<std::string> died;
    ended_.wait_for(lock, patience, [&] {
        for (const auto& slot : slots_) {
            const bool meant = nodes.contains(slot->node.name) && slot->now && !slot->now->ended.empty();
            if (meant && slot->now->ended != kNotStarted) died = slot->now->ended;
        }
        return died.has_value() || closing_;
    });
    return died;
}

std::set<std::string> NodeFleet::failed() const {
    const std::lock_guard lock(mutex_);
    std::set<std::string> failed;
    for (const auto& slot : slots_) {
        if (slot->now && (!slot->now->ended.empty() || slot->now->silent)) failed.insert(slot->node.name);
    }
    return failed;
}

std::set<std::string> NodeFleet::silent() const {
    const std::lock_guard lock(mutex_);
    std::set<std::string> silent;
    for (const auto& slot : slots_) {
        if (runs(*slot) && slot->now->silent) silent.insert(slot->node.name);
    }
    return silent;
}

}  // namespace carbonedge
