#include "lib/measure/sensors/power_pmu.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <array>
#include <cerrno>

namespace carbonedge {
namespace {

class SystemPerfEvents : public PerfEvents {
public:
    int open(std::uint32_t type, std::uint64_t config, int cpu) override {
        perf_event_attr attributes{};
        attributes.size = sizeof attributes;
        attributes.type = type;
        attributes.config = config;
        attributes.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
        constexpr int kAllProcesses = -1;
        constexpr int kNoGroup = -1;
        const long descriptor =
            ::syscall(SYS_perf_event_open, &attributes, kAllProcesses, cpu, kNoGroup, PERF_FLAG_FD_CLOEXEC);
        return descriptor < 0 ? -errno : static_cast<int>(descriptor);
    }

    int read(int descriptor, Count& count) override {
        std::array<std::uint64_t, 3> values{};
        const ssize_t size = ::read(descriptor, values.data(), sizeof values);
        if (size < 0) return errno;
        if (size != static_cast<ssize_t>(sizeof values)) return EIO;
        count = {values[0], values[1], values[2]};
        return 0;
    }

    void close(int descriptor) override { ::close(descriptor); }
};

}  // namespace

std::shared_ptr<PerfEvents> system_perf_events() { return std::make_shared<SystemPerfEvents>(); }

}  // namespace carbonedge
