#include "tests/support/error_text.h"
#include "tests/unit/model/tiny_model_file.h"

#include <doctest/doctest.h>

#include <cstring>

using namespace carbonedge;

TEST_CASE("a stage file knows its model, its layers and its tensors") {
    const TinyModelFile file("residual");
    const std::string path = file.folder.file("stage.pt");
    file.model.extract_stage({1, 4}, path);
    StageModule stage = StageModule::load(path, false);
    CHECK(stage.model_sha256() == file.model.sha256());
    CHECK(stage.layers() == LayerRange{1, 4});
    CHECK(stage.execution() == "frozen");
    REQUIRE(stage.input_specs().size() == 1);
    CHECK(stage.input_specs()[0].name == "v1");
    CHECK(stage.input_specs()[0].shape == std::vector<std::int64_t>{2, 6, 6, 6});
    CHECK(stage.input_specs()[0].low < stage.input_specs()[0].high);
    REQUIRE(stage.output_specs().size() == 1);
    CHECK(stage.output_specs()[0].name == "v4");
}

TEST_CASE("a stage refuses tensors that do not fit, in one line") {
    const TinyModelFile file("residual");
    const std::string path = file.folder.file("stage.pt");
    file.model.extract_stage({1, 4}, path);
    StageModule stage = StageModule::load(path, false);
    const auto message = [&](const std::vector<std::string>& specs) {
        std::vector<HostTensor> inputs;
        for (const std::string& spec : specs) inputs.push_back(random_tensor(parse_input_spec(spec), 0));
        return error_text([&] { stage.run(inputs); });
    };
    CHECK(message({"2x6x6x5"}).find("input 'v1' is 2x6x6x5 of float32, expected 2x6x6x6 of float32") !=
          std::string::npos);
    CHECK(message({"2x6x6x6:int64"}).find("of int64, expected 2x6x6x6 of float32") != std::string::npos);
    CHECK(message({}).find("takes 1 inputs, was given 0") != std::string::npos);
}

TEST_CASE("a file that is no stage is refused") {
    const TinyModelFile file("chain");
    CHECK(error_text([&] { StageModule::load(file.path, false); }).find("is not a stage") != std::string::npos);
    CHECK(error_text([&] { StageModule::load(file.folder.file("none.pt"), false); }).find("cannot be read") !=
          std::string::npos);
}

TEST_CASE("outputs are read in place and stay valid while they are read") {
    const TinyModelFile file("chain");
    const std::string path = file.folder.file("stage.pt");
    file.model.extract_stage({0, 2}, path);
    StageModule stage = StageModule::load(path, true);
    const HostTensor input = file.model.inputs()[0];
    const std::vector<HostTensor> copied = stage.run(std::vector<HostTensor>{input});
    bool seen = false;
    stage.run({{input.dtype, input.shape, input.content.data(), input.content.size()}},
              [&](const std::vector<StageModule::TensorView>& views) {
                  seen = true;
                  REQUIRE(views.size() == 1);
                  REQUIRE(views[0].size == copied[0].content.size());
                  CHECK(std::memcmp(views[0].content, copied[0].content.data(), views[0].size) == 0);
              });
    CHECK(seen);
}
