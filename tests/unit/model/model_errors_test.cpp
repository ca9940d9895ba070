#include "tests/support/error_text.h"
#include "tests/unit/model/tiny_model_file.h"

#include <doctest/doctest.h>

#include <fstream>
#include <functional>

using namespace carbonedge;

namespace {

Model load(const std::string& path, const std::vector<std::string>& inputs) {
    ModelOptions options;
    for (const std::string& text : inputs) options.inputs.push_back(parse_input_spec(text));
    return Model::load(path, options);
}

}  // namespace

TEST_CASE("what cannot be loaded is refused in one line that says why") {
    const TemporaryFolder folder;
    const std::string chain = folder.file("chain.pt");
    write_tiny_model("chain", chain);
    const std::string two = folder.file("two.pt");
    write_tiny_model("two-inputs", two);
    const std::string text = folder.file("text.pt");
    std::ofstream(text) << "not a network\n";
    const std::string half = folder.file("half.pt");
    {
        std::ifstream whole(chain, std::ios::binary);
        std::string bytes((std::istreambuf_iterator<char>(whole)), std::istreambuf_iterator<char>());
        std::ofstream(half, std::ios::binary) << bytes.substr(0, bytes.size() / 2);
    }
    struct Row {
        std::string path;
        std::vector<std::string> inputs;
        std::string expected;
    };
    for (const Row& row : {Row{folder.file("none.pt"), {"1x3x8x8"}, "none.pt: cannot be read"},
                           Row{folder.path().string(), {"1x3x8x8"}, "is a folder, expected a TorchScript file"},
                           Row{text, {"1x3x8x8"}, "text.pt: is not a TorchScript module: "},
                           Row{half, {"1x3x8x8"}, "half.pt: is not a TorchScript module: "},
                           Row{chain, {}, "takes 1 inputs; give each with --input SHAPE"},
                           Row{chain, {"1x4x8x8"}, "does not run on 1x4x8x8: "},
                           Row{chain, {"1x3x8x8:int64"}, "does not run on 1x3x8x8:int64: "},
                           Row{chain, {"1x3x8x8", "1x3x8x8"}, "has no input number 2; its inputs are: x"},
                           Row{two, {"2x6"}, "needs its input 'y'; give it with --input y=SHAPE"},
                           Row{two, {"x=2x6", "z=2x3"}, "has no further input 'z'; its inputs are: x, y"},
                           Row{two, {"x=2x6", "x=2x6"}, "has no further input 'x'; its inputs are: x, y"}}) {
        CAPTURE(row.path);
        const std::string message = error_text([&] { load(row.path, row.inputs); });
        CHECK(message.find(row.expected) != std::string::npos);
        CHECK(message.find('\n') == std::string::npos);
        CHECK(message.size() < 600);
    }
}

TEST_CASE("inputs may come by name in any order") {
    const TemporaryFolder folder;
    write_tiny_model("two-inputs", folder.file("two.pt"));
    const Model model = load(folder.file("two.pt"), {"y=2x3", "x=2x6"});
    CHECK(model.inputs()[0].name == "x");
    CHECK(model.inputs()[0].shape == std::vector<std::int64_t>{2, 6});
    CHECK(model.inputs()[1].name == "y");
}

TEST_CASE("given tensors are used instead of seeded content") {
    const TemporaryFolder folder;
    write_tiny_model("called-twice", folder.file("m.pt"));
    ModelOptions options;
    options.inputs = {parse_input_spec("2x4")};
    options.input_tensors = {random_tensor(options.inputs[0], 99)};
    CHECK(Model::load(folder.file("m.pt"), options).inputs()[0].content == options.input_tensors[0].content);
}

TEST_CASE("a range that is no stage is refused") {
    const TinyModelFile file("chain");
    for (const LayerRange range : {LayerRange{2, 2}, LayerRange{3, 1}, LayerRange{0, 99}})
        CHECK(error_text([&] { file.model.extract_stage(range, file.folder.file("s.pt")); }).find("are no stage") !=
              std::string::npos);
}
