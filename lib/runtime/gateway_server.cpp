#include "lib/runtime/gateway_server.h"

#include "lib/runtime/grpc_server.h"
#include "lib/transport/clocks.h"

#include <grpcpp/impl/service_type.h>
#include <algorithm>
#include <future>

namespace carbonedge {

class GatewayServer::Backend : public InferenceBackend {
public:
    Backend(Gateway& gateway, ServedModel model, LoadGenerator::Routing routing)
        : gateway_(gateway), model_(std::move(model)), routing_(std::move(routing)) {}

    [[nodiscard]] std::string server_name() const override { return "carbonedge-run"; }
    [[nodiscard]] bool ready() const override { return true; }
    [[nodiscard]] std::vector<std::string> model_names() const override { return {model_.name}; }
    [[nodiscard]] std::optional<ServedModel> find_model(const std::string& name) const override {
        return name == model_.name ? std::optional(model_) : std::nullopt;
    }

    std::variant<std::vector<HostTensor>, InferenceFailure> infer(const std::string& /*model*/,
                                                                  const std::vector<TensorView>& inputs) override {
        auto kept = std::make_shared<std::vector<HostTensor>>();
        for (const TensorView& input : inputs) kept->push_back(copy_of(input));
        auto promise = std::make_shared<std::promise<Answer>>();
        std::future<Answer> answer = promise->get_future();
        gateway_.submit(choose(), views_of(*kept), kept, now_monotonic(),
                        [promise](Answer given) { promise->set_value(std::move(given)); });
        Answer given = answer.get();  // the gateway gives up by its own time limit
        const std::lock_guard lock(mutex_);
        if (routing_.finished) {
            routing_.finished(static_cast<std::size_t>(given.record.pipeline), to_seconds(given.record.latency));
        }
        if (given.record.ok) return std::move(given.outputs);
        return InferenceFailure{InferenceFailure::Kind::kFailed, given.record.error};
    }

private:
    std::size_t choose() {
        const std::lock_guard lock(mutex_);
        return routing_.choose();
    }

    Gateway& gateway_;
    ServedModel model_;
    LoadGenerator::Routing routing_;
    std::mutex mutex_;
};

GatewayServer::GatewayServer(Gateway& gateway, ServedModel model, LoadGenerator::Routing routing,
                             const std::string& address) {
    const Bytes longest = std::max(message_bytes(model.inputs), message_bytes(model.outputs));
    backend_ = std::make_unique<Backend>(gateway, std::move(model), std::move(routing));
    service_ = make_inference_service(*backend_);
    server_ = std::make_unique<GrpcServer>(std::vector<std::string>{address},
                                           std::vector<grpc::Service*>{service_.get()}, longest);
}

GatewayServer::~GatewayServer() = default;

const std::string& GatewayServer::address() const { return server_->address(); }

}  // namespace carbonedge
