#include "lib/model/model.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

using namespace carbonedge;

namespace {

HostTensor floats(std::vector<float> values) {
    HostTensor tensor{"", DType::kFloat32, {static_cast<std::int64_t>(values.size())}, {}};
    tensor.content.resize(values.size() * sizeof(float));
    std::memcpy(tensor.content.data(), values.data(), tensor.content.size());
    return tensor;
}

HostTensor whole(std::vector<std::int64_t> values) {
    HostTensor tensor{"", DType::kInt64, {static_cast<std::int64_t>(values.size())}, {}};
    tensor.content.resize(values.size() * sizeof(std::int64_t));
    std::memcpy(tensor.content.data(), values.data(), tensor.content.size());
    return tensor;
}

}  // namespace

TEST_CASE("differences are relative to the reference's range, and say when they say nothing") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    struct Row {
        std::string what;
        std::vector<HostTensor> reference;
        std::vector<HostTensor> actual;
        bool conclusive;
        double relative;
    };
    for (const Row& row : {
             Row{"equal", {floats({0, 1, 2})}, {floats({0, 1, 2})}, true, 0.0},
             Row{"off by a tenth of the range", {floats({10, 12})}, {floats({10, 12.2F})}, true, 0.1},
             Row{"the worst output counts",
                 {floats({0, 4}), floats({0, 1})},
                 {floats({0, 4}), floats({0, 1.5F})},
                 true,
                 0.5},
             Row{"one number is its own range", {floats({4})}, {floats({5})}, true, 0.25},
             Row{"zero range", {floats({3, 3})}, {floats({3, 3})}, false, 0.0},
             Row{"absurd range", {floats({0, 1e12F})}, {floats({0, 1e12F})}, false, 0.0},
             Row{"reference not finite", {floats({0, nan})}, {floats({0, nan})}, false, 0.0},
             Row{"result not finite", {floats({0, 1})}, {floats({0, nan})}, true, INFINITY},
             Row{"wrong beside what cannot be judged",
                 {floats({3, 3}), floats({0, 1})},
                 {floats({3, 3}), floats({0, 2})},
                 true,
                 1.0},
             Row{"equal beside what cannot be judged",
                 {floats({0, 1}), floats({3, 3})},
                 {floats({0, 1}), floats({3, 3})},
                 false,
                 0.0},
             Row{"whole numbers equal", {whole({7, 7})}, {whole({7, 7})}, true, 0.0},
             Row{"whole numbers differ", {whole({7, 8})}, {whole({7, 9})}, true, 1.0},
             Row{"another shape", {floats({1, 2})}, {floats({1, 2, 3})}, true, INFINITY},
             Row{"another type", {floats({1, 2})}, {whole({1, 2})}, true, INFINITY},
             Row{"another count", {floats({1, 2})}, {}, true, INFINITY},
             Row{"nothing", {}, {}, false, 0.0},
         }) {
        CAPTURE(row.what);
        const OutputDifference difference = compare_outputs(row.reference, row.actual);
        CHECK(difference.conclusive == row.conclusive);
        if (std::isfinite(row.relative))
            CHECK(difference.relative == doctest::Approx(row.relative).epsilon(1e-5));
        else
            CHECK(std::isinf(difference.relative));
        if (!row.conclusive) CHECK_FALSE(difference.remark.empty());
    }
}
