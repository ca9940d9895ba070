#include "lib/measure/stopping.h"

#include <doctest/doctest.h>
#include <chrono>

namespace carbonedge {
namespace {

using namespace std::chrono_literals;

/// Adds samples of about 10 ms, `spread` wide, until the rule ends; returns how many.
int feed(StoppingCriterion& rule, Nanoseconds spread, int most) {
    rule.initialize();
    for (int i = 1; i <= most; ++i) {
        rule.add(10ms + spread * (i * 37 % 101) / 25, 10ms * i);
        if (rule.is_finished()) return i;
    }
    return most + 1;
}

}  // namespace

TEST_CASE("relative confidence ends as soon as the interval is narrow, never below six samples") {
    const auto rule = relative_confidence_criterion(0.01);
    CHECK(rule->name() == "relative-ci=0.01");
    CHECK(feed(*rule, 0ms, 1000) == 6);
    CHECK(rule->outcome() == "relative-ci 0 after 6 samples");
    const int wide = feed(*rule, 1ms, 1000);
    CHECK(wide > 20);
    CHECK(wide <= 1000);
    rule->initialize();
    CHECK_FALSE(rule->is_finished());
    CHECK(rule->outcome() == "relative-ci unknown after 0 samples");
}

TEST_CASE("the standard rule waits for confidence and time, and the cap ends it") {
    const auto rule = standard_criterion(0.01, 500ms, 2s);
    CHECK(rule->name() == "relative-ci=0.01,min-time=500ms,cap=2s");
    CHECK(feed(*rule, 0ms, 1000) == 50);
    CHECK(rule->outcome() == "reached, relative-ci 0 after 50 samples, ran 500 ms");
    const auto strict = standard_criterion(0.00001, 500ms, 2s);
    CHECK(feed(*strict, 1ms, 1000) == 200);
    CHECK(strict->outcome().starts_with("stopped by cap=2s, relative-ci "));
}

TEST_CASE("a rule can be used again after initialize") {
    const auto rule = standard_criterion(0.01, 100ms, 1s);
    CHECK(feed(*rule, 0ms, 100) == 10);
    CHECK(feed(*rule, 0ms, 100) == 10);
    CHECK(feed(*rule, 0ms, 5) == 6);
    CHECK(rule->outcome().starts_with("unfinished"));
}

}  // namespace carbonedge
