#pragma once

#include "lib/gate/verdict.h"
#include "tools/cli/option_values.h"

#include <cstddef>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

struct ReportOptions {
    StandardOptions standard;
    std::vector<std::string> files;          ///< plans, runs, or one profile or partition; "-" is standard input
    std::optional<std::string> baseline;     ///< name of the policy that differences are taken to
    std::vector<std::string> allowed_mixed;  ///< aspects in which the compared may differ
    std::optional<std::string> table;        ///< print this section alone
    std::optional<std::string> picture;      ///< show this picture alone
    std::string front;                       ///< of all plans, drawn with a comparison; "" none
    bool plot = false;                       ///< text with pictures in characters
    std::size_t width = 0;                   ///< of text; 0: the terminal's

    // The gate (docs/gate.md).
    std::string gate;                         ///< file of limits; "": no gate
    std::vector<std::string> baseline_files;  ///< what `files` are held against
    std::string baseline_history;             ///< or the last of a history
    std::size_t last = 10;
    std::vector<std::string> allowed;  ///< aspects in which the sides may differ
    InconclusivePolicy inconclusive = InconclusivePolicy::kReport;

    // The history.
    std::string history;  ///< file to append to or, without `files`, to show
    std::string commit;
};

/// Absent where help or the version was printed. Throws UsageError.
std::optional<ReportOptions> parse_report_options(int argc, const char* const* argv, std::string_view page,
                                                  std::ostream& out, std::ostream& err);

}  // namespace carbonedge
