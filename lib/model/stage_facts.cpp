#include "lib/base/errors.h"
#include "lib/model/stage_extraction.h"

#include <fmt/format.h>

#include <sstream>

namespace carbonedge {
namespace {

constexpr const char* kSchema = "carbonedge.stage/1";

[[noreturn]] void refuse(const std::string& path) {
    throw InputError(path, 0, "is not a stage written by this version of carbonedge-stage");
}

}  // namespace

std::string stage_facts_text(const StageFacts& facts) {
    std::string text =
        fmt::format("{}\nmodel {}\nlayers {} {}\n", kSchema, facts.model_sha256, facts.layers.first, facts.layers.end);
    for (const InputSpec& spec : facts.inputs) text += fmt::format("input {}\n", input_spec_text(spec));
    for (const InputSpec& spec : facts.outputs) text += fmt::format("output {}\n", input_spec_text(spec));
    return text;
}

StageFacts parse_stage_facts(const std::string& text, const std::string& path) {
    StageFacts facts;
    std::istringstream lines(text);
    std::string line;
    if (!std::getline(lines, line) || line != kSchema) refuse(path);
    while (std::getline(lines, line)) {
        std::istringstream words(line);
        std::string key;
        std::string value;
        words >> key >> value;
        try {
            if (key == "model") {
                facts.model_sha256 = value;
            } else if (key == "layers") {
                facts.layers.first = std::stoul(value);
                if (!(words >> facts.layers.end)) refuse(path);
            } else if (key == "input") {
                facts.inputs.push_back(parse_input_spec(value));
            } else if (key == "output") {
                facts.outputs.push_back(parse_input_spec(value));
            } else {
                refuse(path);
            }
        } catch (const UsageError&) {
            refuse(path);
        } catch (const std::logic_error&) {
            refuse(path);
        }
    }
    return facts;
}

}  // namespace carbonedge
