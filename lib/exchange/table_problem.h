#pragma once

#include "lib/exchange/identical_nodes.h"

#include <string>
#include <utility>
#include <vector>

namespace carbonedge {

/// Which column of a table of layers is what.
struct TableRequest {
    /// Role and header, "time" and "Latency:ms". What is not named is looked for as the role itself with its unit,
    /// "time_ms".
    std::vector<std::pair<std::string, std::string>> columns;
    Bytes input_bytes;  ///< of the network's input
    MachineRequest machines;
};

/// Reads a CSV with a row a layer. Roles: `time` (needed; s, ms, us, ns), `cpu_time` (likewise; without it the time),
/// `output` and `weights` (bytes, kB, MB, GB, KiB, MiB, GiB), `parameters` (a count), `name`, `type`, and `inputs`: the
/// names of the rows that a row reads, separated by blanks, `input` for the network's input; without that column each
/// row reads the one before it. A unit is the header's ending after `_`, or stands after a colon in the request. Rows
/// must come after those that they read. Throws UsageError for a role, column or unit that is not there, InputError
/// with file and line for the rest.
ForeignProblem read_table_problem(const NamedText& table, const TableRequest& request, const AssumedPower& power);

/// The roles, for messages and pages.
const std::vector<std::string>& table_roles();

}  // namespace carbonedge
