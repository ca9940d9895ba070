#pragma once

#include "lib/measure/sensors/counter_bank.h"
#include "lib/measure/sensors/file_access.h"

#include <memory>
#include <string>
#include <vector>

namespace carbonedge {

/// One energyN_input of a hwmon chip, in microjoules.
struct HwmonEnergy {
    std::string label;  ///< "Esocket0", "Ecore003"
    std::string path;
};

/// The energy counters of the amd_energy driver (kernels 5.8 to 5.13, and out of tree); empty where there are none.
/// The driver accumulates in 64 bits, so they do not wrap; sockets are summed, cores lie inside.
std::vector<HwmonEnergy> find_amd_energy(FileAccess& files);

std::shared_ptr<CounterBank> make_amd_energy_bank(FileAccess& files, const std::vector<HwmonEnergy>& counters);

}  // namespace carbonedge
