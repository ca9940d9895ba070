#pragma once

#include "lib/runtime/stage_runner.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace carbonedge {

/// A model that an Open Inference Protocol client can see.
struct ServedModel {
    std::string name;
    std::string platform;
    std::vector<InputSpec> inputs;
    std::vector<InputSpec> outputs;
};

enum class ClientProtocol { kGrpc, kRest };
std::string_view client_protocol_name(ClientProtocol protocol);  ///< "grpc", "rest"

/// How a client's call ended.
enum class InferenceResult { kOk, kInvalid, kUnknownModel, kUnavailable, kTimeout, kFailed };
std::string_view inference_result_name(InferenceResult result);  ///< "ok", "invalid", "unknown_model", ...

/// Why an inference gave no outputs.
struct InferenceFailure {
    enum class Kind {
        kInvalidInput,
        kUnavailable,  ///< too much is waiting, or the server is ending: nothing was done, try elsewhere or later
        kTimeout,
        kFailed
    };
    Kind kind = Kind::kFailed;
    std::string problem;
};

InferenceResult result_of(InferenceFailure::Kind kind);

/// One inference. The inputs fit the model's specs in type, shape and size, in the order of the specs.
struct InferenceCall {
    std::string model;
    std::vector<TensorView> inputs;     ///< not aligned where they came behind JSON
    std::shared_ptr<const void> owner;  ///< keeps the inputs alive; may be held beyond the call
    ClientProtocol protocol = ClientProtocol::kGrpc;
};
using InferenceOutcome = std::variant<std::vector<HostTensor>, InferenceFailure>;
/// The same with outputs that live only while they are looked at.
using InferenceAnswer = std::variant<std::vector<TensorView>, InferenceFailure>;

/// What answers the protocol: a node for its stages, the gateway for the whole pipeline. All calls are thread-safe.
class InferenceBackend {
public:
    virtual ~InferenceBackend() = default;
    [[nodiscard]] virtual std::string server_name() const = 0;
    [[nodiscard]] virtual bool ready() const = 0;
    [[nodiscard]] virtual std::vector<std::string> model_names() const = 0;
    [[nodiscard]] virtual std::optional<ServedModel> find_model(const std::string& name) const = 0;
    using Answered = std::function<void(const InferenceAnswer&)>;
    /// Calls `answered` once, maybe before it returns: in the thread that computed or received the outputs, so that
    /// nobody has to be woken and nothing be copied to be answered. It neither waits nor throws. start() itself waits
    /// while what it hands the call to takes no more.
    virtual void start(InferenceCall call, Answered answered) = 0;
    /// start(), and waits for what comes of it.
    InferenceOutcome infer(InferenceCall call);
    /// Hears of every call that a client made, refused ones included; `duration` is of the server's part.
    virtual void ended(ClientProtocol /*protocol*/, InferenceResult /*result*/, Nanoseconds /*duration*/) {}
};

}  // namespace carbonedge
