#include "lib/runtime/clock_offset.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace carbonedge {

std::optional<ClockOffset> estimate_offset(const std::vector<ClockRoundTrip>& trips, const std::string& own_origin) {
    std::optional<ClockOffset> best;
    for (const ClockRoundTrip& trip : trips) {
        if (!own_origin.empty() && trip.origin == own_origin) return ClockOffset{};
        const Nanoseconds on_its_way = (trip.answered - trip.asked) - (trip.sent - trip.received);
        if (trip.sent < trip.received || on_its_way < Nanoseconds(0)) continue;
        // Rounded up, so that the true offset stays inside.
        const Nanoseconds uncertainty = (on_its_way + Nanoseconds(1)) / 2;
        if (best && best->uncertainty <= uncertainty) continue;
        best = ClockOffset{((trip.received - trip.asked) + (trip.sent - trip.answered)) / 2, uncertainty};
    }
    return best;
}

std::string clock_origin() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string boot;
    std::getline(file, boot);
    std::error_code unknown;
    const std::string space = std::filesystem::read_symlink("/proc/self/ns/time", unknown).string();
    return boot.empty() || unknown ? "" : boot + " " + space;
}

void settle_return(RequestRecord& record) {
    if (record.return_transfer >= Nanoseconds(0)) return;
    Nanoseconds missing = -record.return_transfer;
    record.return_transfer = Nanoseconds(0);
    if (record.return_serialise) record.return_serialise = Nanoseconds(0);
    for (std::size_t i = record.stages.size(); i-- > 0 && missing > Nanoseconds(0);) {
        const Nanoseconds taken = std::min(missing, record.stages[i].transfer);
        record.stages[i].transfer -= taken;
        std::optional<Nanoseconds>& serialise = record.stages[i].serialise;
        if (serialise) serialise = std::min(*serialise, std::max(record.stages[i].transfer, Nanoseconds(0)));
        missing -= taken;
    }
}

}  // namespace carbonedge
