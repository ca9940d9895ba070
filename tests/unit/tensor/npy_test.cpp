#include "lib/base/errors.h"
#include "lib/tensor/tensor.h"

#include <doctest/doctest.h>

#include <cstring>
#include <string>

using namespace carbonedge;

namespace {

std::string npy(const std::string& dict, const std::string& content, char version = 1) {
    std::string bytes("\x93NUMPY", 6);
    bytes += version;
    bytes += '\0';
    bytes += static_cast<char>(dict.size() & 255U);
    bytes += static_cast<char>(dict.size() >> 8U);
    if (version > 1) bytes += std::string(2, '\0');
    return bytes + dict + content;
}

constexpr const char* kPair = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }  \n";

}  // namespace

TEST_CASE("an .npy file gives its element type, shape and bytes") {
    struct Row {
        std::string dict;
        std::size_t bytes;
        DType dtype;
        std::vector<std::int64_t> shape;
    };
    for (const Row& row :
         {Row{kPair, 8, DType::kFloat32, {2}},
          Row{"{'descr': '<i8', 'fortran_order': False, 'shape': (1, 3), }\n", 24, DType::kInt64, {1, 3}},
          Row{"{'shape': (), 'fortran_order': False, 'descr': '|b1'}", 1, DType::kBool, {}},
          Row{"{'descr': '<f8', 'fortran_order': False, 'shape': (0, 5), }", 0, DType::kFloat64, {0, 5}}}) {
        for (const char version : {'\1', '\2', '\3'}) {
            CAPTURE(row.dict);
            std::string content;
            for (std::size_t i = 0; i < row.bytes; ++i) content += static_cast<char>('a' + i);
            const HostTensor tensor = parse_npy(npy(row.dict, content, version), "x.npy");
            CHECK(tensor.dtype == row.dtype);
            CHECK(tensor.shape == row.shape);
            REQUIRE(tensor.content.size() == row.bytes);
            CHECK((row.bytes == 0 || std::memcmp(tensor.content.data(), content.data(), row.bytes) == 0));
        }
    }
}

TEST_CASE("a wrong .npy file is refused in one line") {
    struct Row {
        std::string bytes;
        std::string problem;
    };
    const std::string eight(8, 'x');
    for (const Row& row : {
             Row{"", "is not a .npy file"},
             Row{"PK\3\4 something else", "is not a .npy file"},
             Row{npy(kPair, eight, 9), "has .npy version 9"},
             Row{npy(kPair, eight).substr(0, 30), "ends inside its .npy header"},
             Row{npy(kPair, "xxxx"), "holds 4 bytes of elements, its header says 2 of float32"},
             Row{npy(kPair, eight + "y"), "holds 9 bytes"},
             Row{npy("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", eight), "type '>f4'"},
             Row{npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }", eight), "Fortran order"},
             Row{npy("{'descr': '<f4', 'shape': (2,), }", eight), "without descr"},
             Row{npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", eight), "structured"},
             Row{npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", eight), "malformed shape"},
             Row{npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776, 1099511627776, 4), }", eight),
                 "holds 8 bytes"},
             Row{npy("{'descr': '<f4', 'descr': '<f4'}", eight), "doubled header key 'descr'"},
             Row{npy("{'descr'", eight), "malformed header"},
             Row{npy("", eight), "malformed header"},
         }) {
        CAPTURE(row.problem);
        std::string message;
        try {
            parse_npy(row.bytes, "x.npy");
        } catch (const InputError& error) {
            message = error.what();
        }
        CHECK(message.starts_with("x.npy: "));
        CHECK(message.find(row.problem) != std::string::npos);
        CHECK(message.find('\n') == std::string::npos);
    }
    CHECK_THROWS_AS(read_npy("/nonexistent/x.npy"), InputError);
}
