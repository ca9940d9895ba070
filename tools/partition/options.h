#pragma once

#include "lib/partition/partitioner.h"
#include "tools/cli/option_values.h"

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// The command line of carbonedge-partition. Defaults are those of the page.
struct PartitionOptions {
    StandardOptions standard;
    std::string profile;
    std::optional<std::size_t> stages;
    std::vector<std::size_t> cuts;  ///< --cuts; empty: choose
    std::optional<SplitMethod> method;
    std::optional<CostModel> by;  ///< absent with `by_capability` or where not given
    bool by_capability = false;
    std::string cluster;
    std::optional<BytesPerSecond> bandwidth;
    std::string model;  ///< with `emit`
    std::string emit;   ///< folder for the stage modules
};

/// False: help or version was printed. Throws UsageError.
bool parse_partition_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                             std::ostream& err, PartitionOptions& options);

}  // namespace carbonedge
