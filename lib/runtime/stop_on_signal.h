#pragma once

#include <signal.h>

#include <array>
#include <stop_token>
#include <thread>

namespace carbonedge {

/// Turns SIGINT, SIGTERM and SIGHUP into a stop request, and a second one into a request to stop at once. Make it first
/// thing in main's thread. Threads that a library has started before pass the signals on. SIGPIPE is ignored from then
/// on. One at a time.
class StopOnSignal {
public:
    StopOnSignal();
    ~StopOnSignal();
    StopOnSignal(const StopOnSignal&) = delete;
    StopOnSignal& operator=(const StopOnSignal&) = delete;

    [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
    [[nodiscard]] std::stop_token at_once() const { return at_once_.get_token(); }

private:
    std::stop_source source_;
    std::stop_source at_once_;
    std::array<struct sigaction, 3> before_{};  ///< what the signals did
    std::jthread thread_;
};

}  // namespace carbonedge
