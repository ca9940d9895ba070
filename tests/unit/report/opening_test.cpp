#include "lib/report/opening.h"
#include "tests/unit/report/sample_subjects.h"

#include <doctest/doctest.h>

namespace carbonedge {

TEST_CASE("a report opens with what was compared and what emits least and how sure") {
    const std::vector<Subject> subjects{run_of(single_node_plan("monolithic", "medium"), 20),
                                        run_of(single_node_plan("green", "green"), 20),
                                        run_of(two_stage_plan("split"), 20)};
    const auto opening = opening_of_comparison(subjects, 0, 0);
    REQUIRE(opening.size() == 3);
    CHECK(opening[0].find("3 policies for") == 0);
    CHECK(opening[0].find("all of them run") != std::string::npos);
    CHECK(opening[1].find("green emits least, ") == 0);
    CHECK(opening[1].find("28 % less than monolithic, mainly because of the electricity (-") != std::string::npos);
    CHECK(opening[2].find("joules are estimated (model:cpu-seconds)") != std::string::npos);
    CHECK(opening[2].find("the requests leave the mean uncertain by ") != std::string::npos);
}

TEST_CASE("a comparison names what takes the least policy's place within the spread of its requests") {
    const std::vector<Subject> subjects{run_of(single_node_plan("monolithic", "medium"), 20),
                                        run_of(single_node_plan("green", "green"), 20),
                                        run_of(single_node_plan("again", "green"), 20)};
    const auto opening = opening_of_comparison(subjects, 0, 0);
    CHECK(opening[2].find("its requests do not tell it from again (") != std::string::npos);
    CHECK(opening[2].find("tell it from monolithic") == std::string::npos);
    CHECK(opening[1].find(" on average, monolithic ") != std::string::npos);
}

TEST_CASE("what the grams leave out is said with what it would add") {
    Plan plan = single_node_plan("green", "green");
    const auto sure = [](const Plan& of) { return opening_of_plan(only_planned(of))[2]; };
    CHECK(sure(plan).find(" Not counted: idle power, embodied carbon, the links (by published figures ") !=
          std::string::npos);
    for (Link& link : plan.cluster.links) link.energy_per_byte = JoulesPerByte(1e-6);
    plan.cluster.default_link.energy_per_byte = JoulesPerByte(1e-6);
    CHECK(sure(plan).find("the links") == std::string::npos);
    CHECK(sure(plan).find(" Not counted: idle power, embodied carbon.") != std::string::npos);
}

TEST_CASE("where the baseline emits least nothing is claimed against it") {
    const std::vector<Subject> subjects{only_planned(single_node_plan("green", "green")),
                                        only_planned(single_node_plan("monolithic", "medium"))};
    const auto opening = opening_of_comparison(subjects, 0, 0);
    CHECK(opening[0].find("none of them run") != std::string::npos);
    CHECK(opening[1].find("green emits least") == 0);
    CHECK(opening[1].find("held against") != std::string::npos);
    CHECK(opening[2].find("nothing was run") != std::string::npos);
}

TEST_CASE("a run that recorded no totals does not claim to have emitted") {
    Subject subject = run_of(single_node_plan("green", "green"), 6);
    subject.run->nodes.clear();
    subject.run->end.reset();
    const auto opening = opening_of_run(subject, 0);
    CHECK(opening[0].find("cut off") != std::string::npos);
    CHECK(opening[1].find("What it emitted was not recorded") == 0);
    CHECK(opening[2].find("uncertain") == std::string::npos);
}

TEST_CASE("a plan says what is proven and that nothing was run") {
    Plan plan = single_node_plan("green", "green");
    plan.certificate.proven_optimal = true;
    CHECK(opening_of_plan(only_planned(plan))[2].find("proven to be the best under its limits; nothing was run") !=
          std::string::npos);
    plan.certificate.proven_optimal = false;
    plan.certificate.gap = 0.031;
    CHECK(opening_of_plan(only_planned(plan))[2].find("within 3.1 % of the best") != std::string::npos);
    plan.certificate.gap.reset();
    CHECK(opening_of_plan(only_planned(plan))[2].find("no claim of being the best") != std::string::npos);
}

TEST_CASE("a profile names its slowest row and whether its checks passed") {
    Profile profile = sample_profile();
    profile.layers[1].latency_median = profile.layers[1].latency_median * 2;
    profile.checks = {{"sum-of-layers", 0.01, 0.05, true, ""}, {"cpu-share", 2, 1.05, false, ""}};
    const auto opening = opening_of_profile(profile);
    CHECK(opening[1].find("50 % of it in " + profile.layers[1].name) != std::string::npos);
    CHECK(opening[2].find("1 self-check FAILED") != std::string::npos);
    profile.layers.clear();
    CHECK(opening_of_profile(profile).size() == 1);
}

TEST_CASE("a history says what moved and what was left out") {
    History history;
    CHECK(opening_of_history(history, {}, {}, 0).size() == 1);
    history.entries.resize(3);
    history.entries.front().commit = "a1";
    history.entries.back().commit = "c3";
    const auto opening = opening_of_history(history, {{"latency", 5.04}}, {"c3 (latency +5.0 %)"}, 1);
    CHECK(opening[0] == "The history holds 3 entries, from a1 to c3.");
    CHECK(opening[1] == "From the first to the last: latency +5.0 %; levels moved at c3 (latency +5.0 %).");
    CHECK(opening[2].find("1 entry was measured under other conditions") != std::string::npos);
    CHECK(opening_of_history(history, {}, {}, 0)[1] == "Nothing in it can be compared yet.");
}

TEST_CASE("samples of two models say how much one takes more") {
    Samples samples;
    samples.subjects = {sample_profile(), sample_profile()};
    samples.subjects[0].model_name = "old.pt";
    samples.subjects[1].model_name = "new.pt";
    samples.rounds.resize(12);
    const auto pair = opening_of_samples(samples, 0.0105, 0.01);
    CHECK(pair[0] == "old.pt and new.pt were run in turns, in 12 rounds.");
    CHECK(pair[1].find("10.5 ms of CPU time instead of 10.0 ms, +5.0 %") != std::string::npos);
    CHECK(opening_of_samples(samples, 0.01, std::nullopt)[1].find("instead") == std::string::npos);
}

}  // namespace carbonedge
