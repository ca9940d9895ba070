#pragma once

#include "lib/units/quantity.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// Element types that cross a stage border. Names as in the Open Inference Protocol in upper case ("FP32"), and as
/// users type them in lower case ("float32").
enum class DType { kFloat32, kFloat64, kFloat16, kBFloat16, kInt64, kInt32, kInt16, kInt8, kUInt8, kBool };

std::string_view dtype_name(DType dtype);           ///< "float32"
std::string_view protocol_dtype_name(DType dtype);  ///< "FP32"
std::optional<DType> dtype_from_name(std::string_view name);
std::optional<DType> dtype_from_protocol_name(std::string_view name);
std::int64_t dtype_size_bytes(DType dtype);

/// A dense tensor in host memory, C-contiguous, little endian; `content.size() == element count x element size`.
struct HostTensor {
    std::string name;
    DType dtype = DType::kFloat32;
    std::vector<std::int64_t> shape;
    std::vector<std::byte> content;
};

/// Product of the extents; 1 for a scalar.
std::int64_t element_count(const std::vector<std::int64_t>& shape);
Bytes tensor_bytes(DType dtype, const std::vector<std::int64_t>& shape);
std::string shape_text(const std::vector<std::int64_t>& shape);  ///< "1x3x224x224"; "scalar" for no extents

/// What a network input looks like and what it is filled with when no file is given.
struct InputSpec {
    std::string name;  ///< "" means by position
    DType dtype = DType::kFloat32;
    std::vector<std::int64_t> shape;
    double low = 0.0;  ///< values are uniform in [low, high); float default [0, 1), integer [0, 2)
    double high = 1.0;
};

/// Reads "1x3x224x224", "ids=1x128:int64[0,30522)", "1x3x8x8:float32". Throws UsageError with the right form.
InputSpec parse_input_spec(std::string_view text);
std::string input_spec_text(const InputSpec& spec);  ///< exact inverse of parse_input_spec

/// A tensor of that shape with seeded uniform content; the same on every platform.
HostTensor random_tensor(const InputSpec& spec, std::uint64_t seed);

/// Reads a NumPy .npy file (versions 1 to 3, C order, little endian). Throws InputError.
HostTensor read_npy(const std::string& path);
/// `bytes` of an .npy file already in memory; `path` is for messages.
HostTensor parse_npy(std::string_view bytes, const std::string& path);

}  // namespace carbonedge
