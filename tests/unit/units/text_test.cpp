#include "lib/units/text.h"

#include "lib/base/errors.h"
#include "lib/base/random.h"

#include <doctest/doctest.h>
#include <clocale>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <locale>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace carbonedge {
namespace {

using Reader = std::function<double(std::string_view)>;

const Reader kDuration = [](std::string_view text) { return static_cast<double>(parse_duration(text, "x").count()); };
const Reader kLifetime = [](std::string_view text) { return parse_lifetime(text, "x").count(); };
const Reader kBytes = [](std::string_view text) { return static_cast<double>(parse_bytes(text, "x").value()); };
const Reader kBandwidth = [](std::string_view text) { return parse_bandwidth(text, "x").value(); };
const Reader kPower = [](std::string_view text) { return parse_power(text, "x").value(); };
const Reader kIntensity = [](std::string_view text) { return parse_intensity(text, "x").value(); };
const Reader kEnergyPerByte = [](std::string_view text) { return parse_energy_per_byte(text, "x").value(); };
const Reader kEnergy = [](std::string_view text) { return parse_energy(text, "x").value(); };
const Reader kMass = [](std::string_view text) { return parse_mass(text, "x").value(); };

}  // namespace

TEST_CASE("every unit is read with its factor") {
    const std::vector<std::pair<Reader, std::vector<std::pair<std::string, double>>>> tables = {
        {kDuration, {{"3ns", 3}, {"3us", 3e3}, {"3ms", 3e6}, {"3s", 3e9}, {"3min", 180e9}, {"3h", 10'800e9}}},
        {kLifetime,
         {{"2s", 2},
          {"2h", 7'200},
          {"1day", 86'400},
          {"2days", 172'800},
          {"1year", 31'557'600},
          {"4years", 126'230'400}}},
        {kBytes,
         {{"3B", 3},
          {"3kB", 3e3},
          {"3MB", 3e6},
          {"3GB", 3e9},
          {"3KiB", 3'072},
          {"3MiB", 3'145'728},
          {"3GiB", 3'221'225'472.0}}},
        {kBandwidth,
         {{"8bit/s", 1},
          {"8kbit/s", 1e3},
          {"8Mbit/s", 1e6},
          {"8Gbit/s", 1e9},
          {"8B/s", 8},
          {"8kB/s", 8e3},
          {"8MB/s", 8e6},
          {"8GB/s", 8e9},
          {"8KiB/s", 8'192},
          {"8MiB/s", 8'388'608},
          {"8GiB/s", 8'589'934'592.0}}},
        {kPower, {{"4.5W", 4.5}, {"4.5mW", 4.5e-3}, {"4.5kW", 4.5e3}}},
        {kIntensity, {{"530g/kWh", 530}, {"530gCO2e/kWh", 530}, {"530gCO2eq/kWh", 530}, {"530kg/MWh", 530}}},
        {kEnergyPerByte, {{"0.05kWh/GB", 180e-6}, {"5J/B", 5}, {"5J/GB", 5e-9}, {"5J/MB", 5e-6}, {"5nJ/B", 5e-9}}},
        {kEnergy, {{"3J", 3}, {"3mJ", 3e-3}, {"3kJ", 3e3}, {"3Wh", 10'800}, {"3kWh", 10'800'000}}},
        {kMass, {{"3g", 3}, {"3ug", 3e-6}, {"3mg", 3e-3}, {"3kg", 3e3}}},
    };
    for (const auto& [reader, rows] : tables) {
        for (const auto& [text, expected] : rows) {
            CAPTURE(text);
            CHECK(reader(text) == doctest::Approx(expected).epsilon(1e-14));
        }
    }
}

TEST_CASE("numbers may have decimals, an exponent and one space before the unit") {
    CHECK(parse_duration("1.5 s", "x").count() == 1'500'000'000);
    CHECK(parse_duration("2.5e-1ms", "x").count() == 250'000);
    CHECK(parse_duration("0s", "x").count() == 0);
    CHECK(parse_bytes("0.5KiB", "x").value() == 512);
}

TEST_CASE("what is no quantity is refused with its reason and the right form") {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"50", "has no unit"},
        {"50 ", "has no unit"},
        {"50 parsecs", "has the unknown unit 'parsecs'"},
        {"50  ms", "has the unknown unit ' ms'"},
        {"50MS", "has the unknown unit 'MS'"},
        {"50,5ms", "has the unknown unit ',5ms'"},
        {"1_000ms", "has the unknown unit '_000ms'"},
        {"0x10ms", "has the unknown unit 'x10ms'"},
        {"-5ms", "is negative"},
        {"+5ms", "is not a number"},
        {" 5ms", "is not a number"},
        {"ms", "is not a number"},
        {"", "is not a number"},
        {"nanms", "is not a number"},
        {"infms", "is not a number"},
        {"1e5000ms", "is not a number"},
        {"9.3e9s", "is too large"},
        {"9223372036854775808ns", "is too large"},
    };
    for (const auto& [text, problem] : cases) {
        CAPTURE(text);
        CHECK_THROWS_WITH_AS(
            parse_duration(text, "--slo"),
            ("--slo: '" + text + "' " + problem + ", expected a quantity with its unit such as 50ms").c_str(),
            UsageError);
    }
    CHECK_THROWS_WITH_AS(parse_bandwidth("1e305GB/s", "bandwidth"),
                         "bandwidth: '1e305GB/s' is too large, expected a quantity with its unit such as 100Mbit/s",
                         UsageError);
}

TEST_CASE("a bandwidth of 0 carries nothing") {
    for (const std::string_view text : {"0Mbit/s", "0B/s", "0.0GB/s", "0e3 kbit/s"}) {
        CAPTURE(text);
        CHECK_THROWS_WITH_AS(parse_bandwidth(text, "bandwidth"),
                             "bandwidth: 0 carries nothing; leave it out where a link is not limited", UsageError);
    }
    CHECK(parse_bandwidth("0.001bit/s", "bandwidth") > BytesPerSecond(0));
}

TEST_CASE("each reader shows its own right form and accepts it") {
    const std::vector<std::pair<Reader, std::string>> forms = {
        {kDuration, "50ms"},
        {kLifetime, "4years"},
        {kBytes, "512MiB"},
        {kBandwidth, "100Mbit/s"},
        {kPower, "4.5W"},
        {kIntensity, "530g/kWh"},
        {kEnergyPerByte, "0.05kWh/GB"},
        {kEnergy, "3J"},
        {kMass, "30kg"},
    };
    for (const auto& [reader, form] : forms) {
        CAPTURE(form);
        CHECK_NOTHROW(reader(form));
        CHECK_THROWS_WITH_AS(
            reader("1"), ("x: '1' has no unit, expected a quantity with its unit such as " + form).c_str(), UsageError);
    }
}

TEST_CASE("plain numbers have no unit and no rest") {
    CHECK(parse_number("0.6", "cpus") == 0.6);
    CHECK(parse_number("-1e-3", "cpus") == -0.001);
    for (const std::string text : {"", "0.6x", "0,6", "nan", "inf", " 1", "1 "}) {
        CAPTURE(text);
        CHECK_THROWS_WITH_AS(parse_number(text, "cpus"),
                             ("cpus: '" + text + "' is not a number, expected one such as 0.6").c_str(), UsageError);
    }
}

TEST_CASE("texts for people have three significant digits and a fitting unit") {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {duration_text(Seconds(0)), "0 ns"},
        {duration_text(Seconds(0.01237)), "12.4 ms"},
        {duration_text(Seconds(0.9994e-3)), "999 us"},
        {duration_text(Seconds(0.99951e-3)), "1.00 ms"},
        {duration_text(Seconds(0.99996)), "1.00 s"},
        {duration_text(Seconds(9.994)), "9.99 s"},
        {duration_text(Seconds(9.996)), "10.0 s"},
        {duration_text(Seconds(99.96)), "100 s"},
        {duration_text(Seconds(7'200)), "7200 s"},
        {duration_text(Seconds(-0.5)), "-500 ms"},
        {duration_text(Seconds(std::numeric_limits<double>::quiet_NaN())), "-"},
        {duration_text(Seconds(std::numeric_limits<double>::infinity())), "-"},
        {bytes_text(Bytes(999)), "999 B"},
        {bytes_text(Bytes(803'000)), "803 kB"},
        {bytes_text(Bytes(3'500'000)), "3.50 MB"},
        {bytes_text(Bytes(999'999'999)), "1.00 GB"},
        {energy_text(Joules(35.8)), "35.8 J"},
        {energy_text(Joules(2.5e-7)), "250 nJ"},
        {energy_text(Joules(3.6e6)), "3.60 MJ"},
        {power_text(Watts(141)), "141 W"},
        {power_text(Watts(0.25)), "250 mW"},
        {mass_text(GramsCo2e(0.00529)), "5.29 mg"},
        {mass_text(GramsCo2e(-0.001242)), "-1.24 mg"},
        {mass_text(GramsCo2e(2.5e6)), "2.50 t"},
        {intensity_text(CarbonIntensity(530)), "530 g/kWh"},
        {bandwidth_text(BytesPerSecond(12.5e6)), "100 Mbit/s"},
        {bandwidth_text(BytesPerSecond(125e6)), "1.00 Gbit/s"},
    };
    for (const auto& [text, expected] : cases) CHECK(text == expected);
}

TEST_CASE("exact spellings read back to the same count at every size") {
    for (const std::int64_t count : {0LL, 1LL, 999LL, 1'000LL, 50'000'000LL, 1'500'000'000LL, 60'000'000'000LL,
                                     9'007'199'254'740'993LL, 9'223'372'036'854'775'807LL}) {
        CAPTURE(count);
        CHECK(parse_duration(exact_duration(Nanoseconds(count)), "x").count() == count);
        CHECK(parse_bytes(std::to_string(count) + "B", "x").value() == count);
    }
    CHECK(exact_duration(Nanoseconds(1'500'000'000)) == "1500ms");
    CHECK(exact_duration(Nanoseconds(50'000'001)) == "50000001ns");
    SeededRandom random(3);
    for (int i = 0; i < 2'000; ++i) {
        const auto count = static_cast<std::int64_t>(random.next() >> random.below(63) >> 1U);
        REQUIRE(parse_duration(exact_duration(Nanoseconds(count)), "x").count() == count);
    }
}

TEST_CASE("numbers in files are short and read back to the same double") {
    CHECK(number_text(0.1) == "0.1");
    CHECK(number_text(100'000) == "100000");
    CHECK(number_text(-3e14) == "-300000000000000");
    CHECK(number_text(1e15) == "1e+15");
    CHECK(number_text(1e-9) == "1e-09");
    CHECK(number_text(530) == "530");
    CHECK(number_text(-0.0) == "-0");
    CHECK(number_text(std::numeric_limits<double>::denorm_min()) == "5e-324");
    CHECK(number_text(std::numeric_limits<double>::max()) == "1.7976931348623157e+308");
    SeededRandom random(5);
    for (int i = 0; i < 2'000; ++i) {
        const double number = random.normal() * std::pow(10.0, random.uniform(-30, 30));
        REQUIRE(parse_number(number_text(number), "x") == number);
    }
}

TEST_CASE("a locale with a decimal comma changes nothing") {
    struct Comma : std::numpunct<char> {
        char do_decimal_point() const override { return ','; }
        char do_thousands_sep() const override { return '.'; }
        std::string do_grouping() const override { return "\3"; }
    };
    const std::locale before = std::locale::global(std::locale(std::locale::classic(), new Comma));
    // Where the system has a German locale, the C library's own functions are under test as well.
    const char* c_locale = std::setlocale(LC_ALL, "de_DE.UTF-8");
    const std::string seconds = duration_text(Seconds(1.25));
    const std::string number = number_text(1234567.5);
    const double read = parse_number("1234567.5", "x");
    const auto duration = parse_duration("1.5ms", "x");
    std::ostringstream proof;
    proof << 1234.5;
    if (c_locale != nullptr) std::setlocale(LC_ALL, "C");
    std::locale::global(before);
    CHECK(proof.str() == "1.234,5");  // the locale was in force
    CHECK(seconds == "1.25 s");
    CHECK(number == "1234567.5");
    CHECK(read == 1234567.5);
    CHECK(duration.count() == 1'500'000);
}

}  // namespace carbonedge
