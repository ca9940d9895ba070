#pragma once

#include "lib/gate/verdict.h"

#include <string>
#include <string_view>

namespace carbonedge {

/// The verdict as JUnit XML, one suite a scope and one case a number. A regression is a failure, what cannot be
/// compared an error, what is inconclusive an error, a skipped case or a failure as `policy` says; so a build that
/// reads the file and one that reads gate_exit_status() come to the same end. A verdict that no number carries has a
/// case alone.
std::string gate_junit(const GateVerdict& verdict, InconclusivePolicy policy);

/// Text for XML 1.0, inside or outside of attributes: what cannot stand there (control characters, broken UTF-8,
/// U+FFFE, U+FFFF) becomes U+FFFD, line ends and tabs become references.
std::string xml_escaped(std::string_view text);

}  // namespace carbonedge
