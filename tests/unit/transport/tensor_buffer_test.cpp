#include "lib/transport/tensor_buffer.h"

#include <doctest/doctest.h>
#include <cstdint>

namespace carbonedge {
namespace {

TEST_CASE("a buffer goes back to its pool and is taken again") {
    const auto pool = BufferPool::create();
    auto first = pool->take(1000);
    const std::byte* place = first->bytes();
    CHECK(reinterpret_cast<std::uintptr_t>(place) % TensorBuffer::kAlignment == 0);
    auto second = pool->take(1000);
    CHECK(second->bytes() != place);
    first.reset();
    CHECK(pool->take(900)->bytes() == place);
    CHECK(pool->take(2000)->capacity() >= 2000);
}

TEST_CASE("a small request does not take a huge buffer") {
    const auto pool = BufferPool::create();
    pool->take(10'000'000);
    CHECK(pool->take(10)->capacity() < 10'000'000);
}

TEST_CASE("a buffer outlives its pool's handle") {
    auto pool = BufferPool::create();
    const auto buffer = pool->take(16);
    pool.reset();
    buffer->bytes()[15] = std::byte{1};
    CHECK(buffer->bytes()[15] == std::byte{1});
}

}  // namespace
}  // namespace carbonedge
