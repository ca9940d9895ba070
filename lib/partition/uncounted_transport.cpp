#include "lib/partition/uncounted_transport.h"

#include "lib/units/text.h"

#include <fmt/format.h>
#include <cmath>

namespace carbonedge {

std::optional<UncountedTransport> uncounted_transport(const Plan& plan) {
    constexpr double kGramsPerIntensityAndByte = 1e-9;  // kWh/GB x g/kWh -> g/B
    double bytes = 0;
    double grams_of_one = 0;  // by 1 kWh/GB
    UncountedTransport uncounted;
    uncounted.all = true;
    for (const Pipeline& pipeline : plan.pipelines) {
        for (const PlannedTransfer& transfer : pipeline.transfers) {
            if (transfer.from == transfer.to || transfer.bytes.value() == 0 || pipeline.share == 0) continue;
            const Link link = link_between(plan.cluster, transfer.from, transfer.to);
            if (link.energy_per_byte > JoulesPerByte(0)) {
                uncounted.all = false;
                continue;
            }
            const double moved = static_cast<double>(transfer.bytes.value()) * pipeline.share;
            bytes += moved;
            grams_of_one += moved * kGramsPerIntensityAndByte *
                            link_intensity(plan.cluster, link, transfer.from, transfer.to).value();
        }
    }
    if (bytes == 0) return std::nullopt;
    uncounted.bytes = Bytes(std::llround(bytes));
    uncounted.low = GramsCo2e(grams_of_one * kLeastPublishedKilowattHoursPerGigabyte);
    uncounted.high = GramsCo2e(grams_of_one * kMostPublishedKilowattHoursPerGigabyte);
    return uncounted;
}

std::string uncounted_transport_note(const UncountedTransport& uncounted) {
    return fmt::format(
        "links: the energy of {} a request is not counted, for {} energy_per_byte; published figures of {} to {} "
        "kWh/GB "
        "would add {} to {}",
        bytes_text(uncounted.bytes), uncounted.all ? "no link states" : "not every link states",
        number_text(kLeastPublishedKilowattHoursPerGigabyte), number_text(kMostPublishedKilowattHoursPerGigabyte),
        mass_text(uncounted.low), mass_text(uncounted.high));
}

}  // namespace carbonedge
