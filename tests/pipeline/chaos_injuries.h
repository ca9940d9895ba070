#pragma once

#include <string>
#include <vector>

namespace carbonedge {

/// Ways to hurt a process from outside, as a machine might.

/// Breaks one of the process's connections for tensors, the `choice`-th modulo their number. False where it has none,
/// or its descriptors cannot be had (pidfd_getfd).
bool cut_connection(int process, std::size_t choice);

/// Lets a child of ours take memory in the process's control group until the kernel kills the process for it. False
/// where the group is not to be found or entered.
bool exhaust_memory(int process, long long limit_bytes);

/// The control groups of a process that were made for it, as directories; none where there are none.
std::vector<std::string> groups_of(int process);

}  // namespace carbonedge
