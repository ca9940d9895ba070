#pragma once

#include "lib/carbon/ledger.h"
#include "lib/units/quantity.h"

#include <string>

namespace carbonedge {

/// Software Carbon Intensity, ISO/IEC 21031:2024: SCI = (E * I + M) / R. R is one inference, so E and M are per
/// inference already. The standard wants the boundary and the method stated with it.
struct SciScore {
    Joules energy;              ///< E per R, reserved hardware as the idle policy says
    CarbonIntensity intensity;  ///< I, weighted by where the energy was used
    GramsCo2e embodied;         ///< M per R
    double functional_units = 1;
    std::string boundary;  ///< which lines of the ledger E holds

    [[nodiscard]] GramsCo2e score() const { return (energy * intensity + embodied) / functional_units; }
};

/// The score of a ledger of one inference; score() equals its total grams to rounding.
SciScore sci_score(const Ledger& ledger);

}  // namespace carbonedge
