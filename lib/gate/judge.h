#pragma once

#include "lib/gate/evidence.h"
#include "lib/gate/rules.h"
#include "lib/gate/verdict.h"

#include <cstdint>
#include <string>
#include <vector>

namespace carbonedge {

struct JudgeOptions {
    std::vector<std::string> allowed;  ///< aspects in which the sides may differ
    std::uint64_t seed = 0;
};

/// The verdict on one comparison (docs/gate.md). Names of layers in it are the current file's; a layer that has only
/// another name is compared as itself and listed as renamed. Never throws for what the files say: what cannot be
/// compared is a verdict.
GateVerdict judge(const EvidencePair& sides, const GateRules& rules, const JudgeOptions& options);

}  // namespace carbonedge
