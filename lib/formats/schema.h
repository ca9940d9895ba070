#pragma once

#include <string>
#include <string_view>

namespace carbonedge {

/// "carbonedge.plan/1" for ("plan", 1): what every file of ours starts with.
std::string schema_text(std::string_view thing, int major);

/// `found` is the schema of a file, which must be carbonedge.<thing> of a major version that is not newer than
/// `newest`. Returns the major version; throws InputError that names both otherwise.
int expect_schema(std::string_view found, std::string_view thing, int newest, const std::string& file, long line);

/// The schema that a text claims to have, or "" where it has none: how a tool tells what it was piped. Knows JSON and
/// JSON lines ("schema" is the first key) and CSV with header lines (`# schema: "..."` is the first line). Looks at the
/// first line that is not blank or two; never throws.
std::string schema_of(std::string_view text);

}  // namespace carbonedge
