#include "lib/runtime/grpc_server.h"

#include "lib/base/errors.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <chrono>

namespace carbonedge {
namespace {

/// Room for names, shapes and parameters around the tensors of a message.
constexpr std::int64_t kMessageFraming = 256 * 1024;

/// Calls of one connection at a time; a client's further ones wait at the client.
constexpr int kMostCalls = 256;

std::string with_port(const std::string& address, int port) {
    if (address.starts_with("unix:")) return address;
    return address.substr(0, address.rfind(':') + 1) + std::to_string(port);
}

}  // namespace

bool is_local_address(const std::string& address) {
    for (const char* local : {"127.0.0.1:", "localhost:", "[::1]:", "unix:"}) {
        if (address.starts_with(local)) return true;
    }
    return false;
}

void require_local_address(const std::string& address) {
    if (is_local_address(address)) return;
    throw UsageError(fmt::format(
        "'{}' is not a local address; the protocol is not encrypted, give 127.0.0.1:PORT or unix:/PATH", address));
}

struct GrpcServer::State {
    std::unique_ptr<grpc::Server> server;
};

GrpcServer::GrpcServer(const std::vector<std::string>& addresses, const std::vector<grpc::Service*>& services,
                       Bytes longest_message, const RemoteAddress& remote)
    : state_(std::make_unique<State>()) {
    grpc::ServerBuilder builder;
    std::vector<std::string> all = addresses;
    for (const std::string& address : addresses) require_local_address(address);
    if (!remote.address.empty()) {
        if (!remote.security.encrypted() && !remote.security.plain_text) require_local_address(remote.address);
        all.push_back(remote.address);
    }
    std::vector<int> ports(all.size(), 0);
    for (std::size_t i = 0; i < all.size(); ++i) {
        builder.AddListeningPort(
            all[i],
            i < addresses.size() ? grpc::InsecureServerCredentials() : server_credentials(remote.security, remote.self),
            &ports[i]);
    }
    for (grpc::Service* service : services) builder.RegisterService(service);
    builder.SetMaxReceiveMessageSize(static_cast<int>(longest_message.value() + kMessageFraming));
    builder.SetMaxSendMessageSize(static_cast<int>(longest_message.value() + kMessageFraming));
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MIN_POLLERS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MAX_POLLERS, 2);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::CQ_TIMEOUT_MSEC, 600'000);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMostCalls);
    builder.AddChannelArgument("grpc.http2.max_frame_size", 16'777'215);
    state_->server = builder.BuildAndStart();
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (state_->server && ports[i] != 0) continue;
        throw EnvironmentError(fmt::format("cannot listen at {}", all[i]), "take another address, or port 0");
    }
    address_ = with_port(all.front(), ports.front());
    if (!remote.address.empty()) remote_address_ = with_port(all.back(), ports.back());
}

GrpcServer::~GrpcServer() {
    // Idle clients do not read, so they would not hang up before any deadline; calls under way are of no use any more.
    if (state_->server) state_->server->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
}

}  // namespace carbonedge
