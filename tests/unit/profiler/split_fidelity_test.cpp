#include "lib/profiler/split_fidelity.h"
#include "lib/profiler/equality_check.h"

#include <doctest/doctest.h>
#include <cmath>
#include <limits>
#include <vector>

namespace carbonedge {

TEST_CASE("a prediction is rows, a fixed part and a part per crossing byte, and short stages do not count") {
    SplitTrial trial;
    trial.cut.bytes = Bytes(100'000);
    trial.rows_ns[0] = 0.5e6;
    trial.rows_ns[1] = 8e6;
    trial.measured_ns[0] = 0.9e6;
    trial.measured_ns[1] = 10e6;
    const BoundaryCost cost{20'000, 0.3};
    CHECK(predicted_ns(trial, 1, cost) == doctest::Approx(8'050'000));
    const std::vector<double> errors = prediction_errors({trial}, cost);
    REQUIRE(errors.size() == 1);
    CHECK(errors[0] == doctest::Approx(0.195));
}

TEST_CASE("an equality check passes only where the difference is known and small") {
    struct Case {
        OutputDifference difference;
        bool passed;
        double value;
    };
    const double infinity = std::numeric_limits<double>::infinity();
    for (const Case& test : {Case{{1e-6, true, ""}, true, 1e-6}, Case{{2e-4, true, ""}, false, 2e-4},
                             Case{{0, false, "the range is zero"}, false, 0}, Case{{infinity, true, ""}, false, 1e9},
                             Case{{std::nan(""), true, ""}, false, 1e9}}) {
        CAPTURE(test.value);
        const ProfileCheck check = equality_check("output-equality", test.difference, "x");
        CHECK(check.passed == test.passed);
        CHECK(check.value == test.value);
        CHECK(std::isfinite(check.value));
        CHECK(is_correctness_check(check));
    }
    CHECK(equality_check("x", {0, false, "why"}, "of it").remark ==
          "largest output difference / output range, of it; inconclusive: why");
    CHECK_FALSE(is_correctness_check({"cpu-share", 1, 1, true, ""}));
}

}  // namespace carbonedge
