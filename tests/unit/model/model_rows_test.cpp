#include "tests/support/error_text.h"
#include "tests/unit/model/tiny_model_file.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <set>

using namespace carbonedge;

namespace {

std::vector<std::string> names(const Model& model) {
    std::vector<std::string> made;
    for (const LayerProfile& layer : model.layers()) made.push_back(layer.name);
    return made;
}

const LayerProfile& layer(const Model& model, const std::string& name) {
    const auto found = std::find_if(model.layers().begin(), model.layers().end(),
                                    [&](const LayerProfile& l) { return l.name == name; });
    REQUIRE(found != model.layers().end());
    return *found;
}

}  // namespace

TEST_CASE("rows carry the names of modules, in the order in which they run, and say where no stage may begin") {
    for (const TinyModel& tiny : tiny_models()) {
        CAPTURE(tiny.name);
        const TinyModelFile file(tiny.name);
        CHECK(names(file.model) == tiny.rows);
        std::vector<std::string> uncuttable;
        for (const LayerProfile& row : file.model.layers()) {
            if (!row.cut_after) uncuttable.push_back(row.name);
            CHECK(row.cut_after == row.cut_reason.empty());
        }
        CHECK(uncuttable == tiny.uncuttable);
        CHECK(file.model.execution() == "frozen");
    }
}

TEST_CASE("every value that a row reads is an input or made by an earlier row") {
    for (const TinyModel& tiny : tiny_models()) {
        for (const bool optimise : {false, true}) {
            CAPTURE(tiny.name);
            const TinyModelFile file(tiny.name, optimise);
            std::set<std::int64_t> made;
            for (const ValueRef& input : file.model.input_values()) CHECK(made.insert(input.id).second);
            for (const LayerProfile& row : file.model.layers()) {
                CHECK(std::is_sorted(row.inputs.begin(), row.inputs.end()));
                for (const std::int64_t id : row.inputs) CHECK(made.contains(id));
                for (const ValueRef& output : row.outputs) CHECK(made.insert(output.id).second);
            }
            for (const std::int64_t id : file.model.output_values()) CHECK(made.contains(id));
        }
    }
}

TEST_CASE("parameters, products and bytes are those of the layers' shapes") {
    const TinyModelFile file("chain");
    const Model& model = file.model;
    // Weights and biases of conv1 (3 -> 8 channels, 3x3) and of the batch norm that is folded into it.
    CHECK(layer(model, "conv1").parameters == 8 * 3 * 9 + 8 + 8 + 8);
    CHECK(layer(model, "conv1").folded == std::vector<std::string>{"bn1"});
    CHECK(layer(model, "conv1").macs == 8 * 8 * 8 * 3 * 9);
    CHECK(layer(model, "conv1").weight_bytes == Bytes(4 * (8 * 3 * 9 + 8)));
    CHECK(layer(model, "conv1").activation_bytes == Bytes(4 * 8 * 8 * 8));
    CHECK(layer(model, "conv1").peak_bytes >= Bytes(4 * (3 + 8) * 8 * 8));
    CHECK(layer(model, "conv2").macs == 4 * 8 * 8 * 8 * 9);
    CHECK(layer(model, "fc").parameters == 4 * 5 + 5);
    CHECK(layer(model, "fc").macs == 4 * 5);
    CHECK(layer(model, "conv1").type == "Conv2d");
    CHECK(layer(model, "relu1").type == "ReLU");
    CHECK(layer(model, "relu1").parameters == 0);
    const std::int64_t total =
        std::accumulate(model.layers().begin(), model.layers().end(), std::int64_t{0},
                        [](std::int64_t sum, const LayerProfile& row) { return sum + row.parameters; });
    CHECK(total == 216 + 8 + 16 + 8 * 4 * 9 + 4 + 25);
}

TEST_CASE("a module called several times keeps its parameters in the first of its rows") {
    const TinyModelFile file("called-twice");
    CHECK(layer(file.model, "fc").parameters == 20);
    CHECK(layer(file.model, "fc#2").parameters == 0);
    CHECK(layer(file.model, "fc#2").macs == 2 * 4 * 4);
    CHECK(layer(file.model, "fc#3").type == "Linear");
}

TEST_CASE("a residual border carries both tensors") {
    const TinyModelFile file("residual");
    const LayerProfile& add = layer(file.model, "block.add");
    CHECK(add.type == "add");
    REQUIRE(add.inputs.size() == 2);
    CHECK(add.inputs[0] == layer(file.model, "stem").outputs.at(0).id);
    CHECK(add.inputs[1] == layer(file.model, "block.relu").outputs.at(0).id);
    file.model.extract_stage({2, 5}, file.folder.file("late.pt"));
    const StageModule late = StageModule::load(file.folder.file("late.pt"), false);
    CHECK(late.input_specs().size() == 2);
}

TEST_CASE("a border that would carry a number is refused with the reason") {
    const TinyModelFile file("number-from-content");
    CHECK(layer(file.model, "forward").cut_reason.find("of type float would cross, only tensors can") !=
          std::string::npos);
    const std::string message = error_text([&] { file.model.extract_stage({0, 2}, file.folder.file("s.pt")); });
    CHECK(message.find("no cut after layer 'forward'") != std::string::npos);
}

TEST_CASE("grouping by depth makes one row of a block") {
    const TinyModelFile file("residual", false, 1);
    CHECK(names(file.model) == std::vector<std::string>{"stem", "block", "head"});
    CHECK(layer(file.model, "block").parameters == 6 * 6 * 9 + 6);
}

TEST_CASE("a marked pass times every row, in order, within the pass") {
    for (const bool optimise : {false, true}) {
        TinyModelFile file("chain", optimise);
        const TimedPass pass = file.model.run_marked();
        CHECK(pass.rows.size() == file.model.layers().size());
        CHECK(pass.cpu.empty());
        Nanoseconds sum{0};
        for (const Nanoseconds row : pass.rows) {
            CHECK(row.count() > 0);
            sum += row;
        }
        CHECK(sum <= pass.whole);
        CHECK(file.model.run_marked(true).cpu.size() == pass.rows.size());
    }
}

TEST_CASE("an optimised network that is wrong is not executed") {
    // 72 channels before Hardswish: LibTorch 1.13.1 gets this wrong where vectors have 16 lanes.
    TinyModelFile file("wide-hardswish", true);
    CHECK(file.model.output_check().conclusive);
    CHECK(file.model.output_check().relative <= kEqualOutputs);
    const OutputDifference difference =
        compare_outputs(file.model.run_reference(file.model.inputs()), file.model.run(file.model.inputs()));
    CHECK(difference.relative <= kEqualOutputs);
    CHECK((file.model.execution() == "optimised") == file.model.execution_reason().empty());
}

TEST_CASE("the hash is the file's SHA-256, as sha256sum prints it") {
    const TinyModelFile file("chain");
    CHECK(file.model.sha256().size() == 64);
    const TinyModelFile again("chain");
    CHECK(again.model.sha256() == file.model.sha256());
    CHECK(TinyModelFile("residual").model.sha256() != file.model.sha256());
}
