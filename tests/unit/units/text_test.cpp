#include "lib/units/text.h"
#include "lib/base/errors.h"

#include <doctest/doctest.h>
#include <string>

namespace carbonedge {

TEST_CASE("quantities are read with their unit") {
    CHECK(parse_duration("50ms", "--slo").count() == 50'000'000);
    CHECK(parse_duration("1.5 s", "--slo").count() == 1'500'000'000);
    CHECK(parse_bytes("512MiB", "memory").value() == 536'870'912);
    CHECK(parse_bandwidth("100Mbit/s", "bandwidth").value() == doctest::Approx(12.5e6));
    CHECK(parse_intensity("530g/kWh", "intensity").value() == doctest::Approx(530));
    CHECK(parse_energy_per_byte("0.05kWh/GB", "energy").value() == doctest::Approx(180e-6));
    CHECK(parse_mass("30kg", "embodied").value() == doctest::Approx(30'000));
}

TEST_CASE("a bare number, an unknown unit, a negative and a non-number show the right form") {
    for (const std::string text : {"50", "50 parsecs", "-5ms", "ms", "", "nanms", "1e400ms", "50  ms", "9e18s"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(parse_duration(text, "--slo"), UsageError);
    }
    CHECK_THROWS_WITH(parse_duration("50", "--slo"),
                      "--slo: '50' has no unit, expected a quantity with its unit such as 50ms");
}

TEST_CASE("texts for people have three significant digits") {
    CHECK(duration_text(Seconds(0.01237)) == "12.4 ms");
    CHECK(duration_text(Seconds(0)) == "0 ns");
    CHECK(mass_text(GramsCo2e(0.00529)) == "5.29 mg");
    CHECK(bytes_text(Bytes(803'000)) == "803 kB");
    CHECK(energy_text(Joules(35.8)) == "35.8 J");
}

TEST_CASE("exact spellings read back to the same value") {
    for (const std::int64_t count : {0LL, 1LL, 999LL, 1'000LL, 50'000'000LL, 1'500'000'000LL, 60'000'000'000LL}) {
        CHECK(parse_duration(exact_duration(Nanoseconds(count)), "x").count() == count);
    }
    CHECK(number_text(0.1) == "0.1");
}

}  // namespace carbonedge
