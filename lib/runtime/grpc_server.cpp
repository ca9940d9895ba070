#include "lib/runtime/grpc_server.h"

#include "lib/base/errors.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <chrono>

namespace carbonedge {
namespace {

/// Room for names, shapes and parameters around the tensors of a message.
constexpr std::int64_t kMessageFraming = 256 * 1024;

}  // namespace

void require_local_address(const std::string& address) {
    for (const char* local : {"127.0.0.1:", "localhost:", "[::1]:", "unix:"}) {
        if (address.starts_with(local)) return;
    }
    throw UsageError(fmt::format(
        "'{}' is not a local address; the protocol is not encrypted, give 127.0.0.1:PORT or unix:/PATH", address));
}

struct GrpcServer::State {
    std::unique_ptr<grpc::Server> server;
};

GrpcServer::GrpcServer(const std::vector<std::string>& addresses, const std::vector<grpc::Service*>& services,
                       Bytes longest_message)
    : state_(std::make_unique<State>()) {
    grpc::ServerBuilder builder;
    std::vector<int> ports(addresses.size(), 0);
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        require_local_address(addresses[i]);
        builder.AddListeningPort(addresses[i], grpc::InsecureServerCredentials(), &ports[i]);
    }
    for (grpc::Service* service : services) builder.RegisterService(service);
    builder.SetMaxReceiveMessageSize(static_cast<int>(longest_message.value() + kMessageFraming));
    builder.SetMaxSendMessageSize(static_cast<int>(longest_message.value() + kMessageFraming));
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MIN_POLLERS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MAX_POLLERS, 2);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::CQ_TIMEOUT_MSEC, 600'000);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument("grpc.http2.max_frame_size", 16'777'215);
    state_->server = builder.BuildAndStart();
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        if (state_->server && ports[i] != 0) continue;
        throw EnvironmentError(fmt::format("cannot listen at {}", addresses[i]), "take another address, or port 0");
    }
    address_ = addresses.front();
    if (!address_.starts_with("unix:"))
        address_ = address_.substr(0, address_.rfind(':') + 1) + std::to_string(ports[0]);
}

GrpcServer::~GrpcServer() {
    // Idle clients do not read, so they would not hang up before any deadline; calls under way are of no use any more.
    if (state_->server) state_->server->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
}

}  // namespace carbonedge
