#include "lib/transport/unix_stream.h"

#include "lib/transport/socket_stream.h"
#include "lib/transport/unix_socket.h"

#include <sys/socket.h>
#include <unistd.h>

namespace carbonedge {
namespace {

class UnixListener final : public FrameListener {
public:
    UnixListener(std::string path, const StreamOptions& options)
        : path_(std::move(path)),
          address_("unix:" + path_),
          descriptor_(listening_unix_socket(path_)),
          guard_(options),
          send_timeout_(options.send_timeout) {}
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
    Descriptor descriptor = connect_unix_socket(path, peer);
    set_socket_timeouts(descriptor, options.send_timeout);
    return std::make_unique<SocketStream>(std::move(descriptor), peer);
}

std::unique_ptr<FrameListener> listen_unix(const std::string& path, const StreamOptions& options) {
    return std::make_unique<UnixListener>(path, options);
}

}  // namespace carbonedge
