#pragma once

#include "lib/gate/evidence.h"

#include <string>
#include <utility>
#include <vector>

namespace carbonedge {

inline EvidenceQuantity quantity_of(GateMetric metric, GateScope scope, const std::string& name,
                                    std::vector<double> units) {
    EvidenceQuantity quantity;
    quantity.key.metric = metric;
    quantity.key.scope = scope;
    quantity.key.name = name;
    quantity.units = std::move(units);
    return quantity;
}

inline EvidenceQuantity total_of(GateMetric metric, std::vector<double> units) {
    return quantity_of(metric, GateScope::kTotal, "", std::move(units));
}

}  // namespace carbonedge
