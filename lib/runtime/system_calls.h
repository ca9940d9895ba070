#pragma once

namespace carbonedge {

/// Forbids this process, all its threads, and for good, the system calls that a node has no use for: to start programs
/// or processes, to look into others or change them, to mount, to load code into the kernel, to set its clock, and
/// kinds of kernel work that are known for their holes. Whoever makes one gets EPERM. Throws EnvironmentError where the
/// kernel has no filters of system calls.
void forbid_system_calls();

}  // namespace carbonedge
