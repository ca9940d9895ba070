#pragma once

#include "lib/cluster/link_energy.h"
#include "lib/partition/plan.h"

#include <string>
#include <vector>

namespace carbonedge {

/// What a plan moves over links for one request, and what the published figures make of it.
struct MovedBytes {
    Bytes bytes;
    JoulesPerByte least{0.0};  ///< of the links' own energies
    JoulesPerByte most{0.0};
    GramsCo2e grams;  ///< by the links' own energies
    GramsCo2e low;    ///< by the least and the most published figure, at the links' intensities
    GramsCo2e high;
};

struct TransportEnergy {
    MovedBytes counted;    ///< over links that state their energy, be it 0
    MovedBytes uncounted;  ///< over links that do not
};

TransportEnergy transport_energy(const Plan& plan);

/// "links: the energy of 98.3 kB a request is not counted, ...", "links: 98.3 kB a request at 0.001 kWh/GB, ...": a
/// line for each that there is. Beside whatever shows the carbon of a plan.
std::vector<std::string> transport_notes(const Plan& plan);

}  // namespace carbonedge
