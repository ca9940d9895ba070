#include "lib/runtime/gateway_server.h"

#include "lib/runtime/grpc_server.h"
#include "lib/runtime/inference_service.h"
#include "lib/runtime/rest_service.h"
#include "lib/transport/clocks.h"

#include <fmt/format.h>
#include <grpcpp/impl/service_type.h>
#include <algorithm>
#include <condition_variable>
#include <future>

namespace carbonedge {
namespace {

/// For a response that is being written when everything else has ended.
constexpr Nanoseconds kLastWords = std::chrono::seconds(1);

/// Beyond the calls that wait for the pipelines: those that are read, and refused.
constexpr std::size_t kWorkersToRefuse = 8;

/// The pipelines as a model of the protocol: lets requests in, and knows how many are there.
class PipelineBackend : public InferenceBackend {
public:
    PipelineBackend(Gateway& gateway, ServedModel model, LoadGenerator::Routing routing, std::size_t most_in_flight,
                    GatewayServer::Observers observers)
        : gateway_(gateway),
          model_(std::move(model)),
          routing_(std::move(routing)),
          most_in_flight_(most_in_flight),
          observers_(std::move(observers)) {}

    [[nodiscard]] std::string server_name() const override { return "carbonedge-run"; }
    [[nodiscard]] bool ready() const override {
        const std::lock_guard lock(mutex_);
        return !draining_;
    }
    [[nodiscard]] std::vector<std::string> model_names() const override { return {model_.name}; }
    [[nodiscard]] std::optional<ServedModel> find_model(const std::string& name) const override {
        return name == model_.name ? std::optional(model_) : std::nullopt;
    }

    InferenceOutcome infer(InferenceCall call) override {
        std::size_t pipeline = 0;
        {
            const std::lock_guard lock(mutex_);
            if (draining_) return unavailable("the server is ending; ask another");
            if (in_flight_ == most_in_flight_) {
                return unavailable(fmt::format("{} requests are in flight already; try again later", in_flight_));
            }
            ++in_flight_;
            pipeline = routing_.choose();
        }
        auto promise = std::make_shared<std::promise<Answer>>();
        std::future<Answer> answer = promise->get_future();
        gateway_.submit(pipeline, call.inputs, std::move(call.owner), now_monotonic(),
                        [promise](Answer given) { promise->set_value(std::move(given)); });
        Answer given = answer.get();  // the gateway gives up by its own time limit
        const std::lock_guard lock(mutex_);
        --in_flight_;
        changed_.notify_all();
        if (routing_.finished) {
            routing_.finished(static_cast<std::size_t>(given.record.pipeline), to_seconds(given.record.latency));
        }
        if (observers_.answered) observers_.answered(given.record, call.protocol);
        if (given.record.ok) return std::move(given.outputs);
        return InferenceFailure{InferenceFailure::Kind::kFailed, given.record.error};
    }

    void ended(ClientProtocol protocol, InferenceResult result, Nanoseconds duration) override {
        if (observers_.ended) observers_.ended(protocol, result, duration);
    }

    [[nodiscard]] std::size_t in_flight() const {
        const std::lock_guard lock(mutex_);
        return in_flight_;
    }

    std::size_t drain(Nanoseconds patience, const std::stop_token& at_once) {
        std::unique_lock lock(mutex_);
        draining_ = true;
        changed_.wait_for(lock, at_once, patience, [this] { return in_flight_ == 0; });
        return in_flight_;
    }

private:
    static InferenceFailure unavailable(const std::string& problem) {
        return {InferenceFailure::Kind::kUnavailable, problem};
    }

    Gateway& gateway_;
    ServedModel model_;
    LoadGenerator::Routing routing_;
    std::size_t most_in_flight_;
    GatewayServer::Observers observers_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::size_t in_flight_ = 0;
    bool draining_ = false;
};

}  // namespace

struct GatewayServer::State {
    State(Gateway& gateway, ServedModel model, LoadGenerator::Routing routing, std::size_t most_in_flight,
          Observers observers)
        : backend(gateway, std::move(model), std::move(routing), most_in_flight, std::move(observers)) {}

    PipelineBackend backend;
    std::unique_ptr<grpc::Service> grpc_service;
    std::unique_ptr<RestService> rest_service;
    std::unique_ptr<HttpServer> http;
    std::unique_ptr<GrpcServer> grpc;
};

GatewayServer::GatewayServer(Gateway& gateway, ServedModel model, LoadGenerator::Routing routing,
                             const ServiceAddresses& addresses, std::size_t most_in_flight, Observers observers) {
    const Bytes longest = std::max(message_bytes(model.inputs), message_bytes(model.outputs));
    const Bytes longest_body = longest_rest_body(model.inputs);
    const std::function<std::string()> metrics = observers.metrics;
    state_ =
        std::make_unique<State>(gateway, std::move(model), std::move(routing), most_in_flight, std::move(observers));
    State& state = *state_;
    if (!addresses.grpc.empty()) {
        state.grpc_service = make_inference_service(state.backend);
        state.grpc = std::make_unique<GrpcServer>(std::vector<std::string>{addresses.grpc},
                                                  std::vector<grpc::Service*>{state.grpc_service.get()}, longest);
    }
    if (!addresses.http.empty()) {
        require_local_address(addresses.http);
        state.rest_service = std::make_unique<RestService>(state.backend, metrics, most_in_flight + kWorkersToRefuse);
        HttpServerLimits limits;
        limits.body = longest_body;
        state.http = std::make_unique<HttpServer>(
            addresses.http, limits, [&state](HttpServerRequest request, HttpServer::Respond respond) {
                state.rest_service->handle(std::move(request), std::move(respond));
            });
    }
}

GatewayServer::~GatewayServer() {
    if (state_->http) state_->http->shut_down(kLastWords);
}

ServiceAddresses GatewayServer::addresses() const {
    return {state_->grpc ? state_->grpc->address() : "", state_->http ? state_->http->address() : ""};
}

bool GatewayServer::ready() const { return state_->backend.ready(); }
std::size_t GatewayServer::in_flight() const { return state_->backend.in_flight(); }

std::size_t GatewayServer::drain(Nanoseconds patience, const std::stop_token& at_once) {
    return state_->backend.drain(patience, at_once);
}

}  // namespace carbonedge
