#pragma once

#include "lib/formats/json.h"

#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// The `# key: JSON value` lines at the front of a text, and what follows them.
struct HeaderLines {
    std::vector<JsonMember> members;
    std::string_view rest;
    long line = 1;  ///< on which the rest starts
};

/// Takes the lines that start with "# ". Throws InputError where one of them has no ": ".
HeaderLines take_header_lines(std::string_view text, const std::string& file);

}  // namespace carbonedge
