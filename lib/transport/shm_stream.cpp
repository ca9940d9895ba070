#include "lib/transport/shm_stream.h"

#include "lib/base/errors.h"
#include "lib/transport/connection_guard.h"
#include "lib/transport/shm_direction.h"
#include "lib/transport/unix_socket.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

namespace carbonedge {
namespace {

class ShmStream final : public FrameStream {
public:
    ShmStream(Descriptor socket, const std::string& peer, Nanoseconds timeout, ConnectionGuard::Place place)
        : place_(std::move(place)), peer_(std::move(socket), peer, timeout), out_(peer_), in_(peer_) {}
    /// The other end notices at once.
    ~ShmStream() override { shut_down(); }
    ShmStream(const ShmStream&) = delete;
    ShmStream& operator=(const ShmStream&) = delete;

    void send(const FrameHead& head, const std::vector<TensorView>& tensors) override { out_.send(head, tensors); }
    std::optional<ReceivedFrame> receive(BufferPool& pool, std::uint64_t longest_payload,
                                         const Refuse& refuse) override {
        return in_.receive(pool, longest_payload, refuse);
    }
    void shut_down() const override {
        peer_.shut_down();
        out_.wake();
        in_.wake();
    }
    [[nodiscard]] const std::string& peer() const override { return peer_.name(); }

private:
    ConnectionGuard::Place place_;
    ShmPeer peer_;
    mutable ShmSender out_;
    mutable ShmReceiver in_;
};

bool of_same_user(const Descriptor& socket) {
    ucred credentials{};
    socklen_t size = sizeof(credentials);
    return ::getsockopt(socket.number(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 &&
           credentials.uid == ::geteuid();
}

class ShmListener final : public FrameListener {
public:
    ShmListener(std::string path, const StreamOptions& options)
        : path_(std::move(path)),
          address_("shm:" + path_),
          socket_(listening_unix_socket(path_)),
          guard_(options),
          timeout_(options.send_timeout) {}
    ~ShmListener() override { ::unlink(path_.c_str()); }
    ShmListener(const ShmListener&) = delete;
    ShmListener& operator=(const ShmListener&) = delete;

    std::unique_ptr<FrameStream> accept() override {
        while (true) {
            std::optional<ConnectionGuard::Accepted> accepted = guard_.accept(socket_);
            if (!accepted) return nullptr;
            if (of_same_user(accepted->socket)) {
                return std::make_unique<ShmStream>(std::move(accepted->socket), "peer", timeout_,
                                                   std::move(accepted->place));
            }
            guard_.refuse("a connection was refused: shared memory is for processes of one user");
        }
    }
    void shut_down() const override { ::shutdown(socket_.number(), SHUT_RDWR); }
    [[nodiscard]] const std::string& address() const override { return address_; }

private:
    std::string path_;
    std::string address_;
    Descriptor socket_;
    ConnectionGuard guard_;
    Nanoseconds timeout_;
};

}  // namespace

std::unique_ptr<FrameStream> connect_shm(const std::string& path, const std::string& peer,
                                         const StreamOptions& options) {
    Descriptor socket = connect_unix_socket(path, peer);
    if (!of_same_user(socket)) {
        throw EnvironmentError(fmt::format("cannot reach {} at {}: it is of another user", peer, path),
                               "use unix: instead of shm:");
    }
    return std::make_unique<ShmStream>(std::move(socket), peer, options.send_timeout, nullptr);
}

std::unique_ptr<FrameListener> listen_shm(const std::string& path, const StreamOptions& options) {
    return std::make_unique<ShmListener>(path, options);
}

}  // namespace carbonedge
