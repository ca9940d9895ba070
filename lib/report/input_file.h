#pragma once

#include "lib/partition/partition.h"
#include "lib/profile/profile.h"
#include "lib/profile/samples.h"
#include "lib/report/benchmark_file.h"
#include "lib/report/subject.h"

#include <string>
#include <string_view>
#include <variant>

namespace carbonedge {

/// What a report can be made of. A run brings the plan it executed along.
using ReportInput = std::variant<Subject, Profile, Partition, Samples, BenchmarkTimings>;

/// Reads a plan, run log, profile, samples, a partition or what another tool timed, whichever the text says it is. The
/// subject is named after its plan. Throws InputError with file and line, also where the text is none of them.
ReportInput read_report_input(std::string_view text, const std::string& file);

/// "plan", "run", "profile", "samples", "partition" or "file of benchmarks".
std::string_view report_input_kind(const ReportInput& input);

}  // namespace carbonedge
