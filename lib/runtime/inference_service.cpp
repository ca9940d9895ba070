#include "lib/runtime/inference_service.h"

#include "lib/base/spelling.h"
#include "lib/base/version.h"
#include "lib/runtime/proto/open_inference.grpc.pb.h"

#include <fmt/format.h>
#include <cstring>

namespace carbonedge {
namespace {

using grpc::Status;
using grpc::StatusCode;

Status invalid(const std::string& problem) { return {StatusCode::INVALID_ARGUMENT, problem}; }

template <class Element, class Values>
std::vector<std::byte> pack(const Values& values) {
    std::vector<std::byte> bytes;
    bytes.reserve(static_cast<std::size_t>(values.size()) * sizeof(Element));
    for (const auto value : values) {
        const auto element = static_cast<Element>(value);
        const auto* first = reinterpret_cast<const std::byte*>(&element);
        bytes.insert(bytes.end(), first, first + sizeof(Element));
    }
    return bytes;
}

/// The typed form of a tensor's content; nothing where the type has none (half precision comes as raw bytes only).
std::optional<std::vector<std::byte>> pack_contents(DType dtype, const inference::InferTensorContents& contents) {
    switch (dtype) {
        case DType::kFloat32:
            return pack<float>(contents.fp32_contents());
        case DType::kFloat64:
            return pack<double>(contents.fp64_contents());
        case DType::kInt64:
            return pack<std::int64_t>(contents.int64_contents());
        case DType::kInt32:
            return pack<std::int32_t>(contents.int_contents());
        case DType::kInt16:
            return pack<std::int16_t>(contents.int_contents());
        case DType::kInt8:
            return pack<std::int8_t>(contents.int_contents());
        case DType::kUInt8:
            return pack<std::uint8_t>(contents.uint_contents());
        case DType::kBool:
            return pack<bool>(contents.bool_contents());
        case DType::kFloat16:
        case DType::kBFloat16:
            return std::nullopt;
    }
    return std::nullopt;
}

/// A request's inputs in the order of the model's, pointing into the request or into `packed`.
struct ReadInputs {
    Status status = Status::OK;
    std::vector<TensorView> tensors;
    std::vector<std::vector<std::byte>> packed;
};

ReadInputs read_inputs(const inference::ModelInferRequest& request, const ServedModel& model) {
    ReadInputs read;
    const auto fail = [&read](const std::string& problem) {
        read.status = invalid(problem);
        return std::move(read);
    };
    const bool raw = request.raw_input_contents_size() > 0;
    if (static_cast<std::size_t>(request.inputs_size()) != model.inputs.size()) {
        return fail(
            fmt::format("model '{}' takes {} inputs, {} came", model.name, model.inputs.size(), request.inputs_size()));
    }
    if (raw && request.raw_input_contents_size() != request.inputs_size()) {
        return fail(fmt::format("{} raw contents came for {} inputs; give one each", request.raw_input_contents_size(),
                                request.inputs_size()));
    }
    read.tensors.resize(model.inputs.size());
    std::vector<bool> given(model.inputs.size(), false);
    for (int i = 0; i < request.inputs_size(); ++i) {
        const auto& input = request.inputs(i);
        std::size_t position = 0;
        while (position < model.inputs.size() && model.inputs[position].name != input.name()) ++position;
        if (position == model.inputs.size()) {
            std::vector<std::string> names;
            for (const InputSpec& spec : model.inputs) names.push_back(spec.name);
            return fail(unknown_name_message("input", input.name(), names));
        }
        if (given[position]) return fail(fmt::format("input '{}' came twice", input.name()));
        given[position] = true;
        const std::optional<DType> dtype = dtype_from_protocol_name(input.datatype());
        const InputSpec& spec = model.inputs[position];
        const std::vector<std::int64_t> shape(input.shape().begin(), input.shape().end());
        if (!dtype || *dtype != spec.dtype || shape != spec.shape) {
            return fail(fmt::format("input '{}' is {} {}, the model takes {} {}", input.name(), input.datatype(),
                                    shape_text(shape), protocol_dtype_name(spec.dtype), shape_text(spec.shape)));
        }
        TensorView& tensor = read.tensors[position];
        tensor.dtype = *dtype;
        tensor.shape = shape;
        if (raw) {
            if (input.has_contents())
                return fail(fmt::format("input '{}' has raw and typed contents; give one", input.name()));
            const std::string& content = request.raw_input_contents(i);
            tensor.content = reinterpret_cast<const std::byte*>(content.data());
            tensor.size = content.size();
        } else {
            std::optional<std::vector<std::byte>> content = pack_contents(*dtype, input.contents());
            if (!content)
                return fail(fmt::format("{} has no typed contents; give raw_input_contents", input.datatype()));
            read.packed.push_back(std::move(*content));
            tensor.content = read.packed.back().data();
            tensor.size = read.packed.back().size();
        }
        const auto expected = static_cast<std::size_t>(tensor_bytes(spec.dtype, spec.shape).value());
        if (tensor.size != expected) {
            return fail(fmt::format("the content of input '{}' has {} bytes, {} {} needs {}", input.name(), tensor.size,
                                    input.datatype(), shape_text(shape), expected));
        }
    }
    return read;
}

StatusCode code_of(InferenceFailure::Kind kind) {
    switch (kind) {
        case InferenceFailure::Kind::kInvalidInput:
            return StatusCode::INVALID_ARGUMENT;
        case InferenceFailure::Kind::kTimeout:
            return StatusCode::DEADLINE_EXCEEDED;
        case InferenceFailure::Kind::kFailed:
            break;
    }
    return StatusCode::INTERNAL;
}

class InferenceService final : public inference::GRPCInferenceService::Service {
public:
    explicit InferenceService(InferenceBackend& backend) : backend_(backend) {}

    Status ServerLive(grpc::ServerContext*, const inference::ServerLiveRequest*,
                      inference::ServerLiveResponse* response) override {
        response->set_live(true);
        return Status::OK;
    }

    Status ServerReady(grpc::ServerContext*, const inference::ServerReadyRequest*,
                       inference::ServerReadyResponse* response) override {
        response->set_ready(backend_.ready());
        return Status::OK;
    }

    Status ModelReady(grpc::ServerContext*, const inference::ModelReadyRequest* request,
                      inference::ModelReadyResponse* response) override {
        if (!backend_.find_model(request->name())) return unknown_model(request->name());
        response->set_ready(backend_.ready());
        return Status::OK;
    }

    Status ServerMetadata(grpc::ServerContext*, const inference::ServerMetadataRequest*,
                          inference::ServerMetadataResponse* response) override {
        response->set_name(backend_.server_name());
        response->set_version(std::string(version()));
        return Status::OK;
    }

    Status ModelMetadata(grpc::ServerContext*, const inference::ModelMetadataRequest* request,
                         inference::ModelMetadataResponse* response) override {
        const std::optional<ServedModel> model = backend_.find_model(request->name());
        if (!model) return unknown_model(request->name());
        response->set_name(model->name);
        response->add_versions("1");
        response->set_platform(model->platform);
        for (const InputSpec& spec : model->inputs) describe(spec, *response->add_inputs());
        for (const InputSpec& spec : model->outputs) describe(spec, *response->add_outputs());
        return Status::OK;
    }

    Status ModelInfer(grpc::ServerContext*, const inference::ModelInferRequest* request,
                      inference::ModelInferResponse* response) override {
        const std::optional<ServedModel> model = backend_.find_model(request->model_name());
        if (!model) return unknown_model(request->model_name());
        const ReadInputs read = read_inputs(*request, *model);
        if (!read.status.ok()) return read.status;
        std::vector<std::size_t> wanted;
        const Status selection = select_outputs(*request, *model, wanted);
        if (!selection.ok()) return selection;

        auto answer = backend_.infer(model->name, read.tensors);
        if (const auto* failure = std::get_if<InferenceFailure>(&answer))
            return {code_of(failure->kind), failure->problem};
        const auto& outputs = std::get<std::vector<HostTensor>>(answer);
        response->set_model_name(model->name);
        response->set_model_version("1");
        response->set_id(request->id());
        for (const std::size_t i : wanted) {
            auto& output = *response->add_outputs();
            output.set_name(model->outputs[i].name);
            output.set_datatype(std::string(protocol_dtype_name(outputs.at(i).dtype)));
            for (const std::int64_t extent : outputs[i].shape) output.add_shape(extent);
            response->add_raw_output_contents(outputs[i].content.data(), outputs[i].content.size());
        }
        return Status::OK;
    }

private:
    Status unknown_model(const std::string& name) const {
        return {StatusCode::NOT_FOUND, unknown_name_message("model", name, backend_.model_names())};
    }

    static void describe(const InputSpec& spec, inference::ModelMetadataResponse::TensorMetadata& tensor) {
        tensor.set_name(spec.name);
        tensor.set_datatype(std::string(protocol_dtype_name(spec.dtype)));
        for (const std::int64_t extent : spec.shape) tensor.add_shape(extent);
    }

    /// Positions of the outputs that the request names, all where it names none.
    static Status select_outputs(const inference::ModelInferRequest& request, const ServedModel& model,
                                 std::vector<std::size_t>& wanted) {
        std::vector<std::string> names;
        for (const InputSpec& spec : model.outputs) names.push_back(spec.name);
        if (request.outputs_size() == 0) {
            for (std::size_t i = 0; i < names.size(); ++i) wanted.push_back(i);
        }
        for (const auto& output : request.outputs()) {
            const auto found = std::find(names.begin(), names.end(), output.name());
            if (found == names.end()) return invalid(unknown_name_message("output", output.name(), names));
            wanted.push_back(static_cast<std::size_t>(found - names.begin()));
        }
        return Status::OK;
    }

    InferenceBackend& backend_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_inference_service(InferenceBackend& backend) {
    return std::make_unique<InferenceService>(backend);
}

}  // namespace carbonedge
