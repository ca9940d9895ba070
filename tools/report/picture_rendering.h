#pragma once

#include "lib/report/document.h"
#include "lib/report/pictures/picture.h"
#include "tools/cli/option_values.h"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// Makes the pictures of a report; called only where the format shows some.
using PictureSource = std::function<std::vector<Picture>()>;

struct RenderingOptions {
    std::optional<std::string> table;    ///< this section alone
    std::optional<std::string> picture;  ///< this picture alone
    bool plot = false;                   ///< text with the pictures in characters
    std::size_t width = 0;               ///< of text; 0: the terminal's, else 120
};

/// The document with its pictures as the options ask for it. Throws UsageError for an unknown table or picture, and
/// EnvironmentError where a picture cannot be drawn for want of a program.
std::string render_report(Document document, const StandardOptions& standard, const RenderingOptions& rendering,
                          const PictureSource& pictures);

}  // namespace carbonedge
