#pragma once

#include "lib/measure/sensors/file_access.h"
#include "lib/measure/sensors/rail_sensors.h"

#include <memory>
#include <string>
#include <vector>

namespace carbonedge {

/// One channel of an INA power monitor. Its power is either a file of its own or voltage times current.
struct InaChannel {
    std::string rail;        ///< "VDD_IN"
    std::string power_path;  ///< empty: none
    double watts_per_count = 0;
    std::string voltage_path;  ///< mV
    std::string current_path;  ///< mA
    std::string chip;          ///< "ina3221 1-0040"
};

/// Looks for INA3221 through iio (JetPack 4) and for INA3221, INA238, INA237, INA226, INA219 and their like through
/// hwmon (JetPack 5 and later). Channels that are switched off, not connected ("NC"), or sums over others are left out;
/// so are USB-C supplies, which report what was negotiated. hwmon numbers change with every boot: chips are told by
/// name.
struct InaSearch {
    std::vector<InaChannel> channels;
    std::vector<std::string> problems;  ///< of chips that are there and cannot be used
    bool through_iio = false;
    Nanoseconds update_period{0};  ///< of the slowest chip, as its driver states it; 1 ms where none does
};
InaSearch find_ina_channels(FileAccess& files);

std::shared_ptr<RailSensors> make_ina_sensors(std::shared_ptr<FileAccess> files, const InaSearch& search);

}  // namespace carbonedge
