#include "lib/runtime/answer_order.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

namespace carbonedge {
namespace {

TEST_CASE("answers in any order are handed over in the order of their numbers") {
    for (const unsigned seed : {1U, 2U, 3U}) {
        std::vector<std::int64_t> numbers(200);
        std::iota(numbers.begin(), numbers.end(), 0);
        std::vector<std::int64_t> shuffled = numbers;
        std::ranges::shuffle(shuffled, std::mt19937(seed));
        AnswerOrder order;
        std::vector<std::int64_t> handed;
        for (const std::int64_t number : shuffled) order.put(number, [&handed, number] { handed.push_back(number); });
        CHECK(handed == numbers);
    }
}

TEST_CASE("threads that put answers at once never hand over out of order") {
    AnswerOrder order;
    std::vector<std::int64_t> handed;  // one thread at a time hands over, so this needs no lock
    {
        std::vector<std::jthread> threads;
        for (std::int64_t first = 0; first < 4; ++first) {
            threads.emplace_back([&order, &handed, first] {
                for (std::int64_t number = first; number < 4000; number += 4)
                    order.put(number, [&handed, number] { handed.push_back(number); });
            });
        }
    }
    REQUIRE(handed.size() == 4000);
    CHECK(std::ranges::is_sorted(handed));
}

TEST_CASE("what is put while another is handed over comes after it") {
    AnswerOrder order;
    std::vector<int> handed;
    order.put(0, [&] {
        order.put(1, [&] { handed.push_back(1); });
        handed.push_back(0);
    });
    CHECK(handed == std::vector<int>{0, 1});
}

}  // namespace
}  // namespace carbonedge
