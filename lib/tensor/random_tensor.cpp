#include "lib/base/random.h"
#include "lib/tensor/tensor.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace carbonedge {
namespace {

std::uint16_t bfloat16_bits(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

/// IEEE binary16, to nearest even; values here are inside +-65504.
std::uint16_t float16_bits(double value) {
    const std::uint32_t sign = std::signbit(value) ? 0x8000U : 0U;
    const double magnitude = std::fabs(value);
    if (magnitude == 0.0) return static_cast<std::uint16_t>(sign);
    const int exponent = std::max(std::ilogb(magnitude), -14);
    // The significand in units of the last place; a carry moves into the exponent field by itself.
    const auto steps = static_cast<std::uint32_t>(std::nearbyint(std::ldexp(magnitude, 10 - exponent)));
    const std::uint32_t field = static_cast<std::uint32_t>(exponent + 14) << 10U;
    return static_cast<std::uint16_t>(sign | (field + steps));
}

template <class Element, class Make>
void fill(std::vector<std::byte>& content, Make make) {
    for (std::size_t offset = 0; offset < content.size(); offset += sizeof(Element)) {
        const Element element = make();
        std::memcpy(content.data() + offset, &element, sizeof(Element));
    }
}

}  // namespace

HostTensor random_tensor(const InputSpec& spec, std::uint64_t seed) {
    HostTensor tensor{spec.name, spec.dtype, spec.shape, {}};
    tensor.content.resize(static_cast<std::size_t>(tensor_bytes(spec.dtype, spec.shape).value()));
    SeededRandom random(seed);
    const auto real = [&] { return random.uniform(spec.low, spec.high); };
    const auto whole = [&] {
        const double width = spec.high - spec.low;
        // 2^64 does not fit the bound's type; such a range is every bit pattern.
        const std::uint64_t offset = width >= 0x1p64 ? random.next() : random.below(static_cast<std::uint64_t>(width));
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(static_cast<std::int64_t>(spec.low)) + offset);
    };
    switch (spec.dtype) {
        case DType::kFloat32:
            fill<float>(tensor.content, [&] {
                const auto value = static_cast<float>(real());
                // Rounding to float may land on the excluded bound.
                return value < static_cast<float>(spec.high) ? value
                                                             : std::nextafter(value, static_cast<float>(spec.low));
            });
            break;
        case DType::kFloat64:
            fill<double>(tensor.content, real);
            break;
        case DType::kFloat16:
            fill<std::uint16_t>(tensor.content, [&] { return float16_bits(real()); });
            break;
        case DType::kBFloat16:
            fill<std::uint16_t>(tensor.content, [&] { return bfloat16_bits(static_cast<float>(real())); });
            break;
        case DType::kInt64:
            fill<std::int64_t>(tensor.content, whole);
            break;
        case DType::kInt32:
            fill<std::int32_t>(tensor.content, [&] { return static_cast<std::int32_t>(whole()); });
            break;
        case DType::kInt16:
            fill<std::int16_t>(tensor.content, [&] { return static_cast<std::int16_t>(whole()); });
            break;
        case DType::kInt8:
            fill<std::int8_t>(tensor.content, [&] { return static_cast<std::int8_t>(whole()); });
            break;
        case DType::kUInt8:
        case DType::kBool:
            fill<std::uint8_t>(tensor.content, [&] { return static_cast<std::uint8_t>(whole()); });
            break;
    }
    return tensor;
}

}  // namespace carbonedge
