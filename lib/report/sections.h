#pragma once

#include "lib/report/document.h"
#include "lib/report/subject.h"

#include <cstdint>
#include <span>

namespace carbonedge {

/// "features.0.0 .. features.3.conv.2": the names of the first and last row of a stage.
std::string layers_text(const Profile& profile, LayerRange layers);
/// The profile that the plan uses for a node: its own, else the reference.
const Profile& profile_of(const Plan& plan, const std::string& node);

/// Table "stages": what each stage of each pipeline in use was predicted to take and took: compute, transfer, queue.
/// With several subjects the first column names them.
Table stage_table(std::span<const Subject> subjects);

/// Table "times": where the time of a request went, and what of its latency is accounted; only runs whose log tells
/// serialising from the wire. Empty where there is none.
Table time_table(std::span<const Subject> subjects);

/// Table "ledger": every line of the subjects' ledgers, per inference; recorded where there is a run, else predicted.
Table ledger_table(std::span<const Subject> subjects);

/// Table "sci": SCI = (E * I + M) / R with its terms, its boundary and its basis.
Table sci_table(std::span<const Subject> subjects);

/// Table "nodes": CPU, memory and limits of each node as run. Empty where nothing was run.
Table node_table(std::span<const Subject> subjects);

}  // namespace carbonedge
