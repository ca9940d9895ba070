#include "lib/report/runs_in_series.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

/// 100 g/kWh until 12:00, 300 from then to 13:00; average, direct.
IntensitySeries noon_series(const std::string& zone) {
    SeriesOrigin origin;
    origin.zone = zone;
    origin.scope = IntensityScope::kDirect;
    const UtcSeconds eleven = *parse_utc("2026-01-02T11:00Z");
    return {origin,
            {{eleven, CarbonIntensity(100), false}, {eleven + std::chrono::hours(1), CarbonIntensity(300), false}}};
}

/// One node of 36 kJ (0.01 kWh) in all, from half a minute before noon on for two minutes.
Subject run_over_noon() {
    Subject subject;
    subject.name = "green";
    Node node;
    node.name = "a";
    node.zone = "ZZ";
    node.intensity = CarbonIntensity(200);
    node.intensity_scope = "direct";
    subject.plan.cluster.nodes = {node};
    RunLog run;
    run.header.date_utc = "2026-01-02T11:59:30Z";
    NodeRecord record;
    record.node = "a";
    record.compute_energy.joules = Joules(30'000);
    record.transport_energy.joules = Joules(4'000);
    record.idle_energy = Joules(2'000);
    record.compute_grams = GramsCo2e(2);
    run.nodes = {record};
    RunEnd end;
    end.wall = std::chrono::minutes(2);
    run.end = end;
    subject.run = run;
    return subject;
}

}  // namespace

TEST_CASE("a run's joules are weighed with the exact mean of the series over its own time") {
    const std::vector<Subject> subjects{run_over_noon()};
    const Table table = runs_in_series(noon_series("ZZ"), subjects, SeriesPolicy{});
    REQUIRE(table.rows.size() == 1);
    CHECK(std::get<std::string>(table.rows[0][3]) == "2026-01-02T12:01:30Z");
    CHECK(std::get<Joules>(table.rows[0][4]) == Joules(36'000));
    CHECK(std::get<CarbonIntensity>(table.rows[0][5]) == CarbonIntensity(200));
    // 30 s at 100, 90 s at 300.
    CHECK(std::get<CarbonIntensity>(table.rows[0][6]).value() == doctest::Approx(250));
    CHECK(std::get<GramsCo2e>(table.rows[0][7]) == GramsCo2e(2));
    CHECK(std::get<GramsCo2e>(table.rows[0][8]).value() == doctest::Approx(2.5));
}

TEST_CASE("what a series cannot say of a run is a note and never a number") {
    std::vector<Subject> subjects{run_over_noon()};
    const auto only_note = [&](const IntensitySeries& series) {
        const Table table = runs_in_series(series, subjects, SeriesPolicy{});
        CHECK(table.rows.empty());
        REQUIRE(table.notes.size() == 1);
        return table.notes[0];
    };
    CHECK(only_note(noon_series("QQ")) == "green: no node lies in zone 'QQ'");
    subjects[0].run->header.date_utc = "2026-01-03T11:59:30Z";
    CHECK(only_note(noon_series("ZZ")).find("reaches outside the series") != std::string::npos);
    subjects[0] = run_over_noon();
    subjects[0].plan.cluster.nodes[0].intensity_scope = "lifecycle";
    CHECK(only_note(noon_series("ZZ")) ==
          "green, node a: its plan counts average and lifecycle, the series is average and direct: not comparable");
    subjects[0] = run_over_noon();
    subjects[0].run->end.reset();
    CHECK(only_note(noon_series("ZZ")) == "green: the log does not say when the run began and ended");
}

}  // namespace carbonedge
