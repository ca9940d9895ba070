#pragma once

#include "tools/cli/option_values.h"

#include <iosfwd>
#include <string>
#include <string_view>

namespace carbonedge {

/// The command line of `carbonedge-plan export`.
struct ExportOptions {
    StandardOptions standard;
    std::string input;  ///< a plan
    std::string to;     ///< name of the format
    std::string image = "carbonedge";
    std::string namespace_name;  ///< "": kubectl's own
    std::string devices;         ///< path of PipeEdge's devices.yml; "": nodes are hosts
};

/// False: help or version was printed. Throws UsageError.
bool parse_export_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                          std::ostream& err, ExportOptions& options);

}  // namespace carbonedge
