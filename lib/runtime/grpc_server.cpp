#include "lib/runtime/grpc_server.h"

#include "lib/base/errors.h"
#include "lib/transport/hand_over.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <grpcpp/grpcpp.h>
#include <chrono>

namespace carbonedge {
namespace {

/// Room for names, shapes and parameters around the tensors of a message.
constexpr std::int64_t kMessageFraming = 256 * 1024;

std::string with_port(const std::string& address, const std::string& port) {
    return address.substr(0, address.rfind(':') + 1) + port;
}

int milliseconds(Nanoseconds time) {
    return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}

void limit_clients(grpc::ServerBuilder& builder, const GrpcServerLimits& limits, std::int64_t message) {
    grpc::ResourceQuota memory("server");
    memory.Resize(static_cast<std::size_t>(limits.memory.value() + limits.calls * message));
    builder.SetResourceQuota(memory);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, limits.calls);
    builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, milliseconds(limits.handshake_time));
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, milliseconds(limits.idle_time));
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, milliseconds(limits.silent_time));
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, milliseconds(limits.answer_time));
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

/// gRPC's own listener for TCP counts nothing, and listens no more once there was no descriptor left for a connection.
struct GrpcServer::State {
    struct Entrance {
        std::unique_ptr<HandOver> door;
        std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> taker;
    };
    std::vector<Entrance> entrances;
    std::unique_ptr<grpc::Server> server;

    void open(grpc::ServerBuilder& builder, const std::string& address, const GrpcServerLimits& limits,
              const std::shared_ptr<grpc::ServerCredentials>& credentials) {
        using Type = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
        StreamOptions options;
        options.most_connections = limits.connections;
        options.warn = limits.warn;
        const Reach reach = is_local_address(address) ? Reach::kLoopback : Reach::kAnywhere;
        entrances.push_back({std::make_unique<HandOver>(parse_host_port(address), reach, options),
                             builder.experimental().AddExternalConnectionAcceptor(Type::FROM_FD, credentials)});
    }
};

GrpcServer::GrpcServer(const std::vector<std::string>& addresses, const std::vector<grpc::Service*>& services,
                       Bytes longest_message, const RemoteAddress& remote, const GrpcServerLimits& limits)
    : state_(std::make_unique<State>()) {
    grpc::ServerBuilder builder;
    std::vector<std::string> all = addresses;
    for (const std::string& address : addresses) require_local_address(address);
    if (!remote.address.empty()) {
        if (!remote.security.encrypted() && !remote.security.plain_text) require_local_address(remote.address);
        all.push_back(remote.address);
    }
    std::vector<std::string> bound;
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto credentials =
            i < addresses.size() ? grpc::InsecureServerCredentials() : server_credentials(remote.security, remote.self);
        if (all[i].starts_with("unix:")) {
            builder.AddListeningPort(all[i], credentials);
            paths.push_back(all[i]);
            bound.push_back(all[i]);
        } else {
            state_->open(builder, all[i], limits, credentials);
            bound.push_back(with_port(all[i], state_->entrances.back().door->address().port));
        }
    }
    for (grpc::Service* service : services) builder.RegisterService(service);
    const std::int64_t message = longest_message.value() + kMessageFraming;
    builder.SetMaxReceiveMessageSize(static_cast<int>(message));
    builder.SetMaxSendMessageSize(static_cast<int>(message));
    limit_clients(builder, limits, message);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MIN_POLLERS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MAX_POLLERS, 2);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::CQ_TIMEOUT_MSEC, 600'000);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument("grpc.http2.max_frame_size", 16'777'215);
    state_->server = builder.BuildAndStart();
    if (!state_->server) {
        throw EnvironmentError(fmt::format("cannot listen at {}", fmt::join(paths, " or ")), "take another path");
    }
    for (State::Entrance& entrance : state_->entrances) {
        entrance.door->start([taker = entrance.taker.get()](int descriptor) {
            grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
            connection.fd = descriptor;
            taker->HandleNewConnection(&connection);
        });
    }
    address_ = bound.front();
    if (!remote.address.empty()) remote_address_ = bound.back();
}

GrpcServer::~GrpcServer() {
    for (const State::Entrance& entrance : state_->entrances) entrance.door->end();
    // Idle clients do not read, so they would not hang up before any deadline; calls under way are of no use any more.
    if (state_->server) state_->server->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
}

}  // namespace carbonedge
