#include "lib/measure/machine.h"
#include "lib/measure/clocks.h"

#include "tests/support/skip.h"

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mman.h>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

namespace carbonedge {
namespace {

using namespace std::chrono_literals;

constexpr const char* kStat =
    "cpu  100 10 40 800 50 5 5 20 0 0\ncpu0 50 5 20 400 25 0 0 10 0 0\ncpu1 50 5 20 400 25 5 5 10 0 0\nintr 1 2\n";

}  // namespace

TEST_CASE("load and ticks are read from /proc texts") {
    const LoadReading reading = parse_load("0.52 0.50 0.40 1/93 14551\n", kStat, 100);
    CHECK(reading.load_average == doctest::Approx(0.52));
    CHECK(reading.busy_ticks == 160);
    CHECK(reading.steal_ticks == 20);
    CHECK(reading.all_ticks == 1030);
    CHECK(reading.idle_ticks == std::vector<std::int64_t>{425, 425});
}

TEST_CASE("noise: other processes are what is busy and not ours") {
    LoadReading before = parse_load("0.1 0 0 1/1 1", kStat, 100);
    LoadReading after = before;
    after.all_ticks += 400;   // two seconds of two CPUs
    after.busy_ticks += 260;  // 2.6 CPU seconds, of which 2 are ours
    after.steal_ticks += 8;
    const NoiseReading noise = assess_noise(before, after, Seconds(2.0), {100us, 100us, 100us, 110us, 120us});
    CHECK(noise.foreign_cpus == doctest::Approx(0.3));
    CHECK(noise.steal_share == doctest::Approx(0.02));
    CHECK(noise.control_spread == doctest::Approx(0.1));
    CHECK(noise.warnings().size() == 3);
    const NoiseReading quiet = assess_noise(before, before, Seconds(0.0), {100us, 100us});
    CHECK(quiet.warnings().empty());
    before.load_average = 1.8;
    CHECK(assess_noise(before, before, Seconds(0.0), {}).warnings() ==
          std::vector<std::string>{"noisy machine: load average 1.80 before the start"});
}

TEST_CASE("process memory is read in kibibytes") {
    const ProcessMemory memory = parse_process_memory("Name:\tx\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\n");
    CHECK(memory.peak == Bytes(2 << 20));
    CHECK(memory.resident == Bytes(1 << 20));
    const ProcessMemory own = read_process_memory();
    CHECK(own.resident.value() > 0);
    CHECK(own.peak >= own.resident);
}

TEST_CASE("the peak can be made to start anew") {
    // Mapped by hand: an allocator, a sanitizer's above all, keeps what it is given back.
    constexpr std::size_t kSize = 64 << 20;
    void* memory = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    std::memset(memory, 'x', kSize);
    ::munmap(memory, kSize);
    const Bytes before = read_process_memory().peak;
    if (!reset_peak_memory()) {
        skip_test("/proc/self/clear_refs is refused here");
        return;
    }
    CHECK(read_process_memory().peak.value() <= before.value() - (32 << 20));
}

TEST_CASE("this machine describes itself, and the control kernel takes time") {
    const MachineDescription machine = describe_machine();
    CHECK(machine.online_cpus >= 1);
    CHECK(machine.kernel.starts_with("Linux "));
    CHECK(machine.machine_text().find(machine.kernel) != std::string::npos);
    for (const Nanoseconds time : run_control_kernel(3)) CHECK(time > 50us);
}

TEST_CASE("clocks only go forward and CPU time follows work") {
    const Nanoseconds raw = raw_time();
    const Nanoseconds thread = thread_cpu_time();
    const Nanoseconds process = process_cpu_time();
    run_control_kernel(2);
    CHECK(raw_time() > raw);
    CHECK(thread_cpu_time() - thread > 100us);
    CHECK(process_cpu_time() - process >= 100us);
}

TEST_CASE("pinning binds to as many CPUs as asked, in a thread of its own") {
    std::vector<int> chosen;
    int allowed = 0;
    int bound = 0;
    std::thread([&] {
        cpu_set_t set;
        ::sched_getaffinity(0, sizeof set, &set);
        allowed = CPU_COUNT(&set);
        chosen = pin_to_idlest_cpus(1);
        ::sched_getaffinity(0, sizeof set, &set);
        bound = CPU_COUNT(&set);
    }).join();
    if (allowed == 1) {
        CHECK(chosen.empty());
    } else {
        CHECK(chosen.size() == 1);
        CHECK(bound == 1);
    }
}

}  // namespace carbonedge
