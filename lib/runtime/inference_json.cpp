#include "lib/runtime/inference_json.h"

#include "lib/base/utf8.h"
#include "lib/base/version.h"

#include <fmt/format.h>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kDeepest = 32;
constexpr std::size_t kMostTensors = 1024;
constexpr std::size_t kMostExtents = 64;

/// Follows the text value by value, so that data of millions of numbers never stands in memory as a document.
class RequestReader : public nlohmann::json_sax<nlohmann::json> {
public:
    RequestReader(InferenceJson& request, std::size_t most_values) : request_(request), most_values_(most_values) {}

    [[nodiscard]] const std::string& problem() const { return problem_; }

    bool null() override { return other("null"); }
    bool boolean(bool value) override {
        switch (place()) {
            case Place::kData:
                return add(JsonNumber{true, {value ? 1 : 0}});
            case Place::kOutputParameters:
                if (key_ == "binary_data") request_.outputs.back().binary = value;
                return true;
            case Place::kParameters:
                if (key_ == "binary_data_output") request_.binary_output = value;
                return true;
            default:
                return other(value ? "true" : "false");
        }
    }
    bool number_integer(number_integer_t value) override {
        if (place() == Place::kData) return add(JsonNumber{true, {value}});
        return other(std::to_string(value));
    }
    bool number_unsigned(number_unsigned_t value) override {
        constexpr auto kLargest = static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max());
        switch (place()) {
            case Place::kData:
                if (value > kLargest) return number_float(static_cast<double>(value), "");
                return add(JsonNumber{true, {static_cast<std::int64_t>(value)}});
            case Place::kShape:
                if (value > kLargest || request_.inputs.back().shape.size() == kMostExtents)
                    return fail("a shape that no tensor has");
                request_.inputs.back().shape.push_back(static_cast<std::int64_t>(value));
                return true;
            case Place::kInputParameters:
                if (key_ == "binary_data_size") request_.inputs.back().binary_bytes = value;
                return true;
            default:
                return other(std::to_string(value));
        }
    }
    bool number_float(number_float_t value, const string_t& text) override {
        if (place() != Place::kData) return other(text);
        JsonNumber number;
        number.integral = false;
        number.real = value;
        return add(number);
    }
    bool string(string_t& value) override {
        switch (place()) {
            case Place::kRequest:
                if (key_ == "id") return take(request_.id, value);
                break;
            case Place::kInput:
                if (key_ == "name") return take(request_.inputs.back().name, value);
                if (key_ == "datatype") return take(request_.inputs.back().datatype, value);
                break;
            case Place::kOutput:
                if (key_ == "name") return take(request_.outputs.back().name, value);
                break;
            default:
                break;
        }
        return other("a text");
    }
    bool binary(binary_t&) override { return other("binary"); }
    bool key(string_t& value) override {
        key_ = value;
        return true;
    }

    bool start_object(std::size_t) override {
        switch (place()) {
            case Place::kDocument:
                return enter(Place::kRequest);
            case Place::kRequest:
                if (key_ == "parameters") return enter(Place::kParameters);
                break;
            case Place::kInputs:
                if (request_.inputs.size() == kMostTensors) return fail("too many inputs");
                request_.inputs.emplace_back();
                return enter(Place::kInput);
            case Place::kOutputs:
                if (request_.outputs.size() == kMostTensors) return fail("too many outputs");
                request_.outputs.emplace_back();
                return enter(Place::kOutput);
            case Place::kInput:
                if (key_ == "parameters") return enter(Place::kInputParameters);
                break;
            case Place::kOutput:
                if (key_ == "parameters") return enter(Place::kOutputParameters);
                break;
            default:
                break;
        }
        return other("an object") && enter(Place::kIgnored);
    }
    bool end_object() override { return leave(); }

    bool start_array(std::size_t) override {
        switch (place()) {
            case Place::kRequest:
                if (key_ == "inputs") return enter(Place::kInputs);
                if (key_ == "outputs") return enter(Place::kOutputs);
                break;
            case Place::kInput:
                if (key_ == "shape") {
                    request_.inputs.back().shape.clear();
                    return enter(Place::kShape);
                }
                if (key_ == "data") {
                    if (request_.inputs.back().has_data) return fail("an input's 'data' came twice");
                    request_.inputs.back().has_data = true;
                    nesting_ = {};
                    return open_data();
                }
                break;
            case Place::kData:
                if (!count_element()) return false;
                return open_data();
            default:
                break;
        }
        return other("an array") && enter(Place::kIgnored);
    }
    bool end_array() override { return place() == Place::kData ? close_data() : leave(); }

    bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
        return fail(fmt::format("the body is no JSON: it goes wrong at byte {}", position));
    }

private:
    enum class Place {
        kDocument,
        kRequest,
        kParameters,
        kInputs,
        kInput,
        kInputParameters,
        kShape,
        kData,
        kOutputs,
        kOutput,
        kOutputParameters,
        kIgnored
    };

    [[nodiscard]] Place place() const { return places_.empty() ? Place::kDocument : places_.back(); }
    bool enter(Place place) {
        if (places_.size() == kDeepest) return fail("the JSON is nested too deeply");
        places_.push_back(place);
        return true;
    }
    bool leave() {
        places_.pop_back();
        return true;
    }
    bool fail(const std::string& problem) {
        problem_ = problem;
        return false;
    }
    static bool take(std::string& target, std::string& value) {
        target = std::move(value);
        return true;
    }

    /// A value that is not among those looked for: passed over, but not where something else must stand.
    bool other(const std::string& what) {
        switch (place()) {
            case Place::kDocument:
                return fail("the body is " + what + ", expected an object with 'inputs'");
            case Place::kData:
                return fail(fmt::format("the data of input '{}' has {} in it, expected numbers",
                                        cleaned_for_message(request_.inputs.back().name, 60), what));
            case Place::kShape:
                return fail(fmt::format("the shape of an input has {} in it, expected whole numbers from 0", what));
            case Place::kInputs:
            case Place::kOutputs:
                return fail(fmt::format("'{}' has {} in it, expected objects",
                                        place() == Place::kInputs ? "inputs" : "outputs", what));
            case Place::kRequest:
                if (key_ == "inputs" || key_ == "outputs") return wrong(what, "an array");
                if (key_ == "id") return wrong(what, "a text");
                return true;
            case Place::kInput:
                if (key_ == "shape" || key_ == "data") return wrong(what, "an array");
                if (key_ == "name" || key_ == "datatype") return wrong(what, "a text");
                return true;
            case Place::kOutput:
                return key_ == "name" ? wrong(what, "a text") : true;
            case Place::kInputParameters:
                return key_ == "binary_data_size" ? wrong(what, "a whole number from 0") : true;
            case Place::kOutputParameters:
                return key_ == "binary_data" ? wrong(what, "true or false") : true;
            case Place::kParameters:
                return key_ == "binary_data_output" ? wrong(what, "true or false") : true;
            case Place::kIgnored:
                return true;
        }
        return true;
    }
    bool wrong(const std::string& what, const char* expected) {
        return fail(fmt::format("'{}' is {}, expected {}", key_, what, expected));
    }

    // Data may be nested as the shape is; then every array of a depth has as many elements as the others.
    struct Depth {
        std::size_t elements = 0;
        std::optional<std::size_t> expected;
        bool has_numbers = false;
    };
    bool open_data() {
        if (depth_ > 0 && nesting_[depth_ - 1].has_numbers) return mixed();
        if (depth_ == nesting_.size()) nesting_.emplace_back();
        nesting_[depth_++].elements = 0;
        return enter(Place::kData);
    }
    bool close_data() {
        Depth& depth = nesting_[--depth_];
        if (depth.expected && *depth.expected != depth.elements) {
            return fail(fmt::format("the data of input '{}' is ragged: arrays of {} and of {} elements at one depth",
                                    cleaned_for_message(request_.inputs.back().name, 60), *depth.expected,
                                    depth.elements));
        }
        depth.expected = depth.elements;
        if (depth_ == 0) {
            for (const Depth& each : nesting_) request_.inputs.back().nesting.push_back(each.expected.value_or(0));
        }
        return leave();
    }
    bool count_element() {
        if (++nesting_[depth_ - 1].elements > most_values_) return too_many();
        return true;
    }
    bool too_many() {
        return fail(fmt::format("more than {} values came, which is all that the model's inputs have", most_values_));
    }
    bool mixed() {
        return fail(fmt::format("the data of input '{}' has numbers and arrays side by side",
                                cleaned_for_message(request_.inputs.back().name, 60)));
    }
    bool add(JsonNumber number) {
        if (values_ == most_values_) return too_many();
        if (nesting_.size() > depth_) return mixed();
        ++values_;
        ++nesting_[depth_ - 1].elements;
        nesting_[depth_ - 1].has_numbers = true;
        request_.inputs.back().data.push_back(number);
        return true;
    }

    InferenceJson& request_;
    std::size_t most_values_;
    std::size_t values_ = 0;
    std::vector<Place> places_;
    std::vector<Depth> nesting_;
    std::size_t depth_ = 0;
    std::string key_;
    std::string problem_;
};

template <class Element>
std::string pack_whole(const InferenceJson::Input& input, std::vector<std::byte>& packed) {
    std::byte* target = packed.data();
    for (const JsonNumber& number : input.data) {
        std::int64_t whole = number.whole;
        if (!number.integral) {
            if (std::trunc(number.real) != number.real || std::abs(number.real) > 9007199254740992.0) {
                return fmt::format("{} of input '{}' is no {}", number.real, input.name, input.datatype);
            }
            whole = static_cast<std::int64_t>(number.real);
        }
        if (whole < static_cast<std::int64_t>(std::numeric_limits<Element>::min()) ||
            whole > static_cast<std::int64_t>(std::numeric_limits<Element>::max())) {
            return fmt::format("{} of input '{}' is no {}", whole, input.name, input.datatype);
        }
        const auto element = static_cast<Element>(whole);
        std::memcpy(target, &element, sizeof element);
        target += sizeof element;
    }
    return "";
}

template <class Element>
std::string pack_real(const InferenceJson::Input& input, std::vector<std::byte>& packed) {
    std::byte* target = packed.data();
    for (const JsonNumber& number : input.data) {
        const double real = number.integral ? static_cast<double>(number.whole) : number.real;
        if (std::abs(real) > static_cast<double>(std::numeric_limits<Element>::max())) {
            return fmt::format("{} of input '{}' is no {}", real, input.name, input.datatype);
        }
        const auto element = static_cast<Element>(real);
        std::memcpy(target, &element, sizeof element);
        target += sizeof element;
    }
    return "";
}

/// Appends the elements of a tensor; false where one has no JSON form.
template <class Element>
bool append_elements(std::string& json, const HostTensor& tensor) {
    const std::byte* source = tensor.content.data();
    for (std::size_t i = 0; i < tensor.content.size() / sizeof(Element); ++i, source += sizeof(Element)) {
        Element element;
        std::memcpy(&element, source, sizeof element);
        if constexpr (std::is_floating_point_v<Element>) {
            if (!std::isfinite(element)) return false;
        }
        if (i > 0) json += ',';
        fmt::format_to(std::back_inserter(json), "{}", element);
    }
    return true;
}

bool append_data(std::string& json, const HostTensor& tensor) {
    switch (tensor.dtype) {
        case DType::kFloat32:
            return append_elements<float>(json, tensor);
        case DType::kFloat64:
            return append_elements<double>(json, tensor);
        case DType::kInt64:
            return append_elements<std::int64_t>(json, tensor);
        case DType::kInt32:
            return append_elements<std::int32_t>(json, tensor);
        case DType::kInt16:
            return append_elements<std::int16_t>(json, tensor);
        case DType::kInt8:
            return append_elements<std::int8_t>(json, tensor);
        case DType::kUInt8:
            return append_elements<std::uint8_t>(json, tensor);
        case DType::kBool:
            for (std::size_t i = 0; i < tensor.content.size(); ++i) {
                json += i > 0 ? "," : "";
                json += tensor.content[i] != std::byte{0} ? "true" : "false";
            }
            return true;
        case DType::kFloat16:
        case DType::kBFloat16:
            break;
    }
    return false;
}

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json described(const std::vector<InputSpec>& specs) {
    Json tensors = Json::array();
    for (const InputSpec& spec : specs) {
        tensors.push_back({{"name", spec.name}, {"datatype", protocol_dtype_name(spec.dtype)}, {"shape", spec.shape}});
    }
    return tensors;
}

}  // namespace

std::string parse_inference_json(std::string_view text, std::size_t most_values, InferenceJson& request) {
    RequestReader reader(request, most_values);
    (void)nlohmann::json::sax_parse(text.begin(), text.end(), &reader);
    return reader.problem();
}

std::string pack_data(const InferenceJson::Input& input, DType dtype, std::vector<std::byte>& packed) {
    if (input.nesting.size() > 1) {
        const std::vector<std::int64_t> nesting(input.nesting.begin(), input.nesting.end());
        if (nesting != input.shape) {
            return fmt::format("the data of input '{}' is nested as {}, its shape is {}", input.name,
                               shape_text(nesting), shape_text(input.shape));
        }
    }
    packed.resize(input.data.size() * static_cast<std::size_t>(dtype_size_bytes(dtype)));
    switch (dtype) {
        case DType::kFloat32:
            return pack_real<float>(input, packed);
        case DType::kFloat64:
            return pack_real<double>(input, packed);
        case DType::kInt64:
            return pack_whole<std::int64_t>(input, packed);
        case DType::kInt32:
            return pack_whole<std::int32_t>(input, packed);
        case DType::kInt16:
            return pack_whole<std::int16_t>(input, packed);
        case DType::kInt8:
            return pack_whole<std::int8_t>(input, packed);
        case DType::kUInt8:
            return pack_whole<std::uint8_t>(input, packed);
        case DType::kBool:
            return pack_whole<bool>(input, packed);
        case DType::kFloat16:
        case DType::kBFloat16:
            break;
    }
    return fmt::format("{} has no JSON form; send input '{}' as binary data", input.datatype, input.name);
}

std::optional<std::string> inference_response_json(const std::string& model, const std::string& id,
                                                   const std::vector<JsonOutput>& outputs, std::string& problem) {
    Json head{{"model_name", model}, {"model_version", "1"}};
    if (!id.empty()) head["id"] = id;
    std::string json = text_of(head);
    json.pop_back();
    json += ",\"outputs\":[";
    for (const JsonOutput& output : outputs) {
        Json described{{"name", output.spec->name},
                       {"datatype", protocol_dtype_name(output.tensor->dtype)},
                       {"shape", output.tensor->shape}};
        if (output.binary) described["parameters"] = {{"binary_data_size", output.tensor->content.size()}};
        if (json.back() != '[') json += ',';
        json += text_of(described);
        if (output.binary) continue;
        json.pop_back();
        json += ",\"data\":[";
        if (!append_data(json, *output.tensor)) {
            problem = fmt::format(
                "output '{}' has values that JSON has no form for; ask for it with "
                "\"parameters\":{{\"binary_data\":true}}",
                output.spec->name);
            return std::nullopt;
        }
        json += "]}";
    }
    return json + "]}";
}

std::string error_json(const std::string& problem) { return text_of({{"error", problem}}) + '\n'; }

std::string server_metadata_json(const InferenceBackend& backend) {
    return text_of({{"name", backend.server_name()},
                    {"version", version()},
                    {"extensions", Json::array({"binary_tensor_data"})}}) +
           '\n';
}

std::string model_metadata_json(const ServedModel& model) {
    return text_of({{"name", model.name},
                    {"versions", Json::array({"1"})},
                    {"platform", model.platform},
                    {"inputs", described(model.inputs)},
                    {"outputs", described(model.outputs)}}) +
           '\n';
}

std::string readiness_json(const std::string& key, bool value) { return text_of({{key, value}}) + '\n'; }

std::string model_readiness_json(const std::string& model, bool ready) {
    return text_of({{"name", model}, {"ready", ready}}) + '\n';
}

}  // namespace carbonedge
