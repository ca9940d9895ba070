#include "lib/cluster/link_energy.h"

#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <vector>

namespace carbonedge {
namespace {

constexpr double kBytesPerGigabyte = 1e9;

/// Every link that some pair of ends has: the named ones, and the default where a pair is not named.
std::vector<const Link*> links_in_use(const Cluster& cluster) {
    std::vector<const Link*> links;
    for (const Link& link : cluster.links) links.push_back(&link);
    const std::size_t nodes = cluster.nodes.size();
    if (links.size() < nodes * (nodes + 1) / 2) links.push_back(&cluster.default_link);
    return links;
}

}  // namespace

double kilowatt_hours_per_gigabyte(JoulesPerByte energy) {
    return energy.value() * kBytesPerGigabyte / kJoulesPerKilowattHour;
}

std::string energy_per_byte_text(JoulesPerByte least, JoulesPerByte most) {
    const std::string from = fmt::format("{:.3g}", kilowatt_hours_per_gigabyte(least));
    const std::string to = fmt::format("{:.3g}", kilowatt_hours_per_gigabyte(most));
    return from == to ? from + " kWh/GB" : fmt::format("{} to {} kWh/GB", from, to);
}

std::string link_energy_note(const Cluster& cluster) {
    std::vector<JoulesPerByte> stated;
    std::size_t silent = 0;
    for (const Link* link : links_in_use(cluster)) {
        if (states_energy(*link)) {
            stated.push_back(link->energy_per_byte);
        } else {
            ++silent;
        }
    }
    const std::string published =
        fmt::format("published figures: {} to {} kWh/GB", number_text(kLeastPublishedKilowattHoursPerGigabyte),
                    number_text(kMostPublishedKilowattHoursPerGigabyte));
    if (stated.empty()) {
        return fmt::format("links: their energy is not counted, for none states energy_per_byte; {}", published);
    }
    const auto [least, most] = std::minmax_element(stated.begin(), stated.end());
    return fmt::format("links: {} as the cluster states{}; {}", energy_per_byte_text(*least, *most),
                       silent > 0 ? ", those that state none are not counted" : "", published);
}

}  // namespace carbonedge
