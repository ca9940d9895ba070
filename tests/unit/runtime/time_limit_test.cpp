#include "lib/runtime/time_limit.h"

#include <doctest/doctest.h>
#include <future>
#include <vector>

namespace carbonedge {
namespace {

TEST_CASE("a call that ends in time hears nothing, one that does not hears so once") {
    TimeLimit limit(std::chrono::milliseconds(20));
    std::promise<void> late;
    int told_early = 0;
    const std::uint64_t early = limit.begin([&told_early] { ++told_early; });
    CHECK(limit.end(early));
    CHECK_FALSE(limit.end(early));
    const std::uint64_t slow = limit.begin([&late] { late.set_value(); });  // a second call would throw
    late.get_future().get();
    CHECK_FALSE(limit.end(slow));
    CHECK(told_early == 0);
}

TEST_CASE("calls are late in their order, and nobody is told after the end of the limit") {
    std::vector<int> order;
    std::promise<void> last;
    int after = 0;
    {
        TimeLimit limit(std::chrono::milliseconds(10));
        for (int i = 0; i < 5; ++i) {
            limit.begin([&, i] {
                order.push_back(i);
                if (i == 4) last.set_value();
            });
        }
        last.get_future().get();
    }
    {
        TimeLimit limit(std::chrono::hours(1));
        limit.begin([&after] { ++after; });
    }
    CHECK(order == std::vector<int>{0, 1, 2, 3, 4});
    CHECK(after == 0);
}

}  // namespace
}  // namespace carbonedge
