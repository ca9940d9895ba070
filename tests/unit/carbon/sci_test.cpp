#include "lib/carbon/sci.h"

#include <doctest/doctest.h>

namespace carbonedge {

TEST_CASE("SCI is E times I plus M over one inference, and equals the ledger's total") {
    Ledger ledger;
    EnergyReading energy;
    energy.joules = Joules(7.2);
    ledger.entries.push_back(operational_entry(LedgerKind::kCompute, "a", "", energy, CarbonIntensity(300)));
    energy.joules = Joules(3.6);
    ledger.entries.push_back(operational_entry(LedgerKind::kTransport, "b", "", energy, CarbonIntensity(600)));
    LedgerEntry embodied;
    embodied.kind = LedgerKind::kEmbodied;
    embodied.grams = GramsCo2e(.0002);
    ledger.entries.push_back(embodied);

    const SciScore sci = sci_score(ledger);
    CHECK(sci.energy.value() == doctest::Approx(10.8));
    CHECK(sci.intensity.value() == doctest::Approx(400));
    CHECK(sci.embodied.value() == .0002);
    CHECK(sci.functional_units == 1);
    CHECK(sci.score().value() == doctest::Approx(.0012 + .0002));
    CHECK(sci.score().value() == doctest::Approx(total_grams(ledger).value()));
    CHECK(sci.boundary == "compute, transport");
}

TEST_CASE("SCI says what it does not hold") {
    Ledger ledger;
    EnergyReading energy;
    energy.joules = Joules(1);
    ledger.entries.push_back(operational_entry(LedgerKind::kCompute, "a", "", energy, CarbonIntensity(300)));
    CHECK(sci_score(ledger).boundary == "compute; no embodied carbon given");
    CHECK(sci_score(Ledger{}).score().value() == 0);
    CHECK(sci_score(Ledger{}).boundary == "nothing used energy; no embodied carbon given");
}

}  // namespace carbonedge
