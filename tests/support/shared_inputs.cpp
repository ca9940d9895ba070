#include "tests/support/shared_inputs.h"

#include <cstdlib>

namespace carbonedge {

std::filesystem::path source_file(std::string_view relative) {
    return std::filesystem::path(CARBONEDGE_SOURCE_DIR) / relative;
}

std::optional<std::filesystem::path> shared_input(std::string_view relative) {
    const char* named = std::getenv("CARBONEDGE_SHARED_DATA");
    const std::filesystem::path folder =
        named != nullptr ? std::filesystem::path(named) : source_file("../shared/data");
    std::filesystem::path wanted = folder / relative;
    if (!std::filesystem::exists(wanted)) return std::nullopt;
    return wanted;
}

}  // namespace carbonedge
