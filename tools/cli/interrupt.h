#pragma once

namespace carbonedge {

/// From now on SIGINT and SIGTERM only set a flag, so that the tool can end in order. A second one ends it at once.
void watch_interrupts();

/// Throws Interrupted once a signal has come. Cheap: to be called between steps.
void throw_if_interrupted();

}  // namespace carbonedge
