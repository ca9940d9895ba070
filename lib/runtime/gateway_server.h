#pragma once

#include "lib/runtime/gateway.h"
#include "lib/runtime/inference_service.h"
#include "lib/runtime/load_generator.h"

#include <memory>
#include <string>

namespace carbonedge {

class GrpcServer;

/// Answers the Open Inference Protocol for the whole pipeline under `model`'s name, beside any other load.
class GatewayServer {
public:
    /// Throws UsageError (an address that is not local), EnvironmentError.
    GatewayServer(Gateway& gateway, ServedModel model, LoadGenerator::Routing routing, const std::string& address);
    ~GatewayServer();
    GatewayServer(const GatewayServer&) = delete;
    GatewayServer& operator=(const GatewayServer&) = delete;

    [[nodiscard]] const std::string& address() const;

private:
    class Backend;
    std::unique_ptr<Backend> backend_;
    std::unique_ptr<grpc::Service> service_;
    std::unique_ptr<GrpcServer> server_;
};

}  // namespace carbonedge
