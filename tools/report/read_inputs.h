#pragma once

#include "lib/report/input_file.h"

#include <iosfwd>
#include <string>
#include <vector>

namespace carbonedge {

/// Reads every file; "-" is standard input, at most once. Throws UsageError and InputError.
std::vector<ReportInput> read_report_inputs(const std::vector<std::string>& files, std::istream& in);

}  // namespace carbonedge
