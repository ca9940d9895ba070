#include "lib/transport/tcp_stream.h"

#include "lib/transport/socket_stream.h"
#include "lib/transport/tcp_socket.h"

#include <sys/socket.h>

namespace carbonedge {
namespace {

class TcpListener final : public FrameListener {
public:
    TcpListener(const std::string& address, const StreamOptions& options)
        : options_(options),
          socket_(listening_tcp_socket(parse_host_port(address), reach_of(options))),
          address_("tcp:" + host_port_text(bound_address(socket_))),
          guard_(options) {}

    std::unique_ptr<FrameStream> accept() override {
        std::optional<ConnectionGuard::Accepted> accepted = guard_.accept(socket_);
        if (!accepted) return nullptr;
        tune_tcp_socket(accepted->socket, options_);
        std::string peer = peer_address(accepted->socket).host;  // without the port, so that it is said once
        return std::make_unique<SocketStream>(std::move(accepted->socket), std::move(peer), std::move(accepted->place));
    }
    void shut_down() const override { ::shutdown(socket_.number(), SHUT_RDWR); }
    [[nodiscard]] const std::string& address() const override { return address_; }

private:
    StreamOptions options_;
    Descriptor socket_;
    std::string address_;
    ConnectionGuard guard_;
};

}  // namespace

std::unique_ptr<FrameStream> connect_tcp(const std::string& address, const std::string& peer,
                                         const StreamOptions& options) {
    return std::make_unique<SocketStream>(
        connect_tcp_socket(parse_host_port(address), reach_of(options), peer, options), peer);
}

std::unique_ptr<FrameListener> listen_tcp(const std::string& address, const StreamOptions& options) {
    return std::make_unique<TcpListener>(address, options);
}

}  // namespace carbonedge
