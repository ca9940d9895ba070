// A stand-in for libnvidia-ml.so.1, steered by the test through the functions named fake_*.

namespace {

struct FakeDevice {
    unsigned long long millijoules;
    unsigned milliwatts;
    int energy_result;
    int power_result;
};

FakeDevice devices[4];
unsigned count = 0;
int init_result = 0;
int users = 0;
unsigned long long (*energy_source)(unsigned) = nullptr;

FakeDevice* device_of(void* handle) { return static_cast<FakeDevice*>(handle); }

}  // namespace

extern "C" {

void fake_nvml_reset(unsigned devices_present, int init) {
    count = devices_present;
    init_result = init;
    energy_source = nullptr;
    for (FakeDevice& device : devices) device = {0, 0, 0, 0};
}
void fake_nvml_device(unsigned index, unsigned long long millijoules, unsigned milliwatts, int energy, int power) {
    devices[index] = {millijoules, milliwatts, energy, power};
}
void fake_nvml_energy_source(unsigned long long (*source)(unsigned)) { energy_source = source; }
int fake_nvml_users() { return users; }

int nvmlInit_v2() {
    if (init_result == 0) ++users;
    return init_result;
}
int nvmlShutdown() {
    --users;
    return 0;
}
const char* nvmlErrorString(int result) {
    switch (result) {
        case 3:
            return "Not Supported";
        case 4:
            return "Insufficient Permissions";
        case 9:
            return "Driver Not Loaded";
        case 15:
            return "GPU is lost";
        default:
            return nullptr;
    }
}
int nvmlDeviceGetCount_v2(unsigned* number) {
    *number = count;
    return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** handle) {
    *handle = &devices[index];
    return 0;
}
int nvmlDeviceGetName(void*, char* name, unsigned size) {
    const char text[] = "Fake GPU";
    for (unsigned i = 0; i < sizeof text && i < size; ++i) name[i] = text[i];
    return 0;
}
int nvmlDeviceGetTotalEnergyConsumption(void* handle, unsigned long long* millijoules) {
    const FakeDevice* device = device_of(handle);
    const auto index = static_cast<unsigned>(device - devices);
    *millijoules = energy_source != nullptr ? energy_source(index) : device->millijoules;
    return device->energy_result;
}
int nvmlDeviceGetPowerUsage(void* handle, unsigned* milliwatts) {
    *milliwatts = device_of(handle)->milliwatts;
    return device_of(handle)->power_result;
}
int nvmlDeviceGetEnforcedPowerLimit(void*, unsigned* milliwatts) {
    *milliwatts = 700000;
    return 0;
}
}
