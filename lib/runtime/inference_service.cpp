#include "lib/runtime/inference_service.h"

#include "lib/base/version.h"
#include "lib/runtime/inference_request.h"
#include "lib/runtime/proto/open_inference.grpc.pb.h"
#include "lib/transport/clocks.h"
#include "lib/transport/tensor_buffer.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/grpcpp.h>
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

/// A request's inputs in the order of the model's, in memory of their own.
struct ReadInputs {
    std::string problem;
    std::vector<TensorView> tensors;
    std::shared_ptr<const void> owner;
};

/// What the tensors point into.
struct Contents {
    std::vector<std::string> raw;
    std::vector<std::vector<std::byte>> packed;
};

/// Takes the raw contents out of the request rather than copying them.
ReadInputs read_inputs(inference::ModelInferRequest& request, const ServedModel& model) {
    ReadInputs read;
    const auto contents = std::make_shared<Contents>();
    read.owner = contents;
    OfferedInputs offered(model);
    const auto fail = [&read](std::string problem) {
        read.problem = std::move(problem);
        return std::move(read);
    };
    const bool raw = request.raw_input_contents_size() > 0;
    if (std::string problem = offered.expect(static_cast<std::size_t>(request.inputs_size())); !problem.empty()) {
        return fail(std::move(problem));
    }
    if (raw && request.raw_input_contents_size() != request.inputs_size()) {
        return fail(fmt::format("{} raw contents came for {} inputs; give one each", request.raw_input_contents_size(),
                                request.inputs_size()));
    }
    contents->raw.reserve(model.inputs.size());  // short strings would move with their elements
    for (int i = 0; i < request.inputs_size(); ++i) {
        const auto& input = request.inputs(i);
        std::size_t position = 0;
        const std::vector<std::int64_t> shape(input.shape().begin(), input.shape().end());
        if (std::string problem = offered.declare(input.name(), input.datatype(), shape, position); !problem.empty()) {
            return fail(std::move(problem));
        }
        const std::byte* content = nullptr;
        std::size_t size = 0;
        if (raw) {
            if (input.has_contents())
                return fail(fmt::format("input '{}' has raw and typed contents; give one", input.name()));
            const std::string& kept = contents->raw.emplace_back(std::move(*request.mutable_raw_input_contents(i)));
            content = reinterpret_cast<const std::byte*>(kept.data());
            size = kept.size();
        } else {
            std::optional<std::vector<std::byte>> packed =
                pack_contents(model.inputs[position].dtype, input.contents());
            if (!packed)
                return fail(fmt::format("{} has no typed contents; give raw_input_contents", input.datatype()));
            contents->packed.push_back(std::move(*packed));
            content = contents->packed.back().data();
            size = contents->packed.back().size();
        }
        if (std::string problem = offered.fill(position, content, size); !problem.empty())
            return fail(std::move(problem));
    }
    read.tensors = offered.tensors();
    return read;
}

StatusCode code_of(InferenceFailure::Kind kind) {
    switch (kind) {
        case InferenceFailure::Kind::kInvalidInput:
            return StatusCode::INVALID_ARGUMENT;
        case InferenceFailure::Kind::kUnavailable:
            return StatusCode::UNAVAILABLE;
        case InferenceFailure::Kind::kTimeout:
            return StatusCode::DEADLINE_EXCEEDED;
        case InferenceFailure::Kind::kFailed:
            break;
    }
    return StatusCode::INTERNAL;
}

/// A call of ModelInfer until it is answered.
struct OpenCall {
    ServedModel model;
    std::string id;
    std::vector<std::size_t> wanted;  ///< positions of the outputs
};

/// A response with the outputs where the protocol has them last, written in one go: what goes out is copied once.
grpc::ByteBuffer response_with(const OpenCall& call, const std::vector<TensorView>& outputs, BufferPool& pool) {
    using google::protobuf::io::CodedOutputStream;
    inference::ModelInferResponse head;
    head.set_model_name(call.model.name);
    head.set_model_version("1");
    head.set_id(call.id);
    for (const std::size_t i : call.wanted) {
        auto& output = *head.add_outputs();
        output.set_name(call.model.outputs[i].name);
        output.set_datatype(std::string(protocol_dtype_name(outputs.at(i).dtype)));
        for (const std::int64_t extent : outputs[i].shape) output.add_shape(extent);
    }
    constexpr std::uint32_t kBytesFollow = 2;  // of the wire format
    constexpr std::uint32_t kTag = (inference::ModelInferResponse::kRawOutputContentsFieldNumber << 3U) | kBytesFollow;
    std::size_t size = head.ByteSizeLong();
    for (const std::size_t i : call.wanted) {
        size +=
            CodedOutputStream::VarintSize32(kTag) + CodedOutputStream::VarintSize64(outputs[i].size) + outputs[i].size;
    }
    auto buffer = std::make_unique<std::shared_ptr<TensorBuffer>>(pool.take(size));
    auto* first = reinterpret_cast<std::uint8_t*>((*buffer)->bytes());
    std::uint8_t* next = head.SerializeWithCachedSizesToArray(first);
    for (const std::size_t i : call.wanted) {
        next = CodedOutputStream::WriteTagToArray(kTag, next);
        next = CodedOutputStream::WriteVarint64ToArray(outputs[i].size, next);
        if (outputs[i].size > 0) std::memcpy(next, outputs[i].content, outputs[i].size);
        next += outputs[i].size;
    }
    const grpc::Slice slice(
        first, size, [](void* kept) { delete static_cast<std::shared_ptr<TensorBuffer>*>(kept); }, buffer.release());
    return {&slice, 1};
}

/// ModelInfer takes and gives messages as they are on the wire, and is answered by the thread that has the outputs: a
/// thread less to wake, and two copies less, than with handlers that wait.
using ServiceBase =
    inference::GRPCInferenceService::WithRawCallbackMethod_ModelInfer<inference::GRPCInferenceService::Service>;

class InferenceService final : public ServiceBase {
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

    grpc::ServerUnaryReactor* ModelInfer(grpc::CallbackServerContext* context, const grpc::ByteBuffer* message,
                                         grpc::ByteBuffer* response) override {
        const Nanoseconds start = now_monotonic();
        grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
        const auto end = [this, start, reactor](const Status& status, InferenceResult result) {
            backend_.ended(ClientProtocol::kGrpc, result, now_monotonic() - start);
            reactor->Finish(status);  // this server may be gone when it returns
        };
        inference::ModelInferRequest request;
        // The message is this call's alone, and need not outlive its parsing.
        auto& bytes = const_cast<grpc::ByteBuffer&>(*message);
        if (!grpc::SerializationTraits<inference::ModelInferRequest>::Deserialize(&bytes, &request).ok()) {
            end(invalid("the message is no ModelInferRequest"), InferenceResult::kInvalid);
            return reactor;
        }
        const auto call = std::make_shared<OpenCall>();
        std::optional<ServedModel> model = backend_.find_model(request.model_name());
        if (!model) {
            end(unknown_model(request.model_name()), InferenceResult::kUnknownModel);
            return reactor;
        }
        call->model = std::move(*model);
        call->id = request.id();
        ReadInputs read = read_inputs(request, call->model);
        const std::vector<std::string> names = names_of_outputs(request);
        if (read.problem.empty()) read.problem = select_outputs(call->model, names, call->wanted);
        if (!read.problem.empty()) {
            end(invalid(read.problem), InferenceResult::kInvalid);
            return reactor;
        }
        backend_.start(
            {call->model.name, std::move(read.tensors), std::move(read.owner), ClientProtocol::kGrpc},
            [this, call, response, end](const InferenceAnswer& answer) {
                if (const auto* failure = std::get_if<InferenceFailure>(&answer)) {
                    end({code_of(failure->kind), failure->problem}, result_of(failure->kind));
                    return;
                }
                // Whoever has the outputs cannot do more for the call than we can.
                try {
                    *response = response_with(*call, std::get<std::vector<TensorView>>(answer), *pool_);
                } catch (const std::exception& error) {
                    end({StatusCode::INTERNAL, fmt::format("the answer cannot be written: {}", error.what())},
                        InferenceResult::kFailed);
                    return;
                }
                end(Status::OK, InferenceResult::kOk);
            });
        return reactor;
    }

private:
    static std::vector<std::string> names_of_outputs(const inference::ModelInferRequest& request) {
        std::vector<std::string> names;
        for (const auto& output : request.outputs()) names.push_back(output.name());
        return names;
    }

    Status unknown_model(const std::string& name) const {
        return {StatusCode::NOT_FOUND, unknown_model_message(backend_, name)};
    }

    static void describe(const InputSpec& spec, inference::ModelMetadataResponse::TensorMetadata& tensor) {
        tensor.set_name(spec.name);
        tensor.set_datatype(std::string(protocol_dtype_name(spec.dtype)));
        for (const std::int64_t extent : spec.shape) tensor.add_shape(extent);
    }

    InferenceBackend& backend_;
    std::shared_ptr<BufferPool> pool_ = BufferPool::create();
};

}  // namespace

std::unique_ptr<grpc::Service> make_inference_service(InferenceBackend& backend) {
    return std::make_unique<InferenceService>(backend);
}

}  // namespace carbonedge
