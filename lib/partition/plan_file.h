#pragma once

#include "lib/formats/schema.h"
#include "lib/partition/partition.h"
#include "lib/partition/plan.h"

#include <string>
#include <string_view>

namespace carbonedge {

/// Readers and writers of carbonedge.partition/1 and carbonedge.plan/2 JSON (docs/formats.md): strict (an unknown,
/// missing or doubled key is an InputError with file and line), a newer major version is refused naming both, and
/// reading then writing gives the same bytes. Of plans version 1 is read as well; it has no proof of its bound, and is
/// written as version 2. schema_of() tells which of them a text is.
Partition read_partition(std::string_view text, const std::string& file);
std::string write_partition(const Partition& partition);
Plan read_plan(std::string_view text, const std::string& file);
std::string write_plan(const Plan& plan);

}  // namespace carbonedge
