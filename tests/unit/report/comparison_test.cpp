#include "lib/report/comparison.h"
#include "lib/base/errors.h"
#include "lib/report/comparability.h"
#include "lib/report/ledgers.h"
#include "tests/unit/report/sample_subjects.h"

#include <doctest/doctest.h>
#include <cmath>
#include <functional>

namespace carbonedge {
namespace {

const Table& policies(const Document& document) { return std::get<Table>(main_section(document)); }

Cell cell(const Table& table, std::size_t row, const std::string& name) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        if (machine_name(table.columns[i]) == name) return table.rows.at(row)[i];
    }
    FAIL("no column ", name);
    return {};
}

double grams(const Table& table, std::size_t row, const std::string& name) {
    return std::get<GramsCo2e>(cell(table, row, name)).value();
}

bool has_note(const Table& table, const std::string& part) {
    for (const std::string& note : table.notes) {
        if (note.find(part) != std::string::npos) return true;
    }
    return false;
}

}  // namespace

TEST_CASE("a comparison has a row a policy, predicted beside run, and differences that are their causes") {
    const std::vector<Subject> subjects{run_of(single_node_plan("performance", "high"), 21),
                                        run_of(single_node_plan("monolithic", "medium"), 21),
                                        run_of(two_stage_plan("split"), 21)};
    const Document document = compare(subjects, {});
    const Table& table = policies(document);
    REQUIRE(table.rows.size() == 3);
    CHECK(std::get<std::string>(cell(table, 2, "nodes")) == "high > green");
    CHECK(std::get<std::string>(cell(table, 0, "status")) == "complete");
    CHECK(std::get<Nanoseconds>(cell(table, 0, "run_latency_median_ns")).count() == 320'000'000);
    CHECK(std::get<Nanoseconds>(cell(table, 0, "predicted_latency_median_ns")).count() == 302'000'000);
    CHECK(std::get<double>(cell(table, 0, "latency_median_error_percent")) == doctest::Approx((302. / 320 - 1) * 100));
    CHECK(std::get<std::string>(cell(table, 0, "energy_provenance")) == "estimated");

    CHECK(std::holds_alternative<std::monostate>(cell(table, 1, "carbon_difference_gco2e")));
    const double baseline = grams(table, 1, "run_carbon_gco2e");
    for (const std::size_t row : {0, 2}) {
        const double difference = grams(table, row, "carbon_difference_gco2e");
        CHECK(difference == doctest::Approx(grams(table, row, "run_carbon_gco2e") - baseline));
        double sum = 0;
        for (const char* cause : {"electricity", "time", "power", "overhead", "embodied"}) {
            sum += grams(table, row, std::string("difference_") + cause + "_gco2e");
        }
        CHECK(sum == doctest::Approx(difference).epsilon(1e-12));
        CHECK(std::get<std::string>(cell(table, row, "difference_basis")) == "run");
        CHECK(std::get<double>(cell(table, row, "carbon_change_percent")) ==
              doctest::Approx(difference / baseline * 100));
    }
    // Same CPU time, power and transport on another grid: all of it is electricity.
    CHECK(grams(table, 0, "difference_electricity_gco2e") == doctest::Approx(3.2 * 90 / 3.6e6));
    CHECK(std::abs(grams(table, 0, "difference_time_gco2e")) < 1e-15);
    CHECK(has_note(table, "differences are to monolithic"));
    CHECK(has_note(table, "idle policy: none"));
}

TEST_CASE("a plan that was not run is held against the baseline's prediction") {
    const std::vector<Subject> subjects{run_of(single_node_plan("monolithic", "medium"), 9),
                                        only_planned(single_node_plan("green", "green"))};
    const Document document = compare(subjects, {});
    const Table& table = policies(document);
    CHECK(std::get<std::string>(cell(table, 1, "difference_basis")) == "prediction");
    CHECK(grams(table, 1, "carbon_difference_gco2e") == doctest::Approx(3 * (380 - 530) / 3.6e6));
    CHECK(std::get<std::string>(cell(table, 1, "status")) == "not run");
    CHECK(std::holds_alternative<std::monostate>(cell(table, 1, "run_carbon_gco2e")));
    CHECK(std::holds_alternative<std::monostate>(cell(table, 1, "run_latency_median_ns")));
}

TEST_CASE("the baseline is the one named, else monolithic, else the first") {
    const std::vector<Subject> subjects{only_planned(single_node_plan("a", "high")),
                                        only_planned(single_node_plan("monolithic-medium", "medium")),
                                        only_planned(single_node_plan("b", "green"))};
    CHECK(find_baseline(subjects, {}) == 1);
    CHECK(find_baseline(subjects, "b") == 2);
    CHECK(find_baseline(std::vector<Subject>{subjects[2], subjects[0]}, {}) == 0);
    CHECK_THROWS_WITH_AS(find_baseline(subjects, "monolithic-medum"),
                         "--baseline: unknown policy 'monolithic-medum' (did you mean 'monolithic-medium'?); valid: a, "
                         "monolithic-medium, b",
                         UsageError);
}

TEST_CASE("incomplete runs and shared runs are said") {
    std::vector<Subject> subjects{run_of(single_node_plan("monolithic", "medium"), 9),
                                  run_of(single_node_plan("performance", "high"), 9),
                                  run_of(single_node_plan("balanced", "high"), 9)};
    subjects[0].run->end.reset();
    const Document document = compare(subjects, {});
    CHECK(has_note(policies(document), "monolithic: the run is incomplete (cut off, 9 of 9 requests)"));
    CHECK(has_note(policies(document), "performance and balanced show one and the same run"));
}

TEST_CASE("what does not count the same thing is found by its name") {
    struct Row {
        std::string aspect;
        std::function<void(Subject&)> change;
    };
    const std::vector<Row> rows{
        {"provenance",
         [](Subject& s) {
             s.run->nodes[0].compute_energy.provenance = Provenance::kMeasured;
             s.run->nodes[0].transport_energy.provenance = Provenance::kMeasured;
         }},
        {"idle", [](Subject& s) { s.plan.cluster.idle_policy = IdlePolicy::kFull; }},
        {"signal",
         [](Subject& s) {
             for (Node& node : s.plan.cluster.nodes) node.intensity_signal = "marginal";
         }},
        {"scope",
         [](Subject& s) {
             for (Node& node : s.plan.cluster.nodes) node.intensity_scope = "direct";
         }},
        {"model", [](Subject& s) { s.plan.profiles[0].model_sha256 = std::string(64, 'b'); }},
        {"inputs", [](Subject& s) { s.plan.profiles[0].inputs = {"8x3x224x224"}; }},
        {"load", [](Subject& s) { s.run->header.in_flight = 4; }},
        {"limits", [](Subject& s) { s.run->header.limits[1].enforced = false; }},
    };
    for (const Row& row : rows) {
        std::vector<Subject> subjects{run_of(single_node_plan("a", "medium"), 5),
                                      run_of(single_node_plan("b", "green"), 5)};
        CHECK(comparison_mixtures(subjects).empty());
        row.change(subjects[1]);
        const auto mixtures = comparison_mixtures(subjects);
        CAPTURE(row.aspect);
        REQUIRE(mixtures.size() == 1);
        CHECK(mixtures[0].aspect == row.aspect);
        const auto known = comparison_aspects();
        CHECK(std::find(known.begin(), known.end(), row.aspect) != known.end());
    }
}

TEST_CASE("a prediction beside a measured run is no mixture") {
    std::vector<Subject> subjects{run_of(single_node_plan("a", "medium"), 5),
                                  run_of(single_node_plan("b", "green"), 5)};
    for (Subject& subject : subjects) {
        subject.run->nodes[0].compute_energy.provenance = Provenance::kMeasured;
        subject.run->nodes[0].transport_energy.provenance = Provenance::kMeasured;
    }
    CHECK(comparison_mixtures(subjects).empty());
}

}  // namespace carbonedge
