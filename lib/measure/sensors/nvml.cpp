#include "lib/measure/sensors/nvml.h"

#include "lib/base/utf8.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cstring>

namespace carbonedge {
namespace {

// The part of the interface that is used, as the library's public documentation describes it.
using NvmlResult = int;
using NvmlDevice = void*;
constexpr NvmlResult kSuccess = 0;
constexpr unsigned kMostDevices = 1024;
constexpr std::size_t kLongestText = 200;  ///< of what the library says

/// NVML refreshes energy and power about so often: 20 ms to 100 ms by architecture.
constexpr Nanoseconds kUpdatePeriod{100'000'000};
/// Power of A100 and H100 stands for a quarter of the time only; published errors of integrated power (arXiv
/// 2312.02741).
constexpr double kPublishedPowerError = 0.35;

template <class Function>
bool load_symbol(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    return function != nullptr;
}

}  // namespace

struct NvmlLibrary::State {
    void* library = nullptr;
    NvmlResult (*init)() = nullptr;
    NvmlResult (*shutdown)() = nullptr;
    const char* (*error_string)(NvmlResult) = nullptr;
    NvmlResult (*device_count)(unsigned*) = nullptr;
    NvmlResult (*device_by_index)(unsigned, NvmlDevice*) = nullptr;
    NvmlResult (*device_name)(NvmlDevice, char*, unsigned) = nullptr;
    NvmlResult (*total_energy)(NvmlDevice, unsigned long long*) = nullptr;
    NvmlResult (*power_usage)(NvmlDevice, unsigned*) = nullptr;
    NvmlResult (*power_limit)(NvmlDevice, unsigned*) = nullptr;
    bool initialised = false;
    std::vector<NvmlDevice> handles;
    std::vector<Device> devices;

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
        if (initialised) shutdown();
        if (library != nullptr) ::dlclose(library);
    }

    [[nodiscard]] std::string text(NvmlResult result) const {
        const char* words = error_string != nullptr ? error_string(result) : nullptr;
        return words != nullptr && *words != '\0' ? cleaned_for_message(words, kLongestText)
                                                  : fmt::format("NVML error {}", result);
    }

    /// Empty, or why it cannot be used.
    std::string open(const std::string& file) {
        library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) return fmt::format("{} is not installed", file);
        const bool complete = load_symbol(library, "nvmlInit_v2", init) &&
                              load_symbol(library, "nvmlShutdown", shutdown) &&
                              load_symbol(library, "nvmlDeviceGetCount_v2", device_count) &&
                              load_symbol(library, "nvmlDeviceGetHandleByIndex_v2", device_by_index) &&
                              load_symbol(library, "nvmlDeviceGetPowerUsage", power_usage);
        if (!complete) return fmt::format("{} lacks functions that NVML has", file);
        // Older libraries do without these.
        load_symbol(library, "nvmlErrorString", error_string);
        load_symbol(library, "nvmlDeviceGetName", device_name);
        load_symbol(library, "nvmlDeviceGetTotalEnergyConsumption", total_energy);
        load_symbol(library, "nvmlDeviceGetEnforcedPowerLimit", power_limit);
        if (const NvmlResult result = init(); result != kSuccess) return "NVML does not start: " + text(result);
        initialised = true;
        unsigned count = 0;
        if (const NvmlResult result = device_count(&count); result != kSuccess) return "NVML: " + text(result);
        if (count == 0) return "NVML: no device";
        if (count > kMostDevices) return fmt::format("NVML: {} devices, more than a machine has", count);
        for (unsigned index = 0; index < count; ++index) add_device(index);
        return {};
    }

    void add_device(unsigned index) {
        Device device;
        NvmlDevice handle = nullptr;
        NvmlResult result = device_by_index(index, &handle);
        if (result != kSuccess) {
            device.problem = text(result);
        } else {
            std::array<char, 96> name{};
            if (device_name != nullptr && device_name(handle, name.data(), name.size()) == kSuccess)
                device.name = cleaned_for_message({name.data(), ::strnlen(name.data(), name.size())}, kLongestText);
            unsigned long long millijoules = 0;
            unsigned milliwatts = 0;
            unsigned limit = 0;
            result = power_usage(handle, &milliwatts);
            device.has_power = result == kSuccess;
            if (!device.has_power) device.problem = text(result);
            device.has_counter = total_energy != nullptr && total_energy(handle, &millijoules) == kSuccess;
            if (power_limit != nullptr && power_limit(handle, &limit) == kSuccess) device.limit_watts = 1e-3 * limit;
        }
        handles.push_back(handle);
        devices.push_back(std::move(device));
    }
};

NvmlLibrary::NvmlLibrary(std::unique_ptr<State> state) : state_(std::move(state)) {}
NvmlLibrary::~NvmlLibrary() = default;

std::variant<std::shared_ptr<NvmlLibrary>, std::string> NvmlLibrary::load(const std::string& file) {
    auto state = std::make_unique<State>();
    std::string problem = state->open(file);
    if (!problem.empty()) return problem;
    return std::shared_ptr<NvmlLibrary>(new NvmlLibrary(std::move(state)));
}

const std::vector<NvmlLibrary::Device>& NvmlLibrary::devices() const { return state_->devices; }

std::optional<std::uint64_t> NvmlLibrary::energy_millijoules(std::size_t device, std::string& problem) const {
    if (!state_->devices[device].has_counter) {
        problem = fmt::format("gpu{}: no energy counter", device);
        return std::nullopt;
    }
    unsigned long long millijoules = 0;
    const NvmlResult result = state_->total_energy(state_->handles[device], &millijoules);
    if (result == kSuccess) return millijoules;
    problem = fmt::format("gpu{}: {}", device, state_->text(result));
    return std::nullopt;
}

std::optional<double> NvmlLibrary::power_watts(std::size_t device, std::string& problem) const {
    if (!state_->devices[device].has_power) {
        problem = fmt::format("gpu{}: {}", device, state_->devices[device].problem);
        return std::nullopt;
    }
    unsigned milliwatts = 0;
    const NvmlResult result = state_->power_usage(state_->handles[device], &milliwatts);
    if (result == kSuccess) return 1e-3 * milliwatts;
    problem = fmt::format("gpu{}: {}", device, state_->text(result));
    return std::nullopt;
}

bool NvmlLibrary::all_have_counters() const {
    return std::all_of(devices().begin(), devices().end(), [](const Device& device) { return device.has_counter; });
}

bool NvmlLibrary::any_has_power() const {
    return std::any_of(devices().begin(), devices().end(), [](const Device& device) { return device.has_power; });
}

namespace {

class NvmlBank : public CounterBank {
public:
    explicit NvmlBank(std::shared_ptr<NvmlLibrary> library) : library_(std::move(library)) {
        for (std::size_t i = 0; i < library_->devices().size(); ++i) {
            const NvmlLibrary::Device& device = library_->devices()[i];
            CounterDomain domain;
            domain.name = fmt::format("gpu{}", i);
            domain.boundary = "gpu";
            domain.role = CounterRole::kSummed;
            domain.joules_per_unit = 1e-3;
            domain.limit = Watts(device.limit_watts > 0 ? device.limit_watts : 1000.0);
            if (!device.has_counter) domain.problem = domain.name + ": " + device.problem;
            domains_.push_back(std::move(domain));
        }
    }
    [[nodiscard]] std::string name() const override { return "nvml-energy"; }
    [[nodiscard]] Nanoseconds update_period() const override { return kUpdatePeriod; }
    [[nodiscard]] const std::vector<CounterDomain>& domains() const override { return domains_; }
    std::optional<std::uint64_t> read(std::size_t domain, std::string& problem) override {
        return library_->energy_millijoules(domain, problem);
    }

private:
    std::shared_ptr<NvmlLibrary> library_;
    std::vector<CounterDomain> domains_;
};

class NvmlPower : public RailSensors {
public:
    explicit NvmlPower(std::shared_ptr<NvmlLibrary> library) : library_(std::move(library)) {}
    [[nodiscard]] std::string name() const override { return "nvml-power"; }
    [[nodiscard]] Nanoseconds update_period() const override { return kUpdatePeriod; }
    [[nodiscard]] std::vector<std::string> rails() const override {
        std::vector<std::string> names;
        for (std::size_t i = 0; i < library_->devices().size(); ++i) names.push_back(fmt::format("gpu{}", i));
        return names;
    }
    [[nodiscard]] std::variant<BoardRule, std::string> rule() const override {
        for (std::size_t i = 0; i < library_->devices().size(); ++i) {
            const NvmlLibrary::Device& device = library_->devices()[i];
            if (!device.has_power) return fmt::format("gpu{}: {}", i, device.problem);
        }
        return BoardRule{"NVIDIA GPU", "gpu", rails()};
    }
    bool read(std::vector<RailPower>& powers, std::string& problem) override {
        powers.resize(library_->devices().size());
        for (std::size_t i = 0; i < powers.size(); ++i) {
            const auto watts = library_->power_watts(i, problem);
            if (!watts) return false;
            powers[i] = {fmt::format("gpu{}", i), Watts(*watts)};
        }
        return true;
    }
    [[nodiscard]] std::vector<std::string> flags() const override {
        return {
            "nvml-power: samples stand for a part of the time only (a quarter on A100 and H100): published errors of "
            "35 % and more"};
    }
    [[nodiscard]] double relative_error() const override { return kPublishedPowerError; }

private:
    std::shared_ptr<NvmlLibrary> library_;
};

}  // namespace

std::shared_ptr<CounterBank> make_nvml_bank(std::shared_ptr<NvmlLibrary> library) {
    return std::make_shared<NvmlBank>(std::move(library));
}

std::shared_ptr<RailSensors> make_nvml_power_sensors(std::shared_ptr<NvmlLibrary> library) {
    return std::make_shared<NvmlPower>(std::move(library));
}

}  // namespace carbonedge
