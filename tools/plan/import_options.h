#pragma once

#include "lib/exchange/pipeedge_problem.h"
#include "tools/cli/option_values.h"

#include <iosfwd>
#include <string>
#include <string_view>

namespace carbonedge {

/// The command line of `carbonedge-plan import`. Defaults are those of the page.
struct ImportOptions {
    StandardOptions standard;  ///< its output is the folder
    std::string from;          ///< name of the format
    PipeEdgeRequest pipeedge;
    std::string models;  ///< paths of PipeEdge's files
    std::string device_types;
    std::string devices;
    AssumedPower power;
};

/// False: help or version was printed. Throws UsageError.
bool parse_import_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                          std::ostream& err, ImportOptions& options);

}  // namespace carbonedge
