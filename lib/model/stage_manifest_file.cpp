#include "lib/model/stage_manifest_file.h"

#include "lib/base/errors.h"
#include "lib/formats/json.h"
#include "lib/formats/schema.h"

#include <nlohmann/json.hpp>

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;

Json specs_to_json(const std::vector<InputSpec>& specs) {
    Json texts = Json::array();
    for (const InputSpec& spec : specs) texts.push_back(input_spec_text(spec));
    return texts;
}

std::vector<InputSpec> specs_from_json(const JsonCursor& array) {
    std::vector<InputSpec> specs;
    for (const JsonCursor& element : array.elements()) {
        try {
            specs.push_back(parse_input_spec(element.text()));
        } catch (const UsageError& error) {
            element.refuse(error.what());
        }
        if (input_spec_text(specs.back()) != element.text())
            element.refuse("is not spelled as it is written, expected " + input_spec_text(specs.back()));
    }
    return specs;
}

}  // namespace

StageManifest read_stage_manifest(std::string_view text, const std::string& file) {
    const JsonDocument document = read_json(text, file);
    const JsonCursor root = document.root();
    const JsonCursor schema = root.at("schema");
    expect_schema(schema.text(), "stages", 1, file, schema.line());
    root.expect_only({"schema", "model_sha256", "execution", "stages"});
    StageManifest manifest;
    manifest.model_sha256 = root.at("model_sha256").text();
    manifest.execution = root.at("execution").text();
    if (manifest.execution != "optimised" && manifest.execution != "frozen")
        root.at("execution").refuse("expected \"optimised\" or \"frozen\"");
    constexpr std::int64_t kMostLayers = 1'000'000'000;
    for (const JsonCursor& stage : root.at("stages").elements()) {
        stage.expect_only({"file", "first", "end", "inputs", "outputs"});
        StageManifest::Entry entry;
        entry.file = stage.at("file").text();
        entry.layers.first = static_cast<std::size_t>(stage.at("first").integer(0, kMostLayers));
        entry.layers.end = static_cast<std::size_t>(
            stage.at("end").integer(static_cast<std::int64_t>(entry.layers.first) + 1, kMostLayers));
        entry.inputs = specs_from_json(stage.at("inputs"));
        entry.outputs = specs_from_json(stage.at("outputs"));
        manifest.stages.push_back(std::move(entry));
    }
    return manifest;
}

std::string write_stage_manifest(const StageManifest& manifest) {
    Json stages = Json::array();
    for (const StageManifest::Entry& entry : manifest.stages) {
        Json stage = Json::object();
        stage["file"] = entry.file;
        stage["first"] = entry.layers.first;
        stage["end"] = entry.layers.end;
        stage["inputs"] = specs_to_json(entry.inputs);
        stage["outputs"] = specs_to_json(entry.outputs);
        stages.push_back(std::move(stage));
    }
    Json json = Json::object();
    json["schema"] = schema_text("stages", 1);
    json["model_sha256"] = manifest.model_sha256;
    json["execution"] = manifest.execution;
    json["stages"] = std::move(stages);
    return write_json(json);
}

}  // namespace carbonedge
