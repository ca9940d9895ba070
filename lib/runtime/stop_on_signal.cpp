#include "lib/runtime/stop_on_signal.h"

#include <pthread.h>
#include <signal.h>

namespace carbonedge {
namespace {

sigset_t stopping_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, number);
    return signals;
}

}  // namespace

StopOnSignal::StopOnSignal() {
    const sigset_t signals = stopping_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    // A reader that goes away is a failed write, so that what was started is cleared up.
    ::signal(SIGPIPE, SIG_IGN);
    thread_ = std::jthread([this, signals](const std::stop_token& ending) {
        while (!ending.stop_requested()) {
            int number = 0;
            if (sigwait(&signals, &number) != 0 || ending.stop_requested()) continue;
            if (!source_.request_stop()) at_once_.request_stop();
        }
    });
}

StopOnSignal::~StopOnSignal() {
    thread_.request_stop();
    pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
}

}  // namespace carbonedge
