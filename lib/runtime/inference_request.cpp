#include "lib/runtime/inference_request.h"

#include "lib/base/spelling.h"
#include "lib/base/utf8.h"

#include <fmt/format.h>
#include <algorithm>
#include <future>

namespace carbonedge {
namespace {

std::vector<std::string> names_of(const std::vector<InputSpec>& specs) {
    std::vector<std::string> names;
    for (const InputSpec& spec : specs) names.push_back(spec.name);
    return names;
}

/// What a client sends may be as long as a message; what is said about it may not.
std::string shown(const std::string& name) { return cleaned_for_message(name, 100); }

std::string shown(const std::vector<std::int64_t>& shape) {
    constexpr std::size_t kMostExtents = 16;
    return shape.size() > kMostExtents ? fmt::format("of {} dimensions", shape.size()) : shape_text(shape);
}

}  // namespace

std::string_view client_protocol_name(ClientProtocol protocol) {
    return protocol == ClientProtocol::kGrpc ? "grpc" : "rest";
}

std::string_view inference_result_name(InferenceResult result) {
    switch (result) {
        case InferenceResult::kOk:
            return "ok";
        case InferenceResult::kInvalid:
            return "invalid";
        case InferenceResult::kUnknownModel:
            return "unknown_model";
        case InferenceResult::kUnavailable:
            return "unavailable";
        case InferenceResult::kTimeout:
            return "timeout";
        case InferenceResult::kFailed:
            break;
    }
    return "failed";
}

InferenceResult result_of(InferenceFailure::Kind kind) {
    switch (kind) {
        case InferenceFailure::Kind::kInvalidInput:
            return InferenceResult::kInvalid;
        case InferenceFailure::Kind::kUnavailable:
            return InferenceResult::kUnavailable;
        case InferenceFailure::Kind::kTimeout:
            return InferenceResult::kTimeout;
        case InferenceFailure::Kind::kFailed:
            break;
    }
    return InferenceResult::kFailed;
}

InferenceOutcome InferenceBackend::infer(InferenceCall call) {
    const auto promise = std::make_shared<std::promise<InferenceOutcome>>();
    std::future<InferenceOutcome> outcome = promise->get_future();
    start(std::move(call), [promise](const InferenceAnswer& answer) {
        if (const auto* failure = std::get_if<InferenceFailure>(&answer)) {
            promise->set_value(*failure);
            return;
        }
        std::vector<HostTensor> outputs;
        try {
            for (const TensorView& view : std::get<std::vector<TensorView>>(answer)) outputs.push_back(copy_of(view));
        } catch (const std::exception& error) {
            promise->set_value(InferenceFailure{InferenceFailure::Kind::kFailed, error.what()});
            return;
        }
        promise->set_value(std::move(outputs));
    });
    return outcome.get();
}

std::string OfferedInputs::expect(std::size_t count) {
    if (count != model_.inputs.size()) {
        return fmt::format("model '{}' takes {} inputs, {} came", model_.name, model_.inputs.size(), count);
    }
    tensors_.resize(count);
    given_.assign(count, false);
    return "";
}

std::string OfferedInputs::declare(const std::string& name, const std::string& datatype,
                                   const std::vector<std::int64_t>& shape, std::size_t& position) {
    const auto found = std::find_if(model_.inputs.begin(), model_.inputs.end(),
                                    [&name](const InputSpec& spec) { return spec.name == name; });
    if (found == model_.inputs.end()) {
        return unknown_name_message("input", shown(name), names_of(model_.inputs));
    }
    position = static_cast<std::size_t>(found - model_.inputs.begin());
    if (given_[position]) return fmt::format("input '{}' came twice", name);
    given_[position] = true;
    const std::optional<DType> dtype = dtype_from_protocol_name(datatype);
    if (!dtype || *dtype != found->dtype || shape != found->shape) {
        return fmt::format("input '{}' is {} {}, the model takes {} {}", name, shown(datatype), shown(shape),
                           protocol_dtype_name(found->dtype), shape_text(found->shape));
    }
    tensors_[position].dtype = *dtype;
    tensors_[position].shape = shape;
    return "";
}

std::string OfferedInputs::fill(std::size_t position, const std::byte* content, std::size_t size) {
    const InputSpec& spec = model_.inputs[position];
    const auto expected = static_cast<std::size_t>(tensor_bytes(spec.dtype, spec.shape).value());
    if (size != expected) {
        return fmt::format("the content of input '{}' has {} bytes, {} {} needs {}", spec.name, size,
                           protocol_dtype_name(spec.dtype), shape_text(spec.shape), expected);
    }
    tensors_[position].content = content;
    tensors_[position].size = size;
    return "";
}

std::string select_outputs(const ServedModel& model, std::span<const std::string> names,
                           std::vector<std::size_t>& wanted) {
    const std::vector<std::string> known = names_of(model.outputs);
    for (const std::string& name : names) {
        const auto found = std::find(known.begin(), known.end(), name);
        if (found == known.end()) return unknown_name_message("output", shown(name), known);
        const auto position = static_cast<std::size_t>(found - known.begin());
        if (std::find(wanted.begin(), wanted.end(), position) != wanted.end()) {
            return fmt::format("output '{}' is asked for twice", name);
        }
        wanted.push_back(position);
    }
    for (std::size_t i = 0; names.empty() && i < known.size(); ++i) wanted.push_back(i);
    return "";
}

std::string unknown_model_message(const InferenceBackend& backend, const std::string& name) {
    return unknown_name_message("model", shown(name), backend.model_names());
}

}  // namespace carbonedge
