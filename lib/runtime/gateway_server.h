#pragma once

#include "lib/runtime/gateway.h"
#include "lib/runtime/inference_backend.h"
#include "lib/runtime/load_generator.h"
#include "lib/runtime/peer_security.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

namespace carbonedge {

struct ServiceAddresses {
    std::string grpc;  ///< "" for none
    std::string http;  ///< REST and metrics; "" for none
};

/// How a service is reached beyond this machine.
struct ServiceSecurity {
    PeerSecurity certificates{};  ///< with them addresses may be other than local; those are served over mutual TLS
    std::function<void(const std::string&)> warn{};  ///< a line about who was refused
};

/// Throws UsageError for an address that others than this machine's users could reach, where there are no certificates.
void require_service_address(const std::string& address, const PeerSecurity& security);

/// Answers the Open Inference Protocol for the whole pipeline under `model`'s name, beside any other load.
class GatewayServer {
public:
    struct Observers {
        /// Every request that went into a pipeline, in the order of the answers; one call at a time.
        std::function<void(const RequestRecord&, ClientProtocol)> answered;
        /// Every call of a client, refused ones included; several at a time.
        std::function<void(ClientProtocol, InferenceResult, Nanoseconds duration)> ended;
        std::function<std::string()> metrics;  ///< the text of /metrics
    };

    /// More than `most_in_flight` requests at a time are refused. Throws UsageError (an address that is not local,
    /// without certificates), EnvironmentError, InputError (certificates).
    GatewayServer(Gateway& gateway, ServedModel model, LoadGenerator::Routing routing,
                  const ServiceAddresses& addresses, std::size_t most_in_flight, Observers observers,
                  const ServiceSecurity& security = {});
    /// Waits for what is in flight, which the gateway answers or gives up.
    ~GatewayServer();
    GatewayServer(const GatewayServer&) = delete;
    GatewayServer& operator=(const GatewayServer&) = delete;

    /// As they really are, with the ports that were taken.
    [[nodiscard]] ServiceAddresses addresses() const;
    /// Whether REST is served over TLS.
    [[nodiscard]] bool https() const;
    [[nodiscard]] bool ready() const;
    [[nodiscard]] std::size_t in_flight() const;

    /// Is not ready any more and refuses every new request; returns when those in flight are answered, at the latest
    /// after `patience` or when `at_once` is requested. Returns how many were not.
    std::size_t drain(Nanoseconds patience, const std::stop_token& at_once);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace carbonedge
