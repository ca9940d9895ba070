#include "lib/runtime/gateway_server.h"

#include "lib/base/errors.h"
#include "lib/runtime/grpc_server.h"
#include "lib/runtime/inference_service.h"
#include "lib/runtime/rest_service.h"
#include "lib/transport/certificate_files.h"
#include "lib/transport/clocks.h"

#include <fmt/format.h>
#include <grpcpp/impl/service_type.h>
#include <algorithm>
#include <condition_variable>
#include <optional>

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
    ~PipelineBackend() override {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return unanswered_ == 0; });
    }
    PipelineBackend(const PipelineBackend&) = delete;
    PipelineBackend& operator=(const PipelineBackend&) = delete;

    [[nodiscard]] std::string server_name() const override { return "carbonedge-run"; }
    [[nodiscard]] bool ready() const override {
        const std::lock_guard lock(mutex_);
        return !draining_;
    }
    [[nodiscard]] std::vector<std::string> model_names() const override { return {model_.name}; }
    [[nodiscard]] std::optional<ServedModel> find_model(const std::string& name) const override {
        return name == model_.name ? std::optional(model_) : std::nullopt;
    }

    void start(InferenceCall call, Answered answered) override {
        std::size_t pipeline = 0;
        std::string refusal;
        {
            const std::lock_guard lock(mutex_);
            if (draining_) {
                refusal = "the server is ending; ask another";
            } else if (in_flight_ == most_in_flight_) {
                refusal = fmt::format("{} requests are in flight already; try again later", in_flight_);
            } else {
                ++in_flight_;
                ++unanswered_;
                pipeline = routing_.choose();
            }
        }
        if (!refusal.empty()) {
            answered(InferenceFailure{InferenceFailure::Kind::kUnavailable, refusal});
            return;
        }
        // The gateway gives up by its own time limit.
        gateway_.submit(pipeline, call.inputs, std::move(call.owner), now_monotonic(),
                        [this, protocol = call.protocol, tell = std::move(answered)](const Answer& given) {
                            answer(given, protocol, tell);
                        });
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
        changed_.wait_for(lock, at_once, patience, [this] { return unanswered_ == 0; });
        return unanswered_;
    }

private:
    void answer(const Answer& given, ClientProtocol protocol, const Answered& tell) {
        {
            const std::lock_guard lock(mutex_);
            --in_flight_;  // before the client knows, who may ask for more at once
            if (routing_.finished) {
                routing_.finished(static_cast<std::size_t>(given.record.pipeline), to_seconds(given.record.latency));
            }
        }
        if (given.record.ok) {
            tell(views_of(given.outputs));
        } else {
            tell(InferenceFailure{InferenceFailure::Kind::kFailed, given.record.error});
        }
        // The client does not wait for the books.
        const std::lock_guard lock(mutex_);
        if (observers_.answered) observers_.answered(given.record, protocol);
        --unanswered_;
        changed_.notify_all();
    }

    Gateway& gateway_;
    ServedModel model_;
    LoadGenerator::Routing routing_;
    std::size_t most_in_flight_;
    GatewayServer::Observers observers_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::size_t in_flight_ = 0;   ///< in the pipelines
    std::size_t unanswered_ = 0;  ///< and those that are just being answered
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
    bool https = false;
    std::unique_ptr<GrpcServer> grpc;
};

void require_service_address(const std::string& address, const PeerSecurity& security) {
    if (is_local_address(address) || security.encrypted()) return;
    throw UsageError(
        fmt::format("'{}' is not a local address; give certificates with --tls DIR, or 127.0.0.1:PORT or "
                    "unix:/PATH",
                    address));
}

GatewayServer::GatewayServer(Gateway& gateway, ServedModel model, LoadGenerator::Routing routing,
                             const ServiceAddresses& addresses, std::size_t most_in_flight, Observers observers,
                             const ServiceSecurity& security) {
    const Bytes longest = std::max(message_bytes(model.inputs), message_bytes(model.outputs));
    const Bytes longest_body = longest_rest_body(model.inputs);
    const std::function<std::string()> metrics = observers.metrics;
    state_ =
        std::make_unique<State>(gateway, std::move(model), std::move(routing), most_in_flight, std::move(observers));
    State& state = *state_;
    if (!addresses.grpc.empty()) {
        state.grpc_service = make_inference_service(state.backend);
        require_service_address(addresses.grpc, security.certificates);
        const bool local = is_local_address(addresses.grpc);
        const RemoteAddress remote{addresses.grpc, security.certificates, std::string(kGateway)};
        GrpcServerLimits limits;
        limits.warn = security.warn;
        state.grpc = std::make_unique<GrpcServer>(
            local ? std::vector<std::string>{addresses.grpc} : std::vector<std::string>{},
            std::vector<grpc::Service*>{state.grpc_service.get()}, longest, local ? RemoteAddress{} : remote, limits);
    }
    if (!addresses.http.empty()) {
        require_service_address(addresses.http, security.certificates);
        std::optional<HttpsOptions> https;
        if (!is_local_address(addresses.http)) {
            // What would only be found when somebody comes.
            (void)expiry_note(security.certificates, std::string(kGateway));
            https.emplace(
                HttpsOptions{tls_files(security.certificates.tls_directory, std::string(kGateway)), security.warn});
        }
        state.https = https.has_value();
        state.rest_service = std::make_unique<RestService>(state.backend, metrics, most_in_flight + kWorkersToRefuse);
        HttpServerLimits limits;
        limits.body = longest_body;
        state.http = std::make_unique<HttpServer>(
            addresses.http, limits,
            [&state](HttpServerRequest request, HttpServer::Respond respond) {
                state.rest_service->handle(std::move(request), std::move(respond));
            },
            https);
    }
}

GatewayServer::~GatewayServer() {
    if (state_->http) state_->http->shut_down(kLastWords);
}

ServiceAddresses GatewayServer::addresses() const {
    return {state_->grpc ? state_->grpc->address() : "", state_->http ? state_->http->address() : ""};
}

bool GatewayServer::https() const { return state_->https; }
bool GatewayServer::ready() const { return state_->backend.ready(); }
std::size_t GatewayServer::in_flight() const { return state_->backend.in_flight(); }

std::size_t GatewayServer::drain(Nanoseconds patience, const std::stop_token& at_once) {
    return state_->backend.drain(patience, at_once);
}

}  // namespace carbonedge
