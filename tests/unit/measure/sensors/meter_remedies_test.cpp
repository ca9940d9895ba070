#include "lib/measure/sensors/meter_remedies.h"

#include "tests/support/temporary_folder.h"
#include "tests/unit/measure/sensors/fake_nvml.h"
#include "tests/unit/measure/sensors/surveyed_machine.h"

#include <sys/stat.h>

#include <doctest/doctest.h>
#include <fstream>
#include <functional>
#include <set>

namespace carbonedge {
namespace {

const std::string kCounter = "/sys/class/powercap/intel-rapl:0/energy_uj";
const std::string kPmu = "/sys/bus/event_source/devices/power";
const std::string kChip = "/sys/class/hwmon/hwmon0";

/// 20 W while it moves, in units of 1 J: one step each `step`.
class SteppingPerf : public PerfEvents {
public:
    SteppingPerf(FakeClock& clock, Nanoseconds step) : clock_(&clock), step_(step) {}
    int open(std::uint32_t, std::uint64_t, int) override { return 7; }
    int read(int, Count& count) override {
        clock_->advance(Nanoseconds(700));
        count.enabled_ns = count.running_ns = 1;
        if (step_.count() > 0) {
            count.value = static_cast<std::uint64_t>(clock_->time() / step_) *
                          static_cast<std::uint64_t>(20'000'000 / (1'000'000'000 / step_.count()));
        }
        return 0;
    }
    void close(int) override {}

private:
    FakeClock* clock_;
    Nanoseconds step_;
};

void put_pmu(Machine& machine, const std::string& unit = "Joules") {
    machine.tree.put(kPmu + "/type", "22").put(kPmu + "/cpumask", "0").put("/proc/sys/kernel/perf_event_paranoid", "2");
    machine.tree.put(kPmu + "/events/energy-pkg", "event=0x02").put(kPmu + "/events/energy-pkg.scale", "1e-6");
    machine.tree.put(kPmu + "/events/energy-pkg.unit", unit);
}

void use_perf(Machine& machine, Nanoseconds step) {
    put_pmu(machine);
    machine.perf = std::make_shared<SteppingPerf>(machine.clock, step);
}

/// A counter of microjoules at 20 W that steps each `step`; 0: it stands still.
std::function<std::string()> counter(Machine& machine, Nanoseconds step) {
    return [&machine, step] {
        machine.clock.advance(Nanoseconds(700));
        const auto moved = step.count() == 0 ? 0 : machine.clock.time() / step * (step.count() / 50);
        return std::to_string(5'000'000 + moved) + "\n";
    };
}

void put_rapl(Machine& machine, Nanoseconds step, int packages = 1) {
    for (int package = 0; package < packages; ++package) {
        const std::string zone = "intel-rapl:" + std::to_string(package);
        machine.tree.zone(zone, "package-" + std::to_string(package), 0);
        machine.files->texts["/sys/class/powercap/" + zone + "/energy_uj"] = counter(machine, step);
    }
}

void put_amd(Machine& machine, Nanoseconds step, int sockets = 1) {
    machine.tree.put(kChip + "/name", "amd_energy");
    for (int socket = 0; socket < sockets; ++socket) {
        const std::string place = kChip + "/energy" + std::to_string(socket + 1);
        machine.tree.put(place + "_label", "Esocket" + std::to_string(socket)).put(place + "_input", "0");
        machine.files->texts[place + "_input"] = counter(machine, step);
    }
}

void put_ina(Machine& machine, const std::string& rail, const std::string& milliamperes) {
    machine.tree.put(kChip + "/name", "ina3221").put(kChip + "/in1_label", rail);
    machine.tree.put(kChip + "/in1_input", "5000").put(kChip + "/curr1_input", milliamperes);
}

/// A stand-in for tegrastats, in real time.
void put_tegrastats(Machine& machine, const std::string& body, ::mode_t mode = 0755) {
    machine.tree.put("/tegrastats", "#!/bin/sh\n" + body);
    ::chmod(machine.tegrastats.c_str(), mode);
    machine.files = std::make_shared<InjectingFiles>(system_file_access({}));
    machine.surveyed_clock = &system_meter_clock();
}

unsigned long long standing_still(unsigned) { return 5'000; }

struct Row {
    std::string source;
    SourceStatus status;
    std::function<void(Machine&, FakeNvml&)> arrange;
    std::string remedy;
};

const std::vector<Row>& rows() {
    using namespace std::chrono_literals;
    using enum SourceStatus;
    static const std::vector<Row> all{
        {"rapl", kAbsent, [](Machine&, FakeNvml&) {},
         "load the driver with: sudo modprobe intel_rapl_msr; a virtual machine has none"},
        {"rapl", kDenied,
         [](Machine& machine, FakeNvml&) {
             put_rapl(machine, 1ms);
             machine.files->open_errors[kCounter] = EACCES;
         },
         "let a group read it (a side channel, CVE-2020-8694): sudo sh -c 'chgrp adm "
         "/sys/class/powercap/*/energy_uj; chmod 0440 /sys/class/powercap/*/energy_uj', or use the perf meter with "
         "CAP_PERFMON"},
        {"rapl", kDenied,
         [](Machine& machine, FakeNvml&) { machine.files->open_errors["/sys/class/powercap"] = EACCES; },
         "run as a user that may list /sys/class/powercap"},
        {"rapl", kMasked,
         [](Machine& machine, FakeNvml&) { machine.tree.link("/sys/class/powercap/intel-rapl:0", "../none"); },
         "the container hides it: start it with -v /sys:/host/sys:ro and pass --sysfs-root /host/sys"},
        {"rapl", kZero, [](Machine& machine, FakeNvml&) { put_rapl(machine, 0ns); },
         "the kernel or the hypervisor shows an empty register: use --meter perf, or --meter model on a virtual "
         "machine"},
        {"rapl", kMirrored, [](Machine& machine, FakeNvml&) { put_rapl(machine, 1ms, 2); },
         "counted once; where --meter perf shows twice as much under load, both registers are real: use perf"},
        {"rapl", kFiltered,
         [](Machine& machine, FakeNvml&) {
             put_rapl(machine, 1ms);
             machine.tree.put("/dev/cpu/0/msr", std::string(0xBC, 'x') + std::string("\x01\0\0\0\0\0\0\0", 8));
         },
         "switch SGX and energy filtering off in the firmware, or use windows of seconds: --energy-uncertainty "
         "0.0005"},
        {"rapl", kUndersampled, [](Machine& machine, FakeNvml&) { put_rapl(machine, 30ms); },
         "its updates came late: try again with nothing else running; where it stays so, longer windows bear it: "
         "--energy-uncertainty 0.005"},
        {"rapl", kBroken,
         [](Machine& machine, FakeNvml&) {
             machine.tree.zone("intel-rapl:0", "package-0", 0).put(kCounter, "nonsense");
         },
         "look at it with: grep . /sys/class/powercap/intel-rapl*/energy_uj; where that is no rising number use "
         "--meter perf"},

        {"perf", kAbsent, [](Machine&, FakeNvml&) {},
         "load the driver with: sudo modprobe rapl; a virtual machine has none"},
        {"perf", kDenied, [](Machine& machine, FakeNvml&) { put_pmu(machine); },
         "perf_event_paranoid is 2: sudo sysctl kernel.perf_event_paranoid=0, or give the program CAP_PERFMON (sudo "
         "setcap cap_perfmon+ep FILE; CAP_SYS_ADMIN before Linux 5.8)"},
        {"perf", kDenied,
         [](Machine& machine, FakeNvml&) {
             put_pmu(machine);
             machine.files->open_errors[kPmu + "/type"] = EACCES;
         },
         "sudo sysctl kernel.perf_event_paranoid=0, or run as root"},
        {"perf", kZero, [](Machine& machine, FakeNvml&) { use_perf(machine, 0ns); },
         "some kernels count nothing and say 0: use --meter rapl, or a newer kernel; --meter model on a virtual "
         "machine"},
        {"perf", kMirrored,
         [](Machine& machine, FakeNvml&) {
             use_perf(machine, 1ms);
             machine.tree.put(kPmu + "/cpumask", "0,18");
         },
         "counted once; where --meter rapl shows twice as much under load, both registers are real: use rapl"},
        {"perf", kFiltered,
         [](Machine& machine, FakeNvml&) {
             use_perf(machine, 1ms);
             machine.tree.put("/dev/cpu/0/msr", std::string(0xBC, 'x') + std::string("\x01\0\0\0\0\0\0\0", 8));
         },
         "switch SGX and energy filtering off in the firmware, or use windows of seconds: --energy-uncertainty "
         "0.0005"},
        {"perf", kUndersampled, [](Machine& machine, FakeNvml&) { use_perf(machine, 40ms); },
         "its updates came late: try again with nothing else running; where it stays so, longer windows bear it: "
         "--energy-uncertainty 0.005"},
        {"perf", kBroken, [](Machine& machine, FakeNvml&) { put_pmu(machine, "Watts"); },
         "look at it with: grep -r . /sys/bus/event_source/devices/power; where that is no event use --meter rapl"},

        {"amd-energy", kAbsent, [](Machine&, FakeNvml&) {},
         "use rapl, which reads AMD processors from Linux 5.11 on; on Linux 5.8 to 5.12: sudo modprobe amd_energy"},
        {"amd-energy", kDenied,
         [](Machine& machine, FakeNvml&) {
             put_amd(machine, 1ms);
             machine.files->open_errors[kChip + "/energy1_input"] = EACCES;
         },
         "allow a group to read it: sudo chgrp adm /sys/class/hwmon/hwmon0/energy1_input && sudo chmod 0440 "
         "/sys/class/hwmon/hwmon0/energy1_input"},
        {"amd-energy", kZero, [](Machine& machine, FakeNvml&) { put_amd(machine, 0ns); },
         "the register is empty: use --meter rapl, or --meter model on a virtual machine"},
        {"amd-energy", kMirrored, [](Machine& machine, FakeNvml&) { put_amd(machine, 1ms, 2); },
         "counted once; where --meter rapl shows twice as much under load, both registers are real: use rapl"},
        {"amd-energy", kUndersampled, [](Machine& machine, FakeNvml&) { put_amd(machine, 30ms); },
         "its updates came late: try again with nothing else running; where it stays so, longer windows bear it: "
         "--energy-uncertainty 0.005"},
        {"amd-energy", kBroken,
         [](Machine& machine, FakeNvml&) {
             put_amd(machine, 1ms);
             machine.files->texts[kChip + "/energy1_input"] = [] { return "nonsense"; };
         },
         "look at it with: grep . /sys/class/hwmon/*/energy*_input; where that is no rising number use --meter rapl"},

        {"ina", kAbsent, [](Machine&, FakeNvml&) {},
         "on a board that has one (Jetson) load its driver with: sudo modprobe ina3221, or ina238"},
        {"ina", kDenied,
         [](Machine& machine, FakeNvml&) {
             put_ina(machine, "VDD_IN", "1000");
             machine.files->open_errors[kChip + "/in1_input"] = EACCES;
         },
         "let everybody read it: sudo sh -c 'chmod a+r /sys/class/hwmon/*/in*_* /sys/class/hwmon/*/curr*_*'"},
        {"ina", kZero,
         [](Machine& machine, FakeNvml&) {
             put_ina(machine, "VDD_IN", "0");
             machine.surveyed_clock = &system_meter_clock();  // of the thread that samples
         },
         "no board runs on 0 W: look at the rails with tegrastats, or use a wall meter"},
        {"ina", kUndersampled, [](Machine& machine, FakeNvml&) { put_ina(machine, "VDD_IN", "1000"); },
         "the bus or this program came too seldom: try again with nothing else running, or let the chip average "
         "less: sudo sh -c 'echo 4 > /sys/class/hwmon/hwmonN/samples'"},
        {"ina", kBroken, [](Machine& machine, FakeNvml&) { put_ina(machine, "VCORE", "1000"); },
         "look at it with: grep . /sys/class/hwmon/*/in*_label; a board not in docs/measuring.md has no known total: "
         "use a wall meter"},

        {"tegrastats", kAbsent, [](Machine&, FakeNvml&) {},
         "on a Jetson it comes with JetPack; elsewhere there is none"},
        {"tegrastats", kDenied, [](Machine& machine, FakeNvml&) { put_tegrastats(machine, "exit 0", 0644); },
         "let everybody run it: sudo chmod a+rx /usr/bin/tegrastats"},
        {"tegrastats", kZero,
         [](Machine& machine, FakeNvml&) {
             put_tegrastats(machine, "while :; do echo 'RAM 1/2MB VDD_IN 0mW/0mW'; sleep 0.02; done");
         },
         "no board runs on 0 W: look at the rails with tegrastats, or use a wall meter"},
        {"tegrastats", kUndersampled,
         [](Machine& machine, FakeNvml&) { put_tegrastats(machine, "echo 'RAM 1/2MB VDD_IN 9mW/9mW'; exec sleep 60"); },
         "it printed too few lines: end other copies with: sudo tegrastats --stop; then try again"},
        {"tegrastats", kBroken,
         [](Machine& machine, FakeNvml&) { put_tegrastats(machine, "while :; do echo 'POWER 5W'; sleep 0.02; done"); },
         "look at it with: tegrastats --interval 100; a board not in docs/measuring.md has no known total: use ina or "
         "a wall meter"},

        {"nvml", kAbsent, [](Machine& machine, FakeNvml&) { machine.nvml_library = "libcarbonedge-none.so.1"; },
         "with an NVIDIA GPU: install its driver; in a container: docker run --gpus all, with "
         "NVIDIA_DRIVER_CAPABILITIES=utility"},
        {"nvml", kAbsent,
         [](Machine&, FakeNvml& fake) {
             fake.reset(1);
             fake.device(0, 0, 0, kNotSupported, kNotSupported);
         },
         "on a Jetson use ina or tegrastats"},
        {"nvml", kDenied, [](Machine&, FakeNvml& fake) { fake.reset(1, kNoPermission); },
         "let the user reach the GPU: sudo chmod a+rw /dev/nvidia*, or run as root"},
        {"nvml", kDenied,
         [](Machine&, FakeNvml& fake) {
             fake.reset(1);
             fake.device(0, 0, 0, kNoPermission, kNoPermission);
         },
         "let the user reach the GPU: sudo chmod a+rw /dev/nvidia*, or run as root"},
        {"nvml", kZero,
         [](Machine& machine, FakeNvml& fake) {
             fake.reset(1);
             fake.energy_source(standing_still);
             machine.surveyed_clock = &system_meter_clock();
         },
         "this GPU or its virtual share counts nothing: measure on the host, or --meter model"},
        {"nvml", kUndersampled,
         [](Machine&, FakeNvml& fake) {
             fake.reset(1);
             fake.device(0, 0, 300'000, kNotSupported, 0);
         },
         "the driver answered too seldom: keep it loaded with: sudo nvidia-smi -pm 1; then try again"},
    };
    return all;
}

}  // namespace

TEST_CASE("survey: every state of every source that a machine can bring about has its one line that helps") {
    for (const Row& row : rows()) {
        CAPTURE(row.source);
        CAPTURE(status_name(row.status));
        FakeNvml fake;
        Machine machine;
        machine.nvml_library = row.source == "nvml" ? CARBONEDGE_FAKE_NVML : machine.nvml_library;
        row.arrange(machine, fake);
        const MeterSurvey survey = machine.survey();
        const SurveyedSource& found = source_of(survey, row.source);
        CAPTURE(found.detail);
        CHECK(status_name(found.status) == status_name(row.status));
        CHECK(found.remedy == row.remedy);
    }
}

TEST_CASE("survey: no state of a source is without a remedy, and a remedy is one line") {
    for (const char* source : {"rapl", "perf", "amd-energy", "ina", "tegrastats", "nvml"}) {
        for (const SourceStatus status :
             {SourceStatus::kDenied, SourceStatus::kAbsent, SourceStatus::kMasked, SourceStatus::kZero,
              SourceStatus::kMirrored, SourceStatus::kFiltered, SourceStatus::kUndersampled, SourceStatus::kBroken}) {
            const std::string remedy = source_remedy(source, status);
            CAPTURE(source);
            CAPTURE(status_name(status));
            CHECK(!remedy.empty());
            CHECK(remedy.find('\n') == std::string::npos);
        }
        CHECK(source_remedy(source, SourceStatus::kOk).empty());
    }
}

}  // namespace carbonedge
