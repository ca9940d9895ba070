#pragma once

#include "lib/measure/sensors/counter_bank.h"
#include "lib/measure/sensors/rail_sensors.h"

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace carbonedge {

/// NVIDIA's management library, loaded at run time: its headers are not free, its symbols are few. One process-wide
/// initialisation per object.
class NvmlLibrary {
public:
    struct Device {
        std::string name;          ///< "NVIDIA H100 80GB HBM3"
        bool has_counter = false;  ///< nvmlDeviceGetTotalEnergyConsumption answers (Volta and later)
        bool has_power = false;    ///< nvmlDeviceGetPowerUsage answers
        std::string problem;       ///< what the library says where neither does
        double limit_watts = 0;    ///< enforced power limit; 0 where unknown
    };

    /// `file`: "libnvidia-ml.so.1". The text says why it cannot be used: not installed, no driver, no device.
    static std::variant<std::shared_ptr<NvmlLibrary>, std::string> load(const std::string& file);
    NvmlLibrary(const NvmlLibrary&) = delete;
    NvmlLibrary& operator=(const NvmlLibrary&) = delete;
    ~NvmlLibrary();

    [[nodiscard]] const std::vector<Device>& devices() const;
    /// Millijoules since the driver was loaded.
    std::optional<std::uint64_t> energy_millijoules(std::size_t device, std::string& problem) const;
    std::optional<double> power_watts(std::size_t device, std::string& problem) const;
    [[nodiscard]] bool all_have_counters() const;
    [[nodiscard]] bool any_has_power() const;

private:
    struct State;
    explicit NvmlLibrary(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Total-energy counters of all devices, boundary "gpu".
std::shared_ptr<CounterBank> make_nvml_bank(std::shared_ptr<NvmlLibrary> library);
/// Power of all devices, to be integrated where there is no counter. States the published sampling error of NVML.
std::shared_ptr<RailSensors> make_nvml_power_sensors(std::shared_ptr<NvmlLibrary> library);

}  // namespace carbonedge
