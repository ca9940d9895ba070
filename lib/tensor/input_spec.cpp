#include "lib/base/errors.h"
#include "lib/tensor/tensor.h"
#include "lib/units/text.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace carbonedge {
namespace {

// More than any network takes; keeps products of extents inside 64 bits and a typing slip from asking for a terabyte.
constexpr std::int64_t kMostElements = std::int64_t{1} << 33;

bool is_floating(DType dtype) {
    return dtype == DType::kFloat32 || dtype == DType::kFloat64 || dtype == DType::kFloat16 ||
           dtype == DType::kBFloat16;
}

double default_high(DType dtype) { return is_floating(dtype) ? 1.0 : 2.0; }

/// The values an element can hold: [lowest, highest].
struct ValueBounds {
    double lowest;
    double highest;
};

ValueBounds value_bounds(DType dtype) {
    switch (dtype) {
        case DType::kInt64:
            return {-0x1p63, 0x1p63};
        case DType::kInt32:
            return {-0x1p31, 0x1p31};
        case DType::kInt16:
            return {-0x1p15, 0x1p15};
        case DType::kInt8:
            return {-128, 128};
        case DType::kUInt8:
            return {0, 256};
        case DType::kBool:
            return {0, 2};
        case DType::kFloat16:
            return {-65504, 65504};
        case DType::kFloat32:
        case DType::kBFloat16:
            return {-3e38, 3e38};
        case DType::kFloat64:
            return {-1e308, 1e308};
    }
    return {0, 0};
}

[[noreturn]] void refuse(std::string_view text, std::string_view problem) {
    throw UsageError(
        fmt::format("input '{}': {}, expected [NAME=]SHAPE[:DTYPE][[LOW,HIGH)] such as 1x3x224x224 or "
                    "ids=1x128:int64[0,30522)",
                    text, problem));
}

std::vector<std::int64_t> parse_shape(std::string_view shape, std::string_view text) {
    std::vector<std::int64_t> extents;
    if (shape == "scalar") return extents;
    std::int64_t count = 1;
    const char* position = shape.data();
    const char* const end = shape.data() + shape.size();
    while (true) {
        std::int64_t extent = 0;
        const auto [rest, error] = std::from_chars(position, end, extent);
        if (error != std::errc() || extent <= 0) refuse(text, fmt::format("'{}' is not a shape", shape));
        if (extent > kMostElements / count) refuse(text, fmt::format("shape '{}' is too large", shape));
        count *= extent;
        extents.push_back(extent);
        if (rest == end) return extents;
        if (*rest != 'x') refuse(text, fmt::format("'{}' is not a shape", shape));
        position = rest + 1;
    }
}

double parse_bound(std::string_view number, std::string_view text) {
    double value = 0;
    const char* const end = number.data() + number.size();
    const auto [rest, error] = std::from_chars(number.data(), end, value);
    if (error != std::errc() || rest != end || !std::isfinite(value))
        refuse(text, fmt::format("'{}' is not a number", number));
    return value;
}

void parse_range(std::string_view range, std::string_view text, InputSpec& spec) {
    const std::size_t comma = range.find(',');
    if (!range.ends_with(')') || comma == std::string_view::npos) refuse(text, "the range has no form [LOW,HIGH)");
    spec.low = parse_bound(range.substr(0, comma), text);
    spec.high = parse_bound(range.substr(comma + 1, range.size() - comma - 2), text);
    if (!(spec.low < spec.high)) refuse(text, "the range is empty");
    const ValueBounds bounds = value_bounds(spec.dtype);
    if (spec.low < bounds.lowest || spec.high > bounds.highest)
        refuse(text, fmt::format("the range does not fit {}", dtype_name(spec.dtype)));
    if (!is_floating(spec.dtype) && (std::floor(spec.low) != spec.low || std::floor(spec.high) != spec.high))
        refuse(text, fmt::format("the range of {} needs whole numbers", dtype_name(spec.dtype)));
}

}  // namespace

InputSpec parse_input_spec(std::string_view text) {
    InputSpec spec;
    std::string_view rest = text;
    if (const std::size_t equals = rest.find('='); equals != std::string_view::npos) {
        if (equals == 0) refuse(text, "the name is empty");
        spec.name = rest.substr(0, equals);
        rest.remove_prefix(equals + 1);
    }
    std::string_view range;
    bool has_range = false;
    if (const std::size_t bracket = rest.find('['); bracket != std::string_view::npos) {
        range = rest.substr(bracket + 1);
        has_range = true;
        rest = rest.substr(0, bracket);
    }
    if (const std::size_t colon = rest.find(':'); colon != std::string_view::npos) {
        const std::string_view name = rest.substr(colon + 1);
        const std::optional<DType> dtype = dtype_from_name(name);
        if (!dtype)
            refuse(text, fmt::format("unknown element type '{}' (valid: float32, float64, float16, bfloat16, int64, "
                                     "int32, int16, int8, uint8, bool)",
                                     name));
        spec.dtype = *dtype;
        rest = rest.substr(0, colon);
    }
    spec.shape = parse_shape(rest, text);
    spec.high = default_high(spec.dtype);
    if (has_range) parse_range(range, text, spec);
    return spec;
}

std::string input_spec_text(const InputSpec& spec) {
    std::string text = spec.name.empty() ? std::string() : spec.name + "=";
    text += shape_text(spec.shape);
    const bool default_range = spec.low == 0.0 && spec.high == default_high(spec.dtype);
    if (spec.dtype != DType::kFloat32 || !default_range) text += fmt::format(":{}", dtype_name(spec.dtype));
    if (!default_range) text += fmt::format("[{},{})", number_text(spec.low), number_text(spec.high));
    return text;
}

}  // namespace carbonedge
