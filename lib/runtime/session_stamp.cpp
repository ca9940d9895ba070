#include "lib/runtime/session_stamp.h"

#include "lib/measure/machine.h"

#include <array>
#include <ctime>

namespace carbonedge {

std::string machine_stamp() {
    const MachineDescription machine = describe_machine();
    return machine.cpu_text() + ", " + machine.machine_text();
}

std::string date_stamp_utc() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    std::array<char, 32> text{};
    const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text.data(), size};
}

}  // namespace carbonedge
