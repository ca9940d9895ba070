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

/// Characters that a line of text may have: `width`, where that is 0 the terminal's, else 120.
std::size_t text_width_for(const StandardOptions& standard, std::size_t width);

/// Throws UsageError for an unknown one.
const Section& chosen_section(const Document& document, const std::string& table);

}  // namespace carbonedge
