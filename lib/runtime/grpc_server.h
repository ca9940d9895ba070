#pragma once

#include "lib/runtime/peer_security.h"
#include "lib/units/quantity.h"

#include <memory>
#include <string>
#include <vector>

namespace grpc {
class Service;
}

namespace carbonedge {

/// Whether only this machine's users can reach it.
bool is_local_address(const std::string& address);
/// Throws UsageError for an address that others than this machine's users could reach: the protocol has no encryption.
void require_local_address(const std::string& address);

/// Where a server also listens for other hosts.
struct RemoteAddress {
    std::string address{};    ///< "0.0.0.0:7001"; "" for nowhere
    PeerSecurity security{};  ///< beyond loopback there must be certificates, or plain text allowed
    std::string self{};       ///< whose certificate the server shows
};

/// A running gRPC server on loopback and unix addresses. Idle it costs next to nothing: gRPC's threads look around
/// once a second, some 0.3 ms of CPU time with certificates to follow. Other hosts reach it at `remote` alone.
class GrpcServer {
public:
    /// `addresses`: "127.0.0.1:0", "localhost:8001", "[::1]:0" or "unix:/path"; services outlive the server. Messages
    /// beyond `longest_message` (plus what frames them) end as RESOURCE_EXHAUSTED. Throws UsageError for an address
    /// that is not local, EnvironmentError where one cannot be had.
    GrpcServer(const std::vector<std::string>& addresses, const std::vector<grpc::Service*>& services,
               Bytes longest_message, const RemoteAddress& remote = {});
    ~GrpcServer();
    GrpcServer(const GrpcServer&) = delete;
    GrpcServer& operator=(const GrpcServer&) = delete;

    /// The first address as it really is, the port filled in.
    [[nodiscard]] const std::string& address() const { return address_; }
    /// The remote address likewise, "" where there is none.
    [[nodiscard]] const std::string& remote_address() const { return remote_address_; }

private:
    struct State;
    std::unique_ptr<State> state_;
    std::string address_;
    std::string remote_address_;
};

}  // namespace carbonedge
