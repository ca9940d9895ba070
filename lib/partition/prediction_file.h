#pragma once

#include "lib/formats/json.h"
#include "lib/partition/plan.h"

namespace carbonedge {

CarbonParts parts_from_json(const JsonCursor& cursor);
nlohmann::ordered_json parts_to_json(const CarbonParts& parts);
Prediction prediction_from_json(const JsonCursor& cursor);
nlohmann::ordered_json prediction_to_json(const Prediction& prediction);
/// `with_proof`: whether the schema's version knows the key "proof"; the nodes that it names are the cluster's.
Certificate certificate_from_json(const JsonCursor& cursor, const Cluster& cluster, bool with_proof);
nlohmann::ordered_json certificate_to_json(const Certificate& certificate);

/// A count that is not negative and that a double holds exactly.
std::int64_t count_from_json(const JsonCursor& cursor);

}  // namespace carbonedge
