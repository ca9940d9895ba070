#pragma once

#include "lib/carbon/ledger.h"
#include "lib/report/subject.h"

#include <cstdint>
#include <optional>

namespace carbonedge {

/// The predicted ledger of one inference under the plan's routing; lines of one kind and place are added up.
Ledger predicted_ledger(const Plan& plan, const std::string& name);

/// The recorded ledger of one inference: the run's totals by the number of requests answered. Absent where the log has
/// no totals (cut off) or no request was answered.
std::optional<Ledger> recorded_ledger(const RunLog& run, const Plan& plan, const std::string& name);

/// How much grams and joules vary from request to request: each request is charged its own CPU time of the forward
/// passes at its node's recorded joules per CPU second, and everything else evenly.
struct EnergySpread {
    Interval joules;
    Interval grams;
};
/// 95 % intervals of the mean; absent where there is no ledger or the sample is too small.
std::optional<EnergySpread> energy_spread(const RunLog& run, const Ledger& recorded, std::uint64_t seed);

}  // namespace carbonedge
