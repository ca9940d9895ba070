#include "lib/report/descriptions.h"
#include "lib/report/renderers.h"
#include "tests/unit/report/sample_subjects.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

bool has_section(const Document& document, const std::string& name) { return find_section(document, name) != nullptr; }

}  // namespace

TEST_CASE("every format renders every description") {
    const Subject planned = only_planned(two_stage_plan("split"));
    const Subject ran = run_of(two_stage_plan("split"), 12);
    const Partition partition{sample_profile(), "equal", "parameters", {{0, 1}, {1, 3}}, {.5, .5}};
    for (const Document& document : {describe_plan(planned), describe_run(ran, 0), describe_profile(sample_profile()),
                                     describe_partition(partition)}) {
        CAPTURE(document.kind);
        CHECK(render_text(document, 80).size() > 100);
        CHECK(render_markdown(document).size() > 100);
        CHECK(render_json(document).size() > 100);
        for (const Section& section : document.sections) CHECK(contains(render_csv(section), "\n"));
    }
}

TEST_CASE("a plan says what it predicts and what is proven") {
    Plan plan = two_stage_plan("split");
    plan.objective = Objective::kCarbon;
    plan.limits.latency_mean = std::chrono::milliseconds(400);
    plan.certificate.proven_optimal = true;
    plan.certificate.lower_bound = plan.certificate.value;
    plan.certificate.gap = 0;
    plan.binding = {"memory of green"};
    plan.notes = {"a note"};
    const Document document = describe_plan(only_planned(plan));
    for (const char* name : {"prediction", "proof", "stages", "transfers", "ledger", "sci"}) {
        CHECK(has_section(document, name));
    }
    const std::string text = render_text(document, 100);
    CHECK(contains(text, "mean latency <= 400ms"));
    CHECK(contains(text, "yes, proven"));
    CHECK(contains(text, "memory of green"));
    CHECK(contains(text, "features.1 .. features.2"));
    CHECK(contains(text, "- a note"));
    CHECK_FALSE(contains(text, "run median"));
}

TEST_CASE("a run says what was measured, and what is missing of it") {
    Subject subject = run_of(single_node_plan("mono", "medium"), 100);
    const std::string text = render_text(describe_run(subject, 0), 120);
    CHECK(contains(text, "cgroup-v2"));
    CHECK(contains(text, "closed loop, 1 in flight"));
    CHECK_FALSE(contains(text, "incomplete"));

    subject.run->end.reset();
    subject.run->nodes.clear();
    subject.run->requests[3].ok = false;
    subject.run->requests[3].error = "node medium went away";
    subject.run->header.limits[1].enforced = false;
    subject.run->header.limits[1].mechanism = "no permission";
    const std::string broken = render_text(describe_run(subject, 0), 120);
    CHECK(contains(broken, "cut off, 1 failed"));
    CHECK(contains(broken, "incomplete: cut off, 1 failed, 100 of 100 requests recorded"));
    CHECK(contains(broken, "first failed request, 3: node medium went away"));
    CHECK(contains(broken, "no node totals were recorded"));
}

TEST_CASE("a profile shows its rows, checks and warnings") {
    const std::string text = render_text(describe_profile(sample_profile()), 200);
    CHECK(contains(text, "features.2"));
    CHECK(contains(text, "FAILED"));
    CHECK(contains(text, "warning: the machine was busy"));
}

TEST_CASE("a partition's imbalance is that of each cost model") {
    const Partition partition{sample_profile(), "optimal", "parameters", {{0, 2}, {2, 3}}, {.5, .5}};
    const Document document = describe_partition(partition);
    const auto* facts = std::get_if<FactList>(find_section(document, "partition"));
    REQUIRE(facts != nullptr);
    double by_latency = 0;
    double by_parameters = 1;
    for (const Fact& fact : facts->facts) {
        if (fact.what.key == "imbalance_by_latency") by_latency = std::get<double>(fact.value);
        if (fact.what.key == "imbalance_by_parameters") by_parameters = std::get<double>(fact.value);
    }
    CHECK(by_latency == doctest::Approx(100. / 3));
    CHECK(by_parameters == doctest::Approx(0).epsilon(1e-12));
}

TEST_CASE("a run that tells serialising from the wire shows where its time went") {
    Subject subject = run_of(single_node_plan("p", "high"), 4);
    CHECK(render_text(describe_run(subject, 0), 120).find("Where the time") == std::string::npos);
    for (RequestRecord& request : subject.run->requests) {
        request.wait = std::chrono::milliseconds(1);
        request.return_transfer = std::chrono::milliseconds(5);
        request.return_serialise = std::chrono::milliseconds(1);
        request.stages.resize(1);
        request.stages[0].transfer = std::chrono::milliseconds(8);
        request.stages[0].serialise = std::chrono::milliseconds(2);
        request.stages[0].queue = std::chrono::milliseconds(6);
        request.stages[0].compute = std::chrono::milliseconds(80);
        request.latency = std::chrono::milliseconds(100);
    }
    subject.run->requests[3].stages[0].serialise.reset();  // does not count
    const std::string text = render_text(describe_run(subject, 0), 120);
    CAPTURE(text);
    const std::size_t at = text.find("Where the time of a request went");
    REQUIRE(at != std::string::npos);
    const std::string rest = text.substr(at, 600);
    for (const char* cell : {" 7.00", " 3.00", " 10.0", " 80.0", " 100"}) CHECK(rest.find(cell) != std::string::npos);
}

}  // namespace carbonedge
