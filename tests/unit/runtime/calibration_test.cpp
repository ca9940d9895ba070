#include "lib/runtime/calibration.h"

#include "lib/transport/line_fit.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

TEST_CASE("a line is found again, whatever its size") {
    struct Case {
        double fixed;
        double per_byte;
    };
    for (const Case& given : {Case{20'000, 0.25}, Case{0, 0.1}, Case{5'000, 0}}) {
        std::vector<std::pair<double, double>> points;
        for (const double x : {1e3, 1e4, 1e5, 1e6, 4e6}) points.emplace_back(x, given.fixed + given.per_byte * x);
        const LineFit fit = fit_line(points);
        CHECK(fit.fixed == doctest::Approx(given.fixed).epsilon(1e-6));
        CHECK(fit.per_byte == doctest::Approx(given.per_byte).epsilon(1e-6));
    }
}

TEST_CASE("neither part of a line is negative") {
    const LineFit falling = fit_line({{1, 10}, {2, 5}});
    CHECK(falling.per_byte == 0);
    CHECK(falling.fixed > 0);
    const LineFit through_below = fit_line({{1000, 100}, {2000, 1000}, {4000, 3000}});
    CHECK(through_below.fixed == 0);
    CHECK(through_below.per_byte > 0);
    CHECK(fit_line({}).fixed == 0);
}

}  // namespace
}  // namespace carbonedge
