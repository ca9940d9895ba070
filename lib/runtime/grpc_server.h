#pragma once

#include "lib/runtime/peer_security.h"
#include "lib/units/quantity.h"

#include <functional>
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

/// What the clients of a gRPC server may take.
struct GrpcServerLimits {
    std::size_t connections = 256;  ///< at a time, of each TCP address; more are closed
    int calls = 256;                ///< of one connection at a time; a client's further ones wait at the client
    /// Of all connections, as gRPC counts it (8 KiB for one that is idle), beside `calls` times the longest message.
    /// Where it is used up, calls that are on their way in end as RESOURCE_EXHAUSTED, and new connections are closed.
    Bytes memory{8 << 20};
    Nanoseconds handshake_time{std::chrono::seconds(10)};
    Nanoseconds idle_time{std::chrono::minutes(5)};  ///< without a call; a client connects anew by itself
    /// A peer with a call under way that says nothing for so long is asked, and given up after `answer_time`.
    Nanoseconds silent_time{std::chrono::minutes(1)};
    Nanoseconds answer_time{std::chrono::seconds(20)};
    std::function<void(const std::string&)> warn{};  ///< a line about who was refused, each different one once
};

/// A running gRPC server on loopback and unix addresses. Idle it costs next to nothing: gRPC's threads look around
/// once a second, some 0.3 ms of CPU time with certificates to follow. Other hosts reach it at `remote` alone.
class GrpcServer {
public:
    /// `addresses`: "127.0.0.1:0", "localhost:8001", "[::1]:0" or "unix:/path"; services outlive the server. Messages
    /// beyond `longest_message` (plus what frames them) end as RESOURCE_EXHAUSTED. Throws UsageError for an address
    /// that is not local, EnvironmentError where one cannot be had.
    GrpcServer(const std::vector<std::string>& addresses, const std::vector<grpc::Service*>& services,
               Bytes longest_message, const RemoteAddress& remote = {}, const GrpcServerLimits& limits = {});
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
