#include "lib/base/errors.h"
#include "lib/tensor/tensor.h"

#include <doctest/doctest.h>

#include <string>

using namespace carbonedge;

TEST_CASE("input specifications read, and print as they were typed") {
    struct Row {
        std::string text;
        std::string name;
        DType dtype;
        std::vector<std::int64_t> shape;
        double low;
        double high;
    };
    for (const Row& row : {Row{"1x3x224x224", "", DType::kFloat32, {1, 3, 224, 224}, 0, 1},
                           Row{"ids=1x128:int64[0,30522)", "ids", DType::kInt64, {1, 128}, 0, 30522},
                           Row{"x=7:float32[-1,1)", "x", DType::kFloat32, {7}, -1, 1},
                           Row{"mask=4:bool", "mask", DType::kBool, {4}, 0, 2},
                           Row{"scalar:float64[0.25,0.5)", "", DType::kFloat64, {}, 0.25, 0.5}}) {
        CAPTURE(row.text);
        const InputSpec spec = parse_input_spec(row.text);
        CHECK(spec.name == row.name);
        CHECK(spec.dtype == row.dtype);
        CHECK(spec.shape == row.shape);
        CHECK(spec.low == row.low);
        CHECK(spec.high == row.high);
        CHECK(input_spec_text(spec) == row.text);
    }
    CHECK(input_spec_text(parse_input_spec("1x3x8x8:float32")) == "1x3x8x8");
    CHECK(input_spec_text(parse_input_spec("2:int64[0,2)")) == "2:int64");
}

TEST_CASE("a wrong input specification is refused in one line that shows the right form") {
    struct Row {
        std::string text;
        std::string problem;
    };
    for (const Row& row :
         {Row{"", "'' is not a shape"}, Row{"1x3x", "is not a shape"}, Row{"1,3,224", "is not a shape"},
          Row{"1x0x4", "is not a shape"}, Row{"1x-3", "is not a shape"}, Row{"=1x3", "the name is empty"},
          Row{"1x3:float", "unknown element type 'float'"}, Row{"4:int64[0,3]", "no form [LOW,HIGH)"},
          Row{"4:int64[3)", "no form [LOW,HIGH)"}, Row{"4:int64[3,3)", "the range is empty"},
          Row{"4:int64[0,2.5)", "needs whole numbers"}, Row{"4:uint8[-1,4)", "does not fit uint8"},
          Row{"4:float32[nan,1)", "is not a number"}, Row{"99999999999x99999999999", "too large"},
          Row{"1x3 ", "is not a shape"}}) {
        CAPTURE(row.text);
        std::string message;
        try {
            parse_input_spec(row.text);
        } catch (const UsageError& error) {
            message = error.what();
        }
        CHECK(message.find(row.problem) != std::string::npos);
        CHECK(message.find("ids=1x128:int64[0,30522)") != std::string::npos);
        CHECK(message.find('\n') == std::string::npos);
    }
}
