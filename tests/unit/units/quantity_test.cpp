#include "lib/units/quantity.h"

#include <doctest/doctest.h>

namespace carbonedge {

TEST_CASE("the paper's ledger: watts and milliseconds become grams only through kilowatt-hours") {
    using namespace std::chrono_literals;
    // 141 W and the paper's three latencies and intensities (docs/cost_model.md).
    CHECK((Watts(141) * Seconds(254.85ms) * CarbonIntensity(530)).value() == doctest::Approx(0.00529).epsilon(0.002));
    CHECK((Watts(141) * Seconds(271.38ms) * CarbonIntensity(620)).value() == doctest::Approx(0.00659).epsilon(0.002));
    CHECK((Watts(141) * Seconds(272.02ms) * CarbonIntensity(380)).value() == doctest::Approx(0.00405).epsilon(0.002));
}

TEST_CASE("ratios of like quantities are numbers and time rounds to nanoseconds") {
    CHECK(Joules(3) / Joules(2) == doctest::Approx(1.5));
    CHECK(to_nanoseconds(Seconds(1.5e-9)).count() == 2);
    CHECK((Bytes(1000) / BytesPerSecond(500)).count() == doctest::Approx(2.0));
}

}  // namespace carbonedge
