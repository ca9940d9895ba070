#pragma once

#include "lib/formats/json.h"
#include "lib/profile/profile.h"

namespace carbonedge {

/// A profile inside another file: an array of the lines of its CSV, so that a difference between two plans shows row by
/// row. Errors name the line of the file that it is embedded in.
Profile profile_from_json(const JsonCursor& cursor);
nlohmann::ordered_json profile_to_json(const Profile& profile);

}  // namespace carbonedge
