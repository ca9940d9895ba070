#include "lib/runlog/time_parts.h"

namespace carbonedge {

std::optional<TimeParts> time_parts(const RequestRecord& request) {
    if (!request.return_serialise) return std::nullopt;
    TimeParts parts;
    parts.queue = request.wait;
    parts.serialise = *request.return_serialise;
    parts.wire = request.return_transfer - *request.return_serialise;
    for (const StageRecord& stage : request.stages) {
        if (!stage.serialise) return std::nullopt;
        parts.queue += stage.queue;
        parts.serialise += *stage.serialise;
        parts.wire += stage.transfer - *stage.serialise;
        parts.compute += stage.compute;
    }
    return parts;
}

}  // namespace carbonedge
