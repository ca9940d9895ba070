#include "lib/tensor/tensor.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <set>

using namespace carbonedge;

namespace {

template <class Element>
std::vector<Element> elements(const HostTensor& tensor) {
    std::vector<Element> values(tensor.content.size() / sizeof(Element));
    std::memcpy(values.data(), tensor.content.data(), tensor.content.size());
    return values;
}

double from_float16(std::uint16_t bits) {
    const int exponent = (bits >> 10) & 31;
    const double significand = exponent == 0 ? (bits & 1023) : 1024 + (bits & 1023);
    return std::ldexp(significand, std::max(exponent, 1) - 25) * ((bits & 0x8000) != 0 ? -1 : 1);
}

}  // namespace

TEST_CASE("seeded content stays inside its range, differs by seed and repeats by seed") {
    const InputSpec spec = parse_input_spec("1000:float32[-2,3)");
    const HostTensor tensor = random_tensor(spec, 7);
    double sum = 0;
    for (const float value : elements<float>(tensor)) {
        CHECK(value >= -2.0F);
        CHECK(value < 3.0F);
        sum += value;
    }
    CHECK(sum / 1000 == doctest::Approx(0.5).epsilon(0.3));
    CHECK(tensor.content == random_tensor(spec, 7).content);
    CHECK(tensor.content != random_tensor(spec, 8).content);
}

TEST_CASE("integers cover low to high without high and booleans both values") {
    const auto ids = elements<std::int64_t>(random_tensor(parse_input_spec("ids=500:int64[-3,4)"), 1));
    CHECK(std::set<std::int64_t>(ids.begin(), ids.end()) == std::set<std::int64_t>{-3, -2, -1, 0, 1, 2, 3});
    const auto flags = elements<std::uint8_t>(random_tensor(parse_input_spec("100:bool"), 1));
    CHECK(std::set<std::uint8_t>(flags.begin(), flags.end()) == std::set<std::uint8_t>{0, 1});
    const auto bytes = elements<std::int8_t>(random_tensor(parse_input_spec("3000:int8[-128,128)"), 1));
    CHECK(std::set<std::int8_t>(bytes.begin(), bytes.end()).size() == 256);
}

TEST_CASE("16-bit floats are the nearest to the 64-bit values of the same seed") {
    const auto exact = elements<double>(random_tensor(parse_input_spec("500:float64[-4,4)"), 3));
    const auto half = elements<std::uint16_t>(random_tensor(parse_input_spec("500:float16[-4,4)"), 3));
    const auto brain = elements<std::uint16_t>(random_tensor(parse_input_spec("500:bfloat16[-4,4)"), 3));
    for (std::size_t i = 0; i < exact.size(); ++i) {
        CAPTURE(exact[i]);
        CHECK(std::fabs(from_float16(half[i]) - exact[i]) <= std::fabs(exact[i]) * 0x1p-11 + 0x1p-25);
        const auto widened = std::bit_cast<float>(static_cast<std::uint32_t>(brain[i]) << 16);
        CHECK(std::fabs(static_cast<double>(widened) - exact[i]) <= std::fabs(exact[i]) * 0x1.02p-8);
    }
}
