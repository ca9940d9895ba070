#pragma once

#include <dlfcn.h>
#include <doctest/doctest.h>

namespace carbonedge {

inline constexpr int kNotSupported = 3;
inline constexpr int kNoPermission = 4;
inline constexpr int kNoDriver = 9;
inline constexpr int kLost = 15;

/// The steering functions of the stand-in library; it is the same object that NvmlLibrary loads.
struct FakeNvml {
    void* library = ::dlopen(CARBONEDGE_FAKE_NVML, RTLD_NOW | RTLD_LOCAL);
    template <class Function>
    Function symbol(const char* name) {
        return reinterpret_cast<Function>(::dlsym(library, name));
    }
    void reset(unsigned devices, int init = 0) { symbol<void (*)(unsigned, int)>("fake_nvml_reset")(devices, init); }
    void device(unsigned index, unsigned long long millijoules, unsigned milliwatts, int energy = 0, int power = 0) {
        symbol<void (*)(unsigned, unsigned long long, unsigned, int, int)>("fake_nvml_device")(
            index, millijoules, milliwatts, energy, power);
    }
    void energy_source(unsigned long long (*source)(unsigned)) {
        symbol<void (*)(unsigned long long (*)(unsigned))>("fake_nvml_energy_source")(source);
    }
    int users() { return symbol<int (*)()>("fake_nvml_users")(); }
    FakeNvml() { REQUIRE(library != nullptr); }
    FakeNvml(const FakeNvml&) = delete;
    FakeNvml& operator=(const FakeNvml&) = delete;
    ~FakeNvml() { ::dlclose(library); }
};

}  // namespace carbonedge
