#pragma once

#include "lib/cluster/cluster.h"
#include "lib/formats/json.h"

namespace carbonedge {

/// A cluster as it is embedded in a plan (docs/formats.md), with the same rules as the INI file. Throws InputError.
Cluster cluster_from_json(const JsonCursor& cursor);
nlohmann::ordered_json cluster_to_json(const Cluster& cluster);

/// By name; throws InputError at the cursor's line for another.
IdlePolicy idle_policy_from_json(const JsonCursor& cursor);

}  // namespace carbonedge
