#include "lib/runtime/clock_offset.h"

#include <fstream>

namespace carbonedge {

std::optional<ClockOffset> estimate_offset(const std::vector<ClockRoundTrip>& trips, const std::string& own_boot) {
    std::optional<ClockOffset> best;
    for (const ClockRoundTrip& trip : trips) {
        if (!own_boot.empty() && trip.boot == own_boot) return ClockOffset{};
        const Nanoseconds on_its_way = (trip.answered - trip.asked) - (trip.sent - trip.received);
        if (trip.sent < trip.received || on_its_way < Nanoseconds(0)) continue;
        // Rounded up, so that the true offset stays inside.
        const Nanoseconds uncertainty = (on_its_way + Nanoseconds(1)) / 2;
        if (best && best->uncertainty <= uncertainty) continue;
        best = ClockOffset{((trip.received - trip.asked) + (trip.sent - trip.answered)) / 2, uncertainty};
    }
    return best;
}

std::string boot_id() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string id;
    std::getline(file, id);
    return id;
}

}  // namespace carbonedge
