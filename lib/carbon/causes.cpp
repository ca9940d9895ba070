#include "lib/carbon/causes.h"

#include "lib/carbon/shapley.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace carbonedge {
namespace {

enum Cause : std::uint32_t { kElectricity = 1, kTime = 2, kPower = 4, kOverhead = 8, kEmbodied = 16 };
constexpr unsigned kCauses = 5;

bool uses_joules(const CarbonFactors& factors) {
    return (factors.power * factors.cpu_time + factors.overhead).value() != 0;
}

/// Factors that two ledgers arrived at by different divisions may differ in their last bits; no cause has acted there.
template <class Factor>
void take_equal(const Factor& from, Factor& to) {
    constexpr double kRounding = 1e-12;
    const double before = from.value();
    const double after = to.value();
    if (std::abs(after - before) <= kRounding * std::max(std::abs(before), std::abs(after))) to = from;
}

/// The account in which the causes in `changed` have already happened.
CarbonFactors blend(const CarbonFactors& before, const CarbonFactors& after, std::uint32_t changed) {
    const auto from = [&](Cause cause) -> const CarbonFactors& { return (changed & cause) != 0 ? after : before; };
    return {from(kElectricity).intensity, from(kTime).cpu_time, from(kPower).power, from(kOverhead).overhead,
            from(kEmbodied).embodied};
}

}  // namespace

CarbonFactors carbon_factors(const Ledger& ledger) {
    CarbonFactors factors;
    Joules compute;
    Joules operational;
    GramsCo2e operational_grams;
    for (const LedgerEntry& entry : ledger.entries) {
        if (entry.kind == LedgerKind::kEmbodied) {
            factors.embodied += entry.grams;
            continue;
        }
        operational += entry.energy.joules;
        operational_grams += entry.grams;
        if (entry.kind == LedgerKind::kCompute) {
            compute += entry.energy.joules;
            factors.cpu_time += entry.cpu_time;
        } else {
            factors.overhead += entry.energy.joules;
        }
    }
    if (operational.value() != 0) {
        factors.intensity = CarbonIntensity(operational_grams.value() / (operational.value() / kJoulesPerKilowattHour));
    }
    if (factors.cpu_time.count() > 0) {
        factors.power = compute / factors.cpu_time;
    } else {
        factors.overhead += compute;  // joules without a CPU time cannot be a product; they stay in the account
    }
    return factors;
}

CauseSplit split_difference(const CarbonFactors& before, const CarbonFactors& after) {
    CarbonFactors from = before;
    CarbonFactors to = after;
    if (!uses_joules(from)) from.intensity = to.intensity;
    if (!uses_joules(to)) to.intensity = from.intensity;
    if (from.cpu_time.count() == 0) from.power = to.power;
    if (to.cpu_time.count() == 0) to.power = from.power;
    take_equal(from.power, to.power);
    take_equal(from.intensity, to.intensity);

    const auto shares =
        shapley_values(kCauses, [&](std::uint32_t changed) { return blend(from, to, changed).grams().value(); });
    return {GramsCo2e(shares[0]), GramsCo2e(shares[1]), GramsCo2e(shares[2]), GramsCo2e(shares[3]),
            GramsCo2e(shares[4])};
}

}  // namespace carbonedge
