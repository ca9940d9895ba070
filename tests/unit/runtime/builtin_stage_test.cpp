#include "lib/runtime/builtin_stage.h"

#include "lib/base/errors.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

BuiltinStage example_stage() {
    BuiltinStage stage;
    stage.inputs = {parse_input_spec("a=4:uint8"), parse_input_spec("b=2:uint8")};
    stage.outputs = {parse_input_spec("c=8:uint8")};
    stage.multiply = 3;
    stage.add = 5;
    return stage;
}

HostTensor bytes_tensor(std::initializer_list<int> values) {
    HostTensor tensor;
    tensor.dtype = DType::kUInt8;
    tensor.shape = {static_cast<std::int64_t>(values.size())};
    for (const int value : values) tensor.content.push_back(static_cast<std::byte>(value));
    return tensor;
}

TEST_CASE("a builtin stage's text is read back") {
    BuiltinStage stage = example_stage();
    stage.burn = Nanoseconds(1000);
    stage.touch = Bytes(4096);
    stage.fail = "no power today";
    const std::string text = builtin_stage_text(stage);
    CHECK(builtin_stage_text(parse_builtin_stage(text, "s")) == text);
}

TEST_CASE("a builtin stage computes what it says") {
    const std::vector<HostTensor> inputs{bytes_tensor({1, 2, 3, 200}), bytes_tensor({0, 9})};
    const auto expected = bytes_tensor({8, 11, 14, (600 + 5) % 256, 5, 32, 8, 11});
    CHECK(expected_outputs(example_stage(), inputs).at(0).content == expected.content);
    std::vector<HostTensor> outputs;
    make_builtin_runner(example_stage())->run(views_of(inputs), [&](const std::vector<TensorView>& views) {
        for (const TensorView& view : views) outputs.push_back(copy_of(view));
    });
    REQUIRE(outputs.size() == 1);
    CHECK(outputs[0].content == expected.content);
}

TEST_CASE("what does not fit a stage is named") {
    const BuiltinStage stage = example_stage();
    const HostTensor a = bytes_tensor({1, 2, 3, 4});
    const HostTensor b = bytes_tensor({1, 2});
    CHECK(describe_mismatch(stage.inputs, views_of({a, b})).empty());
    CHECK(describe_mismatch(stage.inputs, views_of({a})) == "1 tensors came, the stage takes 2");
    CHECK(describe_mismatch(stage.inputs, views_of({b, a})) == "input 0 is uint8 2, the stage takes uint8 4");
    std::vector<TensorView> cut = views_of({a, b});
    cut[1].size = 1;
    CHECK(describe_mismatch(stage.inputs, cut) == "input 1 has 1 bytes, uint8 2 needs 2");
}

TEST_CASE("malformed builtin stages are refused with their line") {
    struct Case {
        const char* text;
        const char* message;
    };
    const Case cases[] = {
        {"carbonedge.builtin-stage/9\n", "s:1: the first line is not 'carbonedge.builtin-stage/1'"},
        {"carbonedge.builtin-stage/1\nspin 3\n", "s:2: unknown key 'spin'"},
        {"carbonedge.builtin-stage/1\nburn_ns soon\n", "s:2: 'soon' is not an integer"},
        {"carbonedge.builtin-stage/1\ninput 4:uint8\n", "s: a builtin stage needs an input and an output"},
    };
    for (const Case& given : cases) {
        CHECK_THROWS_WITH_AS(parse_builtin_stage(given.text, "s"), given.message, InputError);
    }
}

}  // namespace
}  // namespace carbonedge
