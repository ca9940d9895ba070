#include "lib/partition/transport_energy.h"

#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

/// Sums over the transfers of pipelines, by their shares.
struct Sum {
    double bytes = 0;
    double grams_of_one = 0;  // by 1 kWh/GB
    MovedBytes moved;

    void add(const Link& link, double more_bytes, CarbonIntensity intensity) {
        constexpr double kGramsPerIntensityAndByte = 1e-9;  // kWh/GB x g/kWh -> g/B
        const double grams = more_bytes * kGramsPerIntensityAndByte * intensity.value();
        moved.least = bytes == 0 ? link.energy_per_byte : std::min(moved.least, link.energy_per_byte);
        moved.most = std::max(moved.most, link.energy_per_byte);
        moved.grams += GramsCo2e(grams * kilowatt_hours_per_gigabyte(link.energy_per_byte));
        bytes += more_bytes;
        grams_of_one += grams;
    }
    MovedBytes take() {
        moved.bytes = Bytes(std::llround(bytes));
        moved.low = GramsCo2e(grams_of_one * kLeastPublishedKilowattHoursPerGigabyte);
        moved.high = GramsCo2e(grams_of_one * kMostPublishedKilowattHoursPerGigabyte);
        return moved;
    }
};

}  // namespace

TransportEnergy transport_energy(const Plan& plan) {
    Sum counted;
    Sum uncounted;
    for (const Pipeline& pipeline : plan.pipelines) {
        for (const PlannedTransfer& transfer : pipeline.transfers) {
            if (transfer.from == transfer.to || transfer.bytes.value() == 0 || pipeline.share == 0) continue;
            const Link link = link_between(plan.cluster, transfer.from, transfer.to);
            (states_energy(link) ? counted : uncounted)
                .add(link, static_cast<double>(transfer.bytes.value()) * pipeline.share,
                     link_intensity(plan.cluster, link, transfer.from, transfer.to));
        }
    }
    return {counted.take(), uncounted.take()};
}

std::vector<std::string> transport_notes(const Plan& plan) {
    const TransportEnergy energy = transport_energy(plan);
    const std::string published =
        fmt::format("published figures of {} to {} kWh/GB", number_text(kLeastPublishedKilowattHoursPerGigabyte),
                    number_text(kMostPublishedKilowattHoursPerGigabyte));
    std::vector<std::string> notes;
    if (const MovedBytes& moved = energy.counted; moved.bytes.value() > 0) {
        notes.push_back(fmt::format("links: {} a request at {}, as the cluster states: {}; {} would make that {} to {}",
                                    bytes_text(moved.bytes), energy_per_byte_text(moved.least, moved.most),
                                    mass_text(moved.grams), published, mass_text(moved.low), mass_text(moved.high)));
    }
    if (const MovedBytes& moved = energy.uncounted; moved.bytes.value() > 0) {
        const bool all = energy.counted.bytes.value() == 0;
        notes.push_back(
            fmt::format("links: the energy of {} a request is not counted, for {} energy_per_byte; {} would add {} "
                        "to {}",
                        bytes_text(moved.bytes), all ? "no link states" : "not every link states", published,
                        mass_text(moved.low), mass_text(moved.high)));
    }
    return notes;
}

}  // namespace carbonedge
