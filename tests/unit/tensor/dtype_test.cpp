#include "lib/tensor/tensor.h"

#include <doctest/doctest.h>

using namespace carbonedge;

TEST_CASE("every element type has one name, one protocol name and its size") {
    struct Row {
        DType dtype;
        std::string_view name;
        std::string_view protocol;
        std::int64_t size;
    };
    for (const Row& row : {Row{DType::kFloat32, "float32", "FP32", 4}, Row{DType::kFloat64, "float64", "FP64", 8},
                           Row{DType::kFloat16, "float16", "FP16", 2}, Row{DType::kBFloat16, "bfloat16", "BF16", 2},
                           Row{DType::kInt64, "int64", "INT64", 8}, Row{DType::kInt32, "int32", "INT32", 4},
                           Row{DType::kInt16, "int16", "INT16", 2}, Row{DType::kInt8, "int8", "INT8", 1},
                           Row{DType::kUInt8, "uint8", "UINT8", 1}, Row{DType::kBool, "bool", "BOOL", 1}}) {
        CAPTURE(row.name);
        CHECK(dtype_name(row.dtype) == row.name);
        CHECK(protocol_dtype_name(row.dtype) == row.protocol);
        CHECK(dtype_size_bytes(row.dtype) == row.size);
        CHECK(dtype_from_name(row.name) == row.dtype);
        CHECK(dtype_from_protocol_name(row.protocol) == row.dtype);
    }
    CHECK_FALSE(dtype_from_name("FP32"));
    CHECK_FALSE(dtype_from_protocol_name("float32"));
}

TEST_CASE("shapes count and print") {
    CHECK(element_count({}) == 1);
    CHECK(element_count({2, 3, 4}) == 24);
    CHECK(tensor_bytes(DType::kInt16, {2, 3}) == Bytes(12));
    CHECK(shape_text({1, 3, 224, 224}) == "1x3x224x224");
    CHECK(shape_text({}) == "scalar");
}
