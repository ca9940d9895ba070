#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// One power rail of a tegrastats line. Only the first value is of use for energy: the second is the mean since
/// tegrastats started, the third (JetPack 7) the maximum.
struct TegraRail {
    std::string name;             ///< "VDD_CPU_CV"; bare "GPU", "CPU", ... on AGX Xavier
    std::int64_t milliwatts = 0;  ///< may be negative (the offset of an idle rail)
    std::optional<std::int64_t> average;
    std::optional<std::int64_t> maximum;

    bool operator==(const TegraRail&) const = default;
};

struct TegraLine {
    std::string date;  ///< "05-15-2025 18:30:28" where the line starts with one
    std::vector<TegraRail> rails;
    int unknown_tokens = 0;  ///< words that no known release prints: ignored, counted
};

/// Takes one line of tegrastats of any release from TX1 to Thor apart. Any field order, any run of spaces; never fails:
/// a line without rails is one that says nothing about power. "NC" (not connected) rails are left out.
TegraLine parse_tegrastats_line(std::string_view line);

}  // namespace carbonedge
