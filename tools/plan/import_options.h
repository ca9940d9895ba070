#pragma once

#include "lib/exchange/pipedream_graph.h"
#include "lib/exchange/pipeedge_problem.h"
#include "lib/exchange/table_problem.h"
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
    std::string file;  ///< path of a graph of PipeDream or a table
    PipeDreamRequest pipedream;
    TableRequest table;
    MachineRequest machines;  ///< of the formats that describe none
    AssumedPower power;
};

/// False: help or version was printed. Throws UsageError.
bool parse_import_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                          std::ostream& err, ImportOptions& options);

}  // namespace carbonedge
