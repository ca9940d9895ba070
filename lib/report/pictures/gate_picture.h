#pragma once

#include "lib/gate/verdict.h"
#include "lib/report/pictures/picture.h"

namespace carbonedge {

/// Each number's change to the baseline with its interval and limit, coloured and shaped by what the gate says of it.
/// At most 60: regressions first, then the largest changes; the caption says what was left out.
Picture gate_picture(const GateVerdict& verdict);

}  // namespace carbonedge
