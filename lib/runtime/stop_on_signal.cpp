#include "lib/runtime/stop_on_signal.h"

#include <pthread.h>
#include <signal.h>

#include <array>
#include <atomic>

namespace carbonedge {
namespace {

constexpr std::array kStopping{SIGINT, SIGTERM, SIGHUP};

sigset_t stopping_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : kStopping) sigaddset(&signals, number);
    return signals;
}

/// The thread that waits for the signals; 0 while there is none.
std::atomic<pthread_t> waiting_thread{0};
static_assert(std::atomic<pthread_t>::is_always_lock_free);

/// Runs in a thread that does not block the signals: one that a library has started before main().
void pass_on(int number) {
    if (const pthread_t waiting = waiting_thread.load(); waiting != 0) pthread_kill(waiting, number);
}

}  // namespace

StopOnSignal::StopOnSignal() {
    const sigset_t signals = stopping_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    // A reader that goes away is a failed write, so that what was started is cleared up.
    ::signal(SIGPIPE, SIG_IGN);
    struct sigaction passing {};
    passing.sa_handler = pass_on;
    passing.sa_flags = SA_RESTART;
    for (std::size_t i = 0; i < kStopping.size(); ++i) sigaction(kStopping[i], &passing, &before_[i]);
    thread_ = std::jthread([this, signals](const std::stop_token& ending) {
        while (!ending.stop_requested()) {
            int number = 0;
            if (sigwait(&signals, &number) != 0 || ending.stop_requested()) continue;
            if (!source_.request_stop()) at_once_.request_stop();
        }
    });
    waiting_thread = thread_.native_handle();
}

StopOnSignal::~StopOnSignal() {
    for (std::size_t i = 0; i < kStopping.size(); ++i) sigaction(kStopping[i], &before_[i], nullptr);
    waiting_thread = 0;
    thread_.request_stop();
    pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
}

}  // namespace carbonedge
