#include "lib/tensor/tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace carbonedge {
namespace {

struct DTypeRow {
    DType dtype;
    std::string_view name;
    std::string_view protocol_name;
    std::int64_t size_bytes;
};

// In the order of the enumerators, so that the enumerator is the index.
constexpr std::array kRows{
    DTypeRow{DType::kFloat32, "float32", "FP32", 4}, DTypeRow{DType::kFloat64, "float64", "FP64", 8},
    DTypeRow{DType::kFloat16, "float16", "FP16", 2}, DTypeRow{DType::kBFloat16, "bfloat16", "BF16", 2},
    DTypeRow{DType::kInt64, "int64", "INT64", 8},    DTypeRow{DType::kInt32, "int32", "INT32", 4},
    DTypeRow{DType::kInt16, "int16", "INT16", 2},    DTypeRow{DType::kInt8, "int8", "INT8", 1},
    DTypeRow{DType::kUInt8, "uint8", "UINT8", 1},    DTypeRow{DType::kBool, "bool", "BOOL", 1},
};

const DTypeRow& row(DType dtype) { return kRows[static_cast<std::size_t>(dtype)]; }

}  // namespace

std::string_view dtype_name(DType dtype) { return row(dtype).name; }
std::string_view protocol_dtype_name(DType dtype) { return row(dtype).protocol_name; }
std::int64_t dtype_size_bytes(DType dtype) { return row(dtype).size_bytes; }

std::optional<DType> dtype_from_name(std::string_view name) {
    for (const DTypeRow& candidate : kRows)
        if (candidate.name == name) return candidate.dtype;
    return std::nullopt;
}

std::optional<DType> dtype_from_protocol_name(std::string_view name) {
    for (const DTypeRow& candidate : kRows)
        if (candidate.protocol_name == name) return candidate.dtype;
    return std::nullopt;
}

std::int64_t element_count(const std::vector<std::int64_t>& shape) {
    std::int64_t count = 1;
    for (const std::int64_t extent : shape) count *= extent;
    return count;
}

Bytes tensor_bytes(DType dtype, const std::vector<std::int64_t>& shape) {
    return Bytes(element_count(shape) * dtype_size_bytes(dtype));
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
    return shape.empty() ? std::string("scalar") : fmt::format("{}", fmt::join(shape, "x"));
}

}  // namespace carbonedge
