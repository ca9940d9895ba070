#include "lib/runtime/time_to_answer.h"

#include <algorithm>
#include <string>

namespace carbonedge {

TimeToAnswer time_to_answer(const Cluster& cluster, const Pipeline& planned, std::size_t stage) {
    TimeToAnswer rest;
    for (std::size_t i = stage; i < planned.stages.size(); ++i) {
        const bool last = i + 1 == planned.stages.size();
        const std::string to = last ? std::string(kGateway) : planned.stages[i + 1].node;
        const Link link = link_between(cluster, planned.stages[i].node, to);
        rest.least += link.latency;
        Nanoseconds transfer = link.latency;
        // transfers[0] is what comes from the gateway.
        if (i + 1 < planned.transfers.size()) {
            const PlannedTransfer& leg = planned.transfers[i + 1];
            if (link.bandwidth.value() > 0) rest.least += to_nanoseconds(leg.bytes / link.bandwidth);
            transfer = std::max(leg.time, transfer);
        }
        rest.expected += transfer;
        if (!last) rest.expected += planned.stages[i + 1].busy;
    }
    return rest;
}

}  // namespace carbonedge
