#pragma once

#include <string>

namespace carbonedge {

/// What a log says it was recorded on: processor, number of CPUs, kernel, hypervisor.
std::string machine_stamp();

/// "2024-05-01T12:00:00Z".
std::string date_stamp_utc();

}  // namespace carbonedge
