#include "lib/report/subject.h"
#include "tests/unit/report/sample_subjects.h"

#include <doctest/doctest.h>

namespace carbonedge {

using std::chrono::milliseconds;

TEST_CASE("subjects are named after their plans, and told apart where two plans have one name") {
    std::vector<Subject> subjects{only_planned(single_node_plan("green", "green")),
                                  only_planned(single_node_plan("mono", "medium")),
                                  only_planned(single_node_plan("green", "green"))};
    name_subjects(subjects, {"a.json", "b.json", "c.json"});
    CHECK(subjects[0].name == "green (a.json)");
    CHECK(subjects[1].name == "mono");
    CHECK(subjects[2].name == "green (c.json)");
    name_subjects(subjects, {"a.json", "b.json", "a.json"});
    CHECK(subjects[0].name == "green (a.json)");
    CHECK(subjects[2].name == "green (a.json) #2");
}

TEST_CASE("latency and throughput are of the requests answered") {
    Subject subject = run_of(single_node_plan("mono", "medium"), 11);
    const auto latency = run_latency(*subject.run, 0);
    REQUIRE(latency);
    CHECK(latency->count == 11);
    CHECK(latency->median == doctest::Approx(.315));
    CHECK(latency->mean == doctest::Approx(.315));
    CHECK(latency->p95 == doctest::Approx(.3195));
    CHECK(*run_throughput(*subject.run) == doctest::Approx(1 / .315));
    CHECK(run_status(*subject.run) == "complete");

    subject.run->requests[10].ok = false;
    subject.run->requests[10].latency = milliseconds(99'000);
    CHECK(answered_requests(*subject.run) == 10);
    CHECK(failed_requests(*subject.run) == 1);
    CHECK(run_latency(*subject.run, 0)->median == doctest::Approx(.3145));
    CHECK(run_status(*subject.run) == "complete, 1 failed");

    // A service answers more than it logs one by one.
    subject.run->end->unlogged = 90;
    subject.run->end->succeeded = 97;
    subject.run->end->failed = 4;
    CHECK(answered_requests(*subject.run) == 97);
    CHECK(failed_requests(*subject.run) == 4);
}

TEST_CASE("a run tells which latency limits of its plan it missed") {
    Subject subject = run_of(single_node_plan("mono", "medium"), 11);  // mean 315 ms, 310 to 320
    CHECK(missed_limits(subject, 0).empty());
    subject.plan.limits.latency_mean = milliseconds(315);
    CHECK(missed_limits(subject, 0).empty());
    subject.plan.limits.latency_mean = milliseconds(314);
    CHECK(missed_limits(subject, 0) ==
          std::vector<std::string>{"its mean latency of 315 ms is above the plan's limit of 314 ms, though within the "
                                   "spread of its requests"});
    subject.plan.limits.latency_mean = milliseconds(200);
    subject.plan.limits.latency_p95 = milliseconds(300);
    CHECK(missed_limits(subject, 0) ==
          std::vector<std::string>{"its mean latency of 315 ms is above the plan's limit of 200 ms",
                                   "its 95th percentile of 320 ms is above the plan's limit of 300 ms"});
    subject.run.reset();
    CHECK(missed_limits(subject, 0).empty());
}

TEST_CASE("how a run ended is told apart") {
    RunLog run = sample_run(single_node_plan("mono", "medium"), 2);
    run.end->complete = false;
    run.end->interrupted = true;
    CHECK(run_status(run) == "interrupted");
    CHECK_FALSE(is_complete(run));
    run.end.reset();
    CHECK(run_status(run) == "cut off");
    run.requests.clear();
    CHECK_FALSE(run_latency(run, 0));
    CHECK_FALSE(run_throughput(run));
}

TEST_CASE("nodes and stages in use follow the requests, or the predicted shares") {
    Plan plan = two_stage_plan("routed");
    plan.pipelines.push_back(single_node_plan("", "green").pipelines[0]);
    plan.pipelines[0].share = .25;
    plan.pipelines[1].share = .75;
    Subject subject = only_planned(plan);
    CHECK(nodes_text(subject) == "high > green 25 %, green 75 %");
    CHECK(stages_text(subject) == "1-2");

    subject.run = sample_run(plan, 4);
    CHECK(nodes_text(subject) == "high > green");
    CHECK(stages_text(subject) == "2");
    for (RequestRecord& request : subject.run->requests) request.pipeline = 1;
    CHECK(nodes_text(subject) == "green");
    CHECK(stages_text(subject) == "1");
}

TEST_CASE("the error of a prediction is relative to what was measured") {
    CHECK(*prediction_error_percent(110, 100) == doctest::Approx(10));
    CHECK(*prediction_error_percent(90, 100) == doctest::Approx(-10));
    CHECK_FALSE(prediction_error_percent(1, 0));
}

}  // namespace carbonedge
