#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace carbonedge {

/// A file or folder of the data that others made, under $CARBONEDGE_SHARED_DATA (default: ../shared/data beside the
/// source tree), or nothing where it is not there: then skip_test("...").
std::optional<std::filesystem::path> shared_input(std::string_view relative);

/// A file or folder of the source tree.
std::filesystem::path source_file(std::string_view relative);

}  // namespace carbonedge
