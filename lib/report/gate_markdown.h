#pragma once

#include "lib/gate/verdict.h"

#include <string>

namespace carbonedge {

/// The verdict as a comment on a change reads best: what changed and how sure, the totals with their units beside them,
/// where and why; stages, layers and remarks folded away. GitHub-flavoured; names cannot become markup.
std::string gate_markdown(const GateVerdict& verdict);

}  // namespace carbonedge
