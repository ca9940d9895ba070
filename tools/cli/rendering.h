#pragma once

#include "lib/report/document.h"
#include "tools/cli/option_values.h"

#include <cstddef>
#include <optional>
#include <string>

namespace carbonedge {

/// The document as --format, --table and --width (0: the terminal's, else 120) ask for it. Throws UsageError for an
/// unknown table.
std::string render_document(Document document, const StandardOptions& standard, const std::optional<std::string>& table,
                            std::size_t width);

}  // namespace carbonedge
