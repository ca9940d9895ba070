#include "lib/measure/machine.h"

#include "lib/measure/clocks.h"
#include "lib/measure/statistics.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

namespace carbonedge {
namespace {

// Above these a reader should know: each is far over what an idle two-core virtual machine shows.
constexpr double kLoadLimit = 0.5;
constexpr double kStealLimit = 0.01;
constexpr double kForeignLimit = 0.1;
constexpr double kSpreadLimit = 0.03;

std::string file_text(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string hypervisor_name() {
#if defined(__x86_64__)
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    __cpuid(1, eax, ebx, ecx, edx);
    if ((ecx & (1U << 31U)) == 0) return "";
    __cpuid(0x40000000, eax, ebx, ecx, edx);
    std::array<char, 13> name{};
    std::memcpy(name.data(), &ebx, 4);
    std::memcpy(name.data() + 4, &ecx, 4);
    std::memcpy(name.data() + 8, &edx, 4);
    return name.data();
#else
    return "";
#endif
}

}  // namespace

std::string MachineDescription::cpu_text() const {
    if (cpu.vendor.empty()) return cpu.model_name;
    return fmt::format("{} ({} family {} model {} stepping {})", cpu.model_name, cpu.vendor, cpu.family, cpu.model,
                       cpu.stepping);
}

std::string MachineDescription::machine_text() const {
    return fmt::format("{} cpus, {}{}{}", online_cpus, kernel, hypervisor.empty() ? "" : ", hypervisor ", hypervisor);
}

MachineDescription describe_machine() {
    MachineDescription machine;
    machine.cpu = parse_cpu_identity(file_text("/proc/cpuinfo"));
    machine.online_cpus = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
    utsname name{};
    ::uname(&name);
    machine.kernel = fmt::format("{} {} {}", name.sysname, name.release, name.machine);
    machine.hypervisor = hypervisor_name();
    return machine;
}

LoadReading parse_load(const std::string& loadavg, const std::string& stat, double ticks_per_second) {
    LoadReading reading;
    reading.ticks_per_second = ticks_per_second;
    std::istringstream(loadavg) >> reading.load_average;
    std::istringstream lines(stat);
    std::string line;
    while (std::getline(lines, line)) {
        std::istringstream words(line);
        std::string name;
        words >> name;
        if (!name.starts_with("cpu")) continue;
        std::int64_t user = 0, nice = 0, system = 0, idle = 0, wait = 0, hard = 0, soft = 0, steal = 0;
        words >> user >> nice >> system >> idle >> wait >> hard >> soft >> steal;
        if (name != "cpu") {
            reading.idle_ticks.push_back(idle + wait);
            continue;
        }
        reading.busy_ticks = user + nice + system + hard + soft;
        reading.steal_ticks = steal;
        reading.all_ticks = reading.busy_ticks + idle + wait + steal;
    }
    return reading;
}

LoadReading read_load() {
    return parse_load(file_text("/proc/loadavg"), file_text("/proc/stat"), static_cast<double>(::sysconf(_SC_CLK_TCK)));
}

ProcessMemory parse_process_memory(const std::string& status) {
    ProcessMemory memory;
    std::istringstream lines(status);
    std::string line;
    while (std::getline(lines, line)) {
        std::istringstream words(line);
        std::string key;
        std::int64_t kibibytes = 0;
        if (!(words >> key >> kibibytes)) continue;
        if (key == "VmRSS:") memory.resident = Bytes(kibibytes * 1024);
        if (key == "VmHWM:") memory.peak = Bytes(kibibytes * 1024);
    }
    return memory;
}

ProcessMemory read_process_memory() { return parse_process_memory(file_text("/proc/self/status")); }

bool reset_peak_memory() {
    std::ofstream file("/proc/self/clear_refs");
    file << "5";
    file.close();
    return !file.fail();
}

std::vector<Nanoseconds> run_control_kernel(int runs) {
    constexpr int kSteps = 400'000;
    std::vector<Nanoseconds> times;
    std::uint64_t state = 1;
    for (int run = 0; run < runs; ++run) {
        const Nanoseconds start = raw_time();
        for (int step = 0; step < kSteps; ++step) {
            // A chain of dependent multiplications: no vector unit, no memory, the same cycles each time.
            state = state * 6364136223846793005ULL + 1442695040888963407ULL;
            asm volatile("" : "+r"(state));
        }
        times.push_back(raw_time() - start);
    }
    return times;
}

std::vector<std::string> NoiseReading::warnings() const {
    std::vector<std::string> found;
    if (load_before > kLoadLimit) {
        found.push_back(fmt::format("noisy machine: load average {:.2f} before the start", load_before));
    }
    if (foreign_cpus > kForeignLimit) {
        found.push_back(fmt::format("noisy machine: other processes kept {:.2f} cpus busy meanwhile", foreign_cpus));
    }
    if (steal_share > kStealLimit) {
        found.push_back(fmt::format("noisy machine: the hypervisor took {:.1f} % of the cpu time", 100 * steal_share));
    }
    if (control_spread > kSpreadLimit) {
        found.push_back(fmt::format("noisy machine: a fixed loop varied by {:.1f} % (quartiles over median)",
                                    100 * control_spread));
    }
    return found;
}

NoiseReading assess_noise(const LoadReading& before, const LoadReading& after, Seconds own_cpu,
                          const std::vector<Nanoseconds>& control) {
    NoiseReading noise;
    noise.load_before = before.load_average;
    const double all = static_cast<double>(after.all_ticks - before.all_ticks);
    if (all > 0) {
        const double cpus = static_cast<double>(std::max<std::size_t>(1, after.idle_ticks.size()));
        const double foreign =
            static_cast<double>(after.busy_ticks - before.busy_ticks) - own_cpu.count() * after.ticks_per_second;
        noise.steal_share = static_cast<double>(after.steal_ticks - before.steal_ticks) / all;
        noise.foreign_cpus = std::max(0.0, foreign / all * cpus);
    }
    if (!control.empty()) {
        std::vector<double> times;
        for (const Nanoseconds time : control) times.push_back(static_cast<double>(time.count()));
        const SampleSummary summary = summarise(times);
        noise.control_spread = (summary.q3 - summary.q1) / summary.median;
    }
    return noise;
}

std::vector<int> pin_to_idlest_cpus(int count) {
    using namespace std::chrono_literals;
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) <= count) return {};
    const LoadReading before = read_load();
    std::this_thread::sleep_for(100ms);
    const LoadReading after = read_load();

    std::vector<int> order;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &allowed)) order.push_back(cpu);
    }
    const auto idle = [&](int cpu) {
        const std::size_t index = static_cast<std::size_t>(cpu);
        if (index >= before.idle_ticks.size() || index >= after.idle_ticks.size()) return std::int64_t{0};
        return after.idle_ticks[index] - before.idle_ticks[index];
    };
    // Among equals the highest number: interrupts tend to be served by the lowest.
    std::sort(order.begin(), order.end(),
              [&](int left, int right) { return idle(left) != idle(right) ? idle(left) > idle(right) : left > right; });
    order.resize(static_cast<std::size_t>(count));
    std::sort(order.begin(), order.end());
    cpu_set_t chosen;
    CPU_ZERO(&chosen);
    for (const int cpu : order) CPU_SET(cpu, &chosen);
    if (::sched_setaffinity(0, sizeof chosen, &chosen) != 0) return {};
    return order;
}

}  // namespace carbonedge
