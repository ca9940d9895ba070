#pragma once

#include "lib/formats/json.h"
#include "lib/partition/plan.h"

namespace carbonedge {

CarbonParts parts_from_json(const JsonCursor& cursor);
nlohmann::ordered_json parts_to_json(const CarbonParts& parts);
Prediction prediction_from_json(const JsonCursor& cursor);
nlohmann::ordered_json prediction_to_json(const Prediction& prediction);
Certificate certificate_from_json(const JsonCursor& cursor);
nlohmann::ordered_json certificate_to_json(const Certificate& certificate);

/// A count that is not negative and that a double holds exactly.
std::int64_t count_from_json(const JsonCursor& cursor);

}  // namespace carbonedge
