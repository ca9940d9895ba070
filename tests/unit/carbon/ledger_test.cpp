#include "lib/carbon/ledger.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

EnergyReading joules(double value) {
    return {Joules(value), Joules(value / 2), Provenance::kEstimated, "model:cpu-seconds", "core-dynamic"};
}

}  // namespace

TEST_CASE("the published grams follow from 141 W and the published times") {
    struct Row {
        double milliseconds;
        double intensity;
        double grams;
    };
    for (const Row& row : {Row{254.85, 530, .00529}, Row{271.38, 620, .00659}, Row{272.02, 380, .00405}}) {
        const Joules energy = Watts(141) * Seconds(row.milliseconds / 1e3);
        const LedgerEntry entry =
            operational_entry(LedgerKind::kCompute, "n", "", joules(energy.value()), CarbonIntensity(row.intensity));
        CAPTURE(row.milliseconds);
        CHECK(entry.grams.value() == doctest::Approx(row.grams).epsilon(.5e-5 / row.grams));
    }
}

TEST_CASE("totals are taken by kind, and uncertainties add") {
    Ledger ledger{"l", IdlePolicy::kNone, {}};
    ledger.entries.push_back(operational_entry(LedgerKind::kCompute, "a", "", joules(3.6e6), CarbonIntensity(100)));
    ledger.entries.push_back(operational_entry(LedgerKind::kLink, "a>b", "", joules(7.2e6), CarbonIntensity(50)));
    LedgerEntry embodied;
    embodied.kind = LedgerKind::kEmbodied;
    embodied.grams = GramsCo2e(5);
    ledger.entries.push_back(embodied);

    CHECK(total_joules(ledger).value() == 10.8e6);
    CHECK(total_joules(ledger, LedgerKind::kLink).value() == 7.2e6);
    CHECK(total_grams(ledger).value() == 205);
    CHECK(total_grams(ledger, LedgerKind::kCompute).value() == 100);
    CHECK(total_uncertainty(ledger).value() == 5.4e6);
    CHECK(ledger_inconsistency(ledger) == 0);

    ledger.entries[0].grams = GramsCo2e(120.5);
    CHECK(ledger_inconsistency(ledger) == doctest::Approx(20.5 / 225.5));
}

TEST_CASE("embodied carbon is spread over the lifetime and counts only where both are given") {
    CHECK(embodied_share(GramsCo2e(100), Seconds(1000), Seconds(10)).value() == doctest::Approx(1));
    CHECK(embodied_share(GramsCo2e(100), Seconds(0), Seconds(10)).value() == 0);
    CHECK(embodied_share(GramsCo2e(0), Seconds(1000), Seconds(10)).value() == 0);
}

}  // namespace carbonedge
