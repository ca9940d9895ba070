#pragma once

#include "lib/units/quantity.h"
#include "tools/cli/option_values.h"

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace carbonedge {

/// The command line of `carbonedge-plan dag`. What is absent is the file's.
struct DagOptions {
    StandardOptions standard;
    std::string input;
    std::optional<std::size_t> accelerators;
    std::optional<std::size_t> cpus;
    std::optional<Bytes> memory;  ///< of each accelerator
};

/// False: help or version was printed. `argv` starts at the word "dag". Throws UsageError.
bool parse_dag_options(int argc, const char* const* argv, std::string_view page, std::ostream& out, std::ostream& err,
                       DagOptions& options);

}  // namespace carbonedge
