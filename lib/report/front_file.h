#pragma once

#include "lib/units/quantity.h"

#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// A plan of a front of latency against carbon, as predicted.
struct FrontPlan {
    Nanoseconds latency{0};
    GramsCo2e carbon;
    std::string placement;  ///< "" unknown

    bool operator==(const FrontPlan&) const = default;
};

/// Reads what `carbonedge plan pareto --format csv` writes: any CSV with columns latency_ns and carbon_gco2e, and
/// placement where there is one; at most 100,000 rows. Throws InputError with file and line.
std::vector<FrontPlan> read_front(std::string_view text, const std::string& file);

}  // namespace carbonedge
