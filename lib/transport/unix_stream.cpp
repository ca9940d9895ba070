#include "lib/transport/unix_stream.h"

#include "lib/base/errors.h"
#include "lib/transport/socket_stream.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace carbonedge {
namespace {

/// Large enough for most messages to be handed to the kernel in one go, without a switch to the receiver half-way.
constexpr int kSocketBuffer = 4 * 1024 * 1024;

sockaddr_un unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) {
        throw EnvironmentError(
            fmt::format("the socket path {} is longer than {} bytes", path, sizeof(address.sun_path) - 1),
            "choose a shorter temporary directory (TMPDIR)");
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

Descriptor unix_socket() {
    Descriptor descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!descriptor.open()) {
        throw EnvironmentError(fmt::format("cannot make a socket: {}", std::strerror(errno)),
                               "raise the limit of open files (ulimit -n)");
    }
    setsockopt(descriptor.number(), SOL_SOCKET, SO_SNDBUF, &kSocketBuffer, sizeof(kSocketBuffer));
    return descriptor;
}

class UnixListener final : public FrameListener {
public:
    UnixListener(std::string path, const StreamOptions& options)
        : path_(std::move(path)),
          address_("unix:" + path_),
          descriptor_(unix_socket()),
          guard_(options),
          send_timeout_(options.send_timeout) {
        const sockaddr_un address = unix_address(path_);
        if (::bind(descriptor_.number(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
            ::listen(descriptor_.number(), 64) != 0) {
            throw EnvironmentError(fmt::format("cannot listen at {}: {}", path_, std::strerror(errno)),
                                   "choose another directory");
        }
    }
    ~UnixListener() override { ::unlink(path_.c_str()); }
    UnixListener(const UnixListener&) = delete;
    UnixListener& operator=(const UnixListener&) = delete;

    std::unique_ptr<FrameStream> accept() override {
        std::optional<ConnectionGuard::Accepted> accepted = guard_.accept(descriptor_);
        if (!accepted) return nullptr;
        set_socket_timeouts(accepted->socket, send_timeout_);
        return std::make_unique<SocketStream>(std::move(accepted->socket), "peer", std::move(accepted->place));
    }
    void shut_down() const override { ::shutdown(descriptor_.number(), SHUT_RDWR); }
    [[nodiscard]] const std::string& address() const override { return address_; }

private:
    std::string path_;
    std::string address_;
    Descriptor descriptor_;
    ConnectionGuard guard_;
    Nanoseconds send_timeout_;
};

}  // namespace

std::unique_ptr<FrameStream> connect_unix(const std::string& path, const std::string& peer,
                                          const StreamOptions& options) {
    const sockaddr_un address = unix_address(path);
    Descriptor descriptor = unix_socket();
    if (::connect(descriptor.number(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
        throw EnvironmentError(fmt::format("cannot reach {} at {}: {}", peer, path, std::strerror(errno)),
                               "see whether it still runs");
    }
    set_socket_timeouts(descriptor, options.send_timeout);
    return std::make_unique<SocketStream>(std::move(descriptor), peer);
}

std::unique_ptr<FrameListener> listen_unix(const std::string& path, const StreamOptions& options) {
    return std::make_unique<UnixListener>(path, options);
}

}  // namespace carbonedge
