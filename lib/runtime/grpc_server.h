#pragma once

#include "lib/units/quantity.h"

#include <memory>
#include <string>
#include <vector>

namespace grpc {
class Service;
}

namespace carbonedge {

/// Throws UsageError for an address that others than this machine's users could reach: the protocol has no encryption.
void require_local_address(const std::string& address);

/// A running gRPC server on loopback and unix addresses. Idle it costs
/// next to nothing: one completion queue, one polling thread.
class GrpcServer {
public:
    /// `addresses`: "127.0.0.1:0", "localhost:8001", "[::1]:0" or "unix:/path"; services outlive the server. Messages
    /// beyond `longest_message` (plus what frames them) end as RESOURCE_EXHAUSTED. Throws UsageError for an address
    /// that is not local, EnvironmentError where one cannot be had.
    GrpcServer(const std::vector<std::string>& addresses, const std::vector<grpc::Service*>& services,
               Bytes longest_message);
    ~GrpcServer();
    GrpcServer(const GrpcServer&) = delete;
    GrpcServer& operator=(const GrpcServer&) = delete;

    /// The first address as it really is, the port filled in.
    [[nodiscard]] const std::string& address() const { return address_; }

private:
    struct State;
    std::unique_ptr<State> state_;
    std::string address_;
};

}  // namespace carbonedge
