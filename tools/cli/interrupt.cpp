#include "tools/cli/interrupt.h"

#include "lib/base/errors.h"

#include <csignal>

namespace carbonedge {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void note_signal(int /*signal*/) { interrupted = 1; }

}  // namespace

void watch_interrupts() {
    struct sigaction action {};
    action.sa_handler = note_signal;
    action.sa_flags = SA_RESETHAND;
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
}

void throw_if_interrupted() {
    if (interrupted != 0) throw Interrupted();
}

}  // namespace carbonedge
