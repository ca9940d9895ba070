#include "lib/base/utf8.h"
#include "lib/measure/sensors/nvml.h"
#include "tests/fuzz/text_tree.h"

#include <algorithm>
#include <string>

// This program is the library: an empty file name makes dlopen() look in the program itself, which exports what NVML
// has.
namespace {

std::string_view answers;
std::string words;

unsigned next() {
    if (answers.empty()) return 0;
    const unsigned byte = static_cast<unsigned char>(answers.front());
    answers.remove_prefix(1);
    return byte;
}
int result() { return static_cast<int>(next() % 4 == 3); }

}  // namespace

extern "C" {
int nvmlInit_v2() { return result(); }
int nvmlShutdown() { return 0; }
const char* nvmlErrorString(int) {
    if (next() % 8 == 7) return nullptr;
    words = std::string(carbonedge::take_line(answers));
    return words.c_str();
}
int nvmlDeviceGetCount_v2(unsigned* number) {
    *number = next() == 255 ? 4'000'000'000U : next() % 4;
    return result();
}
int nvmlDeviceGetHandleByIndex_v2(unsigned, void** handle) {
    *handle = &words;
    return result();
}
/// Fills the buffer to its end, without a closing NUL, where the bytes say so.
int nvmlDeviceGetName(void*, char* name, unsigned size) {
    const std::string_view line = carbonedge::take_line(answers);
    std::copy_n(line.begin(), std::min<std::size_t>(line.size(), size), name);
    return result();
}
int nvmlDeviceGetTotalEnergyConsumption(void*, unsigned long long* millijoules) {
    *millijoules = ~0ULL / (next() + 1);
    return result();
}
int nvmlDeviceGetPowerUsage(void*, unsigned* milliwatts) {
    *milliwatts = ~0U / (next() + 1);
    return result();
}
int nvmlDeviceGetEnforcedPowerLimit(void*, unsigned* milliwatts) {
    *milliwatts = next();
    return result();
}
}

namespace {

void check(const std::string& text) {
    if (!carbonedge::is_valid_utf8(text) || text.find('\x1b') != std::string::npos || text.size() > 400)
        __builtin_trap();
}

}  // namespace

/// Whatever the library answers, its names and errors become short, clean text, and a failed call a reason.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    answers = std::string_view(reinterpret_cast<const char*>(bytes), size);
    const auto loaded = NvmlLibrary::load("");
    if (const auto* problem = std::get_if<std::string>(&loaded)) {
        if (problem->empty() || problem->starts_with(" lacks functions")) __builtin_trap();
        check(*problem);
        return 0;
    }
    const auto library = std::get<std::shared_ptr<NvmlLibrary>>(loaded);
    const auto bank = make_nvml_bank(library);
    for (std::size_t i = 0; i < library->devices().size(); ++i) {
        check(library->devices()[i].name);
        check(library->devices()[i].problem);
        std::string problem;
        if (!bank->read(i, problem) && problem.empty()) __builtin_trap();
        check(problem);
    }
    const auto sensors = make_nvml_power_sensors(library);
    const auto rule = sensors->rule();
    if (const auto* problem = std::get_if<std::string>(&rule)) check(*problem);
    std::vector<RailPower> powers;
    std::string problem;
    if (!sensors->read(powers, problem) && problem.empty()) __builtin_trap();
    check(problem);
    return 0;
}
