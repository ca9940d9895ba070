#pragma once

#include "lib/formats/json.h"
#include "lib/formats/json_lines.h"

#include <nlohmann/json.hpp>
#include <string>

namespace carbonedge {

/// What a JsonDocument holds; for the readers that fill one.
struct JsonDocument::State {
    std::string file;
    nlohmann::ordered_json value;
    JsonLines lines;
};

}  // namespace carbonedge
