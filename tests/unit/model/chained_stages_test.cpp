#include "tests/unit/model/tiny_model_file.h"

#include <doctest/doctest.h>

#include <map>

using namespace carbonedge;

namespace {

/// Runs the network as the stages between `cuts`, values travelling by their names.
std::vector<HostTensor> run_chain(const TinyModelFile& tiny, const std::vector<std::size_t>& cuts, bool optimise) {
    std::map<std::string, HostTensor> live;
    for (std::size_t i = 0; i < tiny.model.inputs().size(); ++i)
        live["v" + std::to_string(tiny.model.input_values()[i].id)] = tiny.model.inputs()[i];
    std::vector<HostTensor> outputs;
    std::size_t first = 0;
    for (std::size_t i = 0; i <= cuts.size(); ++i) {
        const std::size_t end = i < cuts.size() ? cuts[i] : tiny.model.layers().size();
        const std::string path = tiny.folder.file("stage.pt");
        tiny.model.extract_stage({first, end}, path);
        StageModule stage = StageModule::load(path, optimise);
        std::vector<HostTensor> inputs;
        for (const InputSpec& spec : stage.input_specs()) inputs.push_back(live.at(spec.name));
        const std::vector<HostTensor> given = inputs;
        outputs = stage.run(inputs);
        for (std::size_t k = 0; k < inputs.size(); ++k) CHECK(inputs[k].content == given[k].content);
        REQUIRE(outputs.size() == stage.output_specs().size());
        live.clear();
        for (const HostTensor& output : outputs) live[output.name] = output;
        first = end;
    }
    return outputs;
}

void check_equal(const std::vector<HostTensor>& expected, const std::vector<HostTensor>& actual) {
    const OutputDifference difference = compare_outputs(expected, actual);
    CAPTURE(difference.remark);
    CHECK(difference.conclusive);
    CHECK(difference.relative <= kEqualOutputs);
}

}  // namespace

TEST_CASE("chained stages equal the network as loaded at every legal cut") {
    for (const TinyModel& tiny : tiny_models()) {
        for (const bool optimise : {false, true}) {
            CAPTURE(tiny.name);
            CAPTURE(optimise);
            TinyModelFile file(tiny.name, optimise);
            const std::vector<HostTensor> expected = file.model.run_reference(file.model.inputs());
            check_equal(expected, file.model.run(file.model.inputs()));
            check_equal(expected, run_chain(file, {}, optimise));
            std::vector<std::size_t> all;
            for (std::size_t cut = 1; cut < file.model.layers().size(); ++cut) {
                if (!file.model.layers()[cut - 1].cut_after) continue;
                CAPTURE(cut);
                all.push_back(cut);
                check_equal(expected, run_chain(file, {cut}, optimise));
            }
            check_equal(expected, run_chain(file, all, optimise));
        }
    }
}

TEST_CASE("running does not change the caller's inputs and gives the same every time") {
    TinyModelFile file("input-overwritten");
    const std::vector<HostTensor> inputs = file.model.inputs();
    const std::vector<HostTensor> first = file.model.run(inputs);
    CHECK(inputs[0].content == file.model.inputs()[0].content);
    CHECK(file.model.run(inputs)[0].content == first[0].content);
}

TEST_CASE("a network may return several tensors, in its own order, one made early and one of whole numbers") {
    TinyModelFile early("early-output");
    CHECK(early.model.output_values() == std::vector<std::int64_t>{3, 1});
    TinyModelFile pair("tuple");
    const std::vector<HostTensor> outputs = pair.model.run(pair.model.inputs());
    REQUIRE(outputs.size() == 2);
    CHECK(outputs[0].shape == std::vector<std::int64_t>{3, 2});
    CHECK(outputs[1].dtype == DType::kInt64);
}
