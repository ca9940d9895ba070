#include "lib/gate/rules.h"

#include "tests/support/error_text.h"

#include <doctest/doctest.h>

namespace carbonedge {

TEST_CASE("gate rules: a file with everything in it") {
    const GateRules rules = read_gate_rules(
        "[gate]\nschema = carbonedge.gate/1\nconfidence = 95%\npass_confidence = 90 %\nintensity = 380g/kWh\n"
        "[noise]\nruns = 12%\nsessions = 4%\n"
        "[latency]\nlimit = 3%\nfloor = 100us\n"
        "[energy.layer]\nlimit = 5%\nfloor = 1mJ\n"
        "[bytes.layer.features.3.conv]\nlimit = 0%\nfloor = 1kB\n",
        "gate.ini");
    CHECK(rules.confidence == doctest::Approx(0.95));
    CHECK(rules.pass_confidence == doctest::Approx(0.9));
    CHECK(rules.noise_of_runs == doctest::Approx(0.12));
    CHECK(rules.noise_of_sessions == doctest::Approx(0.04));
    CHECK(rules.intensity == CarbonIntensity(380));
    const auto total = rules.limit_of({GateMetric::kLatency, GateScope::kTotal, ""});
    REQUIRE(total);
    CHECK(total->relative == doctest::Approx(0.03));
    CHECK(total->floor == doctest::Approx(100e-6));
    CHECK(rules.limit_of({GateMetric::kEnergy, GateScope::kLayer, "any"})->floor == doctest::Approx(1e-3));
    CHECK(rules.limit_of({GateMetric::kBytes, GateScope::kLayer, "features.3.conv"})->floor == 1000);
    CHECK_FALSE(rules.limit_of({GateMetric::kBytes, GateScope::kLayer, "features.4"}));
    CHECK_FALSE(rules.limit_of({GateMetric::kEnergy, GateScope::kTotal, ""}));
    CHECK(rules.is_named({GateMetric::kBytes, GateScope::kLayer, "features.3.conv"}));
    CHECK_FALSE(rules.is_named({GateMetric::kEnergy, GateScope::kLayer, "any"}));
    CHECK(read_gate_rules(write_gate_rules(rules), "again") == rules);
}

TEST_CASE("gate rules: what is refused, and where") {
    struct Row {
        const char* text;
        const char* message;
    };
    const Row rows[] = {
        {"[gate]\nconfidence = 99%\n", "g: limits nothing; expected a section such as [latency] with limit = 3%"},
        {"[latency]\nlimit = 3\n", "g:2: limit: '3' is no share from 0% to 10000%, expected one such as 3%"},
        {"[latency]\nlimit = -3%\n", "g:2: limit: '-3%' is no share from 0% to 10000%, expected one such as 3%"},
        {"[latency]\nlimit = nan%\n", "g:2: limit: 'nan%' is no share from 0% to 10000%, expected one such as 3%"},
        {"[latency]\nfloor = 1ms\n", "g:1: missing key 'limit' in [latency], such as limit = 3%"},
        {"[gate]\nconfidence = 100%\n[latency]\nlimit = 3%\n",
         "g:2: confidence: '100%' is no share from 80% to 99.99%, expected one such as 3%"},
        {"[gate]\nschema = carbonedge.gate/2\n[latency]\nlimit = 3%\n",
         "g:2: has schema version 2, this carbonedge reads up to 1; use a newer carbonedge"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(error_text([&] { (void)read_gate_rules(row.text, "g"); }) == row.message);
    }
    // Longer ones by their beginning.
    const Row beginnings[] = {
        {"[latncy]\nlimit = 3%\n", "g:1: unknown section 'latncy' (did you mean 'latency'?)"},
        {"[latency.total.x]\nlimit = 3%\n", "g:1: unknown section 'latency.total.x'"},
        {"[latency.layer.]\nlimit = 3%\n", "g:1: '[latency.layer.]' is no section"},
        {"[latency]\nlimt = 3%\n", "g:2: unknown key in [latency]: 'limt' (did you mean 'limit'?)"},
        {"[energy]\nlimit = 3%\nfloor = 1ms\n", "g:3: floor: '1ms'"},
    };
    for (const Row& row : beginnings) {
        CAPTURE(row.text);
        const std::string message = error_text([&] { (void)read_gate_rules(row.text, "g"); });
        CAPTURE(message);
        CHECK(message.starts_with(row.message));
    }
}

}  // namespace carbonedge
