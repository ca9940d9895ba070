#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

namespace carbonedge {

/// Calls `action` with 0 ... count - 1, each in a thread of its own, and returns when all have; rethrows what the first
/// of them threw.
inline void in_parallel(std::size_t count, const std::function<void(std::size_t)>& action) {
    std::vector<std::exception_ptr> problems(count);
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < count; ++i) {
            threads.emplace_back([&, i] {
                try {
                    action(i);
                } catch (...) {
                    problems[i] = std::current_exception();
                }
            });
        }
    }
    for (const std::exception_ptr& problem : problems) {
        if (problem) std::rethrow_exception(problem);
    }
}

}  // namespace carbonedge
