#pragma once

#include "lib/measure/cgroup_tree.h"
#include "lib/units/quantity.h"

#include <string>

namespace carbonedge {

/// What the control group of this process says of itself, read from inside, as in a container.
struct OwnUsage {
    Nanoseconds throttled{0};
    Bytes peak_memory;      ///< of this process alone where the kernel does not tell the group's (v2 before 5.19)
    double limit_cpus = 0;  ///< 0: none
    Bytes limit_memory;     ///< 0: none
    std::string mechanism;  ///< "cgroup-v1", "cgroup-v2"; "" where no control group can be read
};

OwnUsage read_own_usage(const CgroupSite& site);

}  // namespace carbonedge
