#pragma once

#include "lib/units/quantity.h"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace carbonedge {

/// Holds calls to the time that each may take: one that has not ended by then is told so, once. Thread-safe.
class TimeLimit {
public:
    explicit TimeLimit(Nanoseconds limit);
    /// Whoever has not ended hears nothing any more.
    ~TimeLimit();
    TimeLimit(const TimeLimit&) = delete;
    TimeLimit& operator=(const TimeLimit&) = delete;

    using Late = std::function<void()>;
    /// `late` is called in a thread of the limit's own; it neither waits nor throws. Returns the call's number.
    std::uint64_t begin(Late late);
    /// Whether the call ends now: false where it was late, or has ended before.
    bool end(std::uint64_t call);

private:
    struct Open {
        Nanoseconds until{0};
        Late late;
    };
    void watch(const std::stop_token& stop);

    Nanoseconds limit_;
    std::mutex mutex_;
    std::map<std::uint64_t, Open> open_;  ///< numbered as they began, so the first is late first
    std::uint64_t next_ = 0;
    bool idle_ = false;  ///< the watcher is told when a call begins
    std::condition_variable_any begun_;
    std::jthread watcher_;
};

}  // namespace carbonedge
