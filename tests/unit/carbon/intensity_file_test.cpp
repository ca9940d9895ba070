#include "lib/carbon/intensity_file.h"
#include "lib/base/atomic_file.h"
#include "lib/base/errors.h"
#include "tests/support/shared_inputs.h"
#include "tests/support/skip.h"

#include <doctest/doctest.h>
#include <sstream>
#include <string>
#include <vector>

namespace carbonedge {
namespace {

const IntensityChoice kDirect{IntensityScope::kDirect, {}, ""};
const IntensityChoice kLifecycle{IntensityScope::kLifecycle, {}, ""};
const IntensityChoice kOtherZone{IntensityScope::kDirect, {}, "QQ"};
const IntensityChoice kMarginal{IntensityScope::kDirect, IntensitySignal::kMarginal, ""};

// Made up; the header lines are the publishers'.
const std::string kOldHeader =
    "Datetime (UTC),Country,Zone Name,Zone Id,Carbon Intensity gCO₂eq/kWh (direct),Carbon Intensity gCO₂eq/kWh (LCA),"
    "Low Carbon Percentage,Renewable Percentage,Data Source,Data Estimated,Data Estimation Method\n";
const std::string kNewHeader =
    "Datetime (UTC),Country,Zone name,Zone id,Carbon intensity gCO₂eq/kWh (direct),Carbon intensity gCO₂eq/kWh (Life "
    "cycle),Carbon-free energy percentage (CFE%),Renewable energy percentage (RE%),Data source,Data estimated,Data "
    "estimation method\n";

}  // namespace

TEST_CASE("Electricity Maps CSV of every header generation, by column name") {
    const std::string rows =
        "2023-01-01 00:00:00,A,B,ZZ,100.5,150,1,1,s,false,\n2023-01-01 01:00:00,A,B,ZZ,110,,1,1,s,true,M\n";
    for (const std::string& header : {kOldHeader, kNewHeader, "\xEF\xBB\xBF" + kOldHeader}) {
        const IntensitySeries direct = read_intensity(header + rows, "x.csv", kDirect);
        REQUIRE(direct.samples().size() == 2);
        CHECK(direct.origin().zone == "ZZ");
        CHECK(direct.origin().scope == IntensityScope::kDirect);
        CHECK(direct.samples()[0].intensity.value() == 100.5);
        CHECK_FALSE(direct.samples()[0].estimated);
        CHECK(direct.samples()[1].estimated);
        const IntensitySeries lifecycle = read_intensity(header + rows, "x.csv", kLifecycle);
        CHECK(lifecycle.samples().size() == 1);
        CHECK_THROWS_WITH(
            read_intensity(header + rows, "x.csv", {}),
            "x.csv:1: holds direct and lifecycle intensities: say which, --scope direct or --scope lifecycle");
    }
    std::string plain = kOldHeader;
    for (std::size_t at = plain.find("₂"); at != std::string::npos; at = plain.find("₂")) plain.replace(at, 3, "2");
    CHECK(read_intensity(plain + rows, "x.csv", kDirect).samples().size() == 2);
    const std::string dump =
        "timestamp,zone_datetime,status,zone_name,carbon_intensity_avg,carbon_intensity_unit,fossilFuelPercentage\n"
        "1659475811,2022-08-02T20:00:00.000Z,ok,BE,196,gCO2eq/"
        "kWh,31\n1659477612,2022-08-02T21:00:00.000Z,ok,BE,201,gCO2eq/kWh,33\n";
    const IntensitySeries mesoscale = read_intensity(dump, "be.csv", kLifecycle);
    CHECK(utc_text(mesoscale.begin()) == "2022-08-02T20:00:00Z");
    CHECK(mesoscale.samples().size() == 2);
}

TEST_CASE("what a CSV does not say has to be said, and what is wrong names its line") {
    const std::string first = kOldHeader + "2023-01-01 00:00:00,A,B,ZZ,100,150,1,1,s,false,\n";
    struct Case {
        std::string text;
        IntensityChoice choice;
        std::string message;
    };
    const std::vector<Case> cases{
        {first + "2023-01-01 01:00:00,A,B,YY,100,150,1,1,s,false,\n", kDirect,
         "x.csv:3: holds the zones 'ZZ' and 'YY': say which, --zone YY"},
        {first + "yesterday,A,B,ZZ,100,150,1,1,s,false,\n", kDirect,
         "x.csv:3: the time 'yesterday' is none, expected one such as 2023-01-01 00:00:00 (UTC)"},
        {first + "2023-01-01 01:00:00,A,B,ZZ,-4,150,1,1,s,false,\n", kDirect,
         "x.csv:3: the intensity '-4' is not a number from 0 to 1000000 g/kWh"},
        {first, kOtherZone, "x.csv: holds no intensity of zone 'QQ'; it has zone 'ZZ'"},
        {first, kMarginal, "x.csv:1: holds average intensities, --signal marginal was asked for"},
        {"a,b\n1,2\n", kDirect,
         "x.csv:1: has no column of intensities, expected one such as 'Carbon intensity gCO2eq/kWh (direct)' or "
         "'carbon_intensity_avg'"},
        {"  \n", kDirect, "x.csv: is empty, a file of carbon intensities was expected"}};
    for (const Case& wrong : cases) {
        CAPTURE(wrong.message);
        CHECK_THROWS_WITH_AS(read_intensity(wrong.text, "x.csv", wrong.choice), wrong.message.c_str(), InputError);
    }
}

TEST_CASE("the services' JSON answers, each with its unit, signal and scope") {
    const std::string watttime =
        R"({"data":[{"point_time":"2024-01-01T00:00:00+00:00","value":1000.0},{"point_time":"2024-01-01T00:05:00+00:00","value":null},
           {"point_time":"2024-01-01T00:10:00+00:00","value":800}],
           "meta":{"region":"CAISO_NORTH","signal_type":"co2_moer","units":"lbs_co2_per_mwh","data_point_period_seconds":300}})";
    const IntensitySeries marginal = read_intensity(watttime, "w.json", {});
    CHECK(marginal.origin().signal == IntensitySignal::kMarginal);
    CHECK(marginal.origin().zone == "CAISO_NORTH");
    REQUIRE(marginal.samples().size() == 2);
    CHECK(marginal.samples()[0].intensity.value() == doctest::Approx(453.59237));
    CHECK_THROWS_AS(read_intensity(watttime, "w.json", {{}, IntensitySignal::kAverage, ""}), InputError);

    const std::string uk =
        R"({"data":[{"from":"2018-01-20T12:00Z","to":"2018-01-20T12:30Z","intensity":{"forecast":266,"actual":263,"index":"moderate"}},
        {"from":"2018-01-20T12:30Z","to":"2018-01-20T13:00Z","intensity":{"forecast":270,"actual":null,"index":"moderate"}}]})";
    const IntensitySeries british = read_intensity(uk, "uk.json", {});
    CHECK(british.samples()[0].intensity.value() == 263);
    CHECK(british.samples()[1].estimated);
    CHECK(british.period() == std::chrono::minutes(30));

    const std::string sdk =
        R"([{"Location":"eastus","Time":"2024-01-01T00:00:00+00:00","Rating":400,"Duration":"01:00:00"},
        {"Location":"eastus","Time":"2024-01-01T01:00:00+00:00","Rating":-1,"Duration":"01:00:00"}])";
    CHECK_THROWS_AS(read_intensity(sdk, "sdk.json", {}), InputError);
    CHECK(read_intensity(sdk, "sdk.json", {IntensityScope::kDirect, IntensitySignal::kMarginal, ""}).samples().size() ==
          1);

    const std::string maps =
        R"({"zone":"DE","history":[{"zone":"DE","carbonIntensity":300,"datetime":"2024-01-01T00:00:00.000Z","emissionFactorType":"lifecycle","isEstimated":true}]})";
    CHECK(read_intensity(maps, "em.json", {}).origin().scope == IntensityScope::kLifecycle);
    CHECK_THROWS_AS(read_intensity(maps, "em.json", kDirect), InputError);
    CHECK_THROWS_AS(read_intensity(R"({"hello": 1})", "x.json", {}), InputError);
    CHECK_THROWS_AS(
        read_intensity(R"({"zone":"DE","carbonIntensity":300,"datetime":"2024-01-01T00:00:00Z"})", "x.json", {}),
        InputError);
}

TEST_CASE("our own form reads back to the same series, byte for byte") {
    const IntensitySeries series(
        {"DE", IntensitySignal::kMarginal, IntensityScope::kDirect, IntensityKind::kForecast, "a \"b\"", "c"},
        {{UtcSeconds(std::chrono::hours(1)), CarbonIntensity(0.1), true},
         {UtcSeconds(std::chrono::hours(2)), CarbonIntensity(300), false}});
    const std::string text = write_intensity(series);
    const IntensitySeries again = read_intensity(text, "i.csv", {});
    CHECK(again.origin() == series.origin());
    CHECK(again.samples() == series.samples());
    CHECK(write_intensity(again) == text);
}

TEST_CASE("the public 2023 series have the published means") {
    // Means of the direct intensity, from the field's survey of these files.
    const std::vector<std::pair<std::string, double>> means{
        {"AU-NSW", 502.1},      {"AU-VIC", 458.2},     {"BR-SP", 56.1},        {"CA-ON", 46.9},
        {"CL-SIC", 220.6},      {"DE-LU", 307.7},      {"GB", 128.6},          {"IN-WE", 691.1},
        {"JP-TK", 449.9},       {"KR", 378.2},         {"SG", 369.2},          {"US-CAL-CISO", 194.0},
        {"US-MIDA-PJM", 321.8}, {"US-NY-NYIS", 209.7}, {"US-TEX-ERCO", 316.7}, {"ZA", 644.5}};
    for (const auto& [zone, expected] : means) {
        const auto path = shared_input("carbon_intensity/hourly_2023/" + zone + ".csv");
        if (!path) {
            skip_test("no shared data with carbon intensities");
            return;
        }
        CAPTURE(zone);
        std::istringstream no_input;
        const IntensitySeries series = read_intensity(read_input(path->string(), no_input), zone + ".csv", kDirect);
        double sum = 0;
        for (const IntensitySample& sample : series.samples()) sum += sample.intensity.value();
        CHECK(std::abs(sum / static_cast<double>(series.samples().size()) - expected) <= 0.1);
    }
}

TEST_CASE("every public mesoscale series of 2022 loads") {
    const auto folder = shared_input("carbon_intensity/mesoscale_2022");
    if (!folder) {
        skip_test("no shared data with carbon intensities");
        return;
    }
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
        CAPTURE(entry.path().string());
        std::istringstream no_input;
        const IntensitySeries series =
            read_intensity(read_input(entry.path().string(), no_input), entry.path().filename(), kLifecycle);
        CHECK(series.origin().zone == entry.path().stem().string());
        CHECK(series.period() == std::chrono::hours(1));
        CHECK(series.samples().size() > 2000);
        ++files;
    }
    CHECK(files == 12);
}

}  // namespace carbonedge
