#pragma once

#include "lib/runlog/run_log.h"

#include <iosfwd>
#include <string>
#include <string_view>

namespace carbonedge {

/// Reads carbonedge.run/1 JSON lines. A log whose last line is cut off is read up to there and has no `end`; anything
/// else that is wrong is an InputError with file and line.
RunLog read_run_log(std::string_view text, const std::string& file);

/// One line each, with its newline, so that a run can be logged as it goes.
std::string header_line(const RunHeader& header);
std::string request_line(const RequestRecord& request);
std::string failover_line(const FailoverRecord& failover);
std::string intensity_line(const IntensityRecord& intensity);
std::string move_line(const MoveRecord& move);
std::string node_line(const NodeRecord& node);
std::string end_line(const RunEnd& end);
/// All of it; the inverse of read_run_log, byte for byte. The plan stands in it as JSON, not as a text.
std::string write_run_log(const RunLog& log);

}  // namespace carbonedge
