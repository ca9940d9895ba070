#pragma once

#include "lib/units/quantity.h"

#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// A recorded load: when each request came after the first one, ascending.
struct ArrivalTrace {
    std::vector<Nanoseconds> offsets;
    std::string column;      ///< that was read
    bool reordered = false;  ///< the rows were not in the order of time
};

/// Which column of a trace holds the times, and in what unit numbers stand there. Both are found by themselves where
/// the header is one of the known ones.
struct TraceColumn {
    std::string name;  ///< "" for the first known one
    std::string unit;  ///< "ns", "us", "ms", "s", "min", "h", "d"; "" where the name ends in one, or for calendar times
};

/// Reads a CSV text whose header names its columns; those that are not asked for may hold anything. A time is a number
/// in the column's unit, or a calendar time ("2023-11-16 18:15:46.6805900", UTC without an offset). Known without being
/// named, in any case: timestamp, time, datetime, arrival, arrival_time, start_time, offset, each also with its unit as
/// in arrival_s. At most 10 million rows. Throws InputError with file and line, UsageError for a column or unit that
/// does not fit.
ArrivalTrace read_arrival_trace(std::string_view text, const std::string& file, const TraceColumn& wanted = {});

/// "arrival_time:h" as TraceColumn, the unit being optional. Throws UsageError for an unknown unit, beginning with
/// `option`.
TraceColumn parse_trace_column(std::string_view text, const std::string& option);

}  // namespace carbonedge
