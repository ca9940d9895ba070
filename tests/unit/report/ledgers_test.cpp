#include "lib/report/ledgers.h"
#include "tests/unit/report/sample_subjects.h"

#include <doctest/doctest.h>

namespace carbonedge {

using std::chrono::milliseconds;

TEST_CASE("a plan's ledger has its totals, line by line") {
    const Plan plan = two_stage_plan("split");
    const Ledger ledger = predicted_ledger(plan, "split");
    CHECK(total_joules(ledger).value() == doctest::Approx(plan.predicted.parts.joules().value()));
    CHECK(total_grams(ledger).value() == doctest::Approx(plan.predicted.parts.grams().value()));
    CHECK(total_uncertainty(ledger).value() == doctest::Approx(plan.predicted.uncertainty.value()));
    CHECK(ledger_inconsistency(ledger) < 1e-12);
    REQUIRE(ledger.entries.size() == 5);  // compute and transport on two nodes, one link with joules
    const LedgerEntry& compute = ledger.entries[0];
    CHECK(compute.kind == LedgerKind::kCompute);
    CHECK(compute.place == "high");
    CHECK(compute.zone == "zone-high");
    CHECK(compute.cpu_time.count() == doctest::Approx(.1));
    CHECK(compute.signal == "average");
    CHECK(ledger.entries[1].cpu_time.count() == doctest::Approx(.02));
    CHECK(ledger.entries[4].kind == LedgerKind::kLink);
    CHECK(ledger.entries[4].place == "high>green");
    CHECK(ledger.entries[4].intensity.value() == doctest::Approx(500));
}

TEST_CASE("several pipelines count by the share of the requests that each gets") {
    Plan plan = single_node_plan("routed", "high");
    plan.pipelines.push_back(single_node_plan("", "green").pipelines[0]);
    plan.pipelines[0].share = .25;
    plan.pipelines[1].share = .75;
    const Ledger ledger = predicted_ledger(plan, "routed");
    CHECK(total_joules(ledger).value() == doctest::Approx(3));
    CHECK(total_grams(ledger).value() == doctest::Approx(3 / 3.6e6 * (.25 * 620 + .75 * 380)));
}

TEST_CASE("a run's ledger is its totals by the requests answered") {
    const Plan plan = single_node_plan("mono", "medium");
    RunLog run = sample_run(plan, 11);
    run.end->link_energy = Joules(2.2);
    run.end->link_grams = Joules(2.2) * CarbonIntensity(100);
    const auto ledger = recorded_ledger(run, plan, "mono");
    REQUIRE(ledger);
    REQUIRE(ledger->entries.size() == 3);
    CHECK(ledger->entries[0].energy.joules.value() == doctest::Approx(3.05));
    CHECK(ledger->entries[0].cpu_time.count() == doctest::Approx(.305));
    CHECK(ledger->entries[0].time_utc == "2026-01-02T03:04:05Z");
    CHECK(ledger->entries[1].energy.joules.value() == doctest::Approx(.1));
    CHECK(ledger->entries[2].energy.joules.value() == doctest::Approx(.2));
    CHECK(ledger->entries[2].intensity.value() == doctest::Approx(100));
    CHECK(total_grams(*ledger).value() == doctest::Approx((3.15 * 530 + .2 * 100) / 3.6e6));

    SUBCASE("failed requests are charged to those answered") {
        run.requests[0].ok = false;
        CHECK(total_joules(*recorded_ledger(run, plan, "mono")).value() == doctest::Approx(3.35 * 11 / 10));
    }
    SUBCASE("a log without totals or answers has none") {
        run.nodes.clear();
        CHECK_FALSE(recorded_ledger(run, plan, "mono"));
        CHECK_FALSE(recorded_ledger(sample_run(plan, 0), plan, "mono"));
    }
}

TEST_CASE("the spread of grams over requests holds the mean") {
    const Plan plan = single_node_plan("mono", "medium");
    const RunLog run = sample_run(plan, 41);
    const auto ledger = recorded_ledger(run, plan, "mono");
    const auto spread = energy_spread(run, *ledger, 1);
    REQUIRE(spread);
    CHECK(spread->joules.low < total_joules(*ledger).value());
    CHECK(spread->joules.high > total_joules(*ledger).value());
    CHECK(spread->grams.low < total_grams(*ledger).value());
    CHECK(spread->grams.high > total_grams(*ledger).value());
    CHECK(spread->joules.half_width() == doctest::Approx(.036).epsilon(.15));  // 1.96 * 10 W * 12 ms / sqrt(41)
    CHECK_FALSE(energy_spread(sample_run(plan, 4), *ledger, 1));
}

}  // namespace carbonedge
