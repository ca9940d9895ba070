#include "lib/transport/unix_stream.h"

#include "lib/base/errors.h"
#include "lib/transport/descriptor.h"
#include "lib/transport/frame_reader.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
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

class UnixStream final : public FrameStream, ByteSource {
public:
    UnixStream(Descriptor descriptor, std::string peer) : descriptor_(std::move(descriptor)), peer_(std::move(peer)) {}

    void send(const FrameHead& head, const std::vector<TensorView>& tensors) override {
        const std::string encoded = encode_frame_head(head);
        std::vector<iovec> parts;
        parts.reserve(tensors.size() + 1);
        // iovec serves reading and writing, so it cannot be const; sendmsg only reads.
        parts.push_back({const_cast<char*>(encoded.data()), encoded.size()});
        for (const TensorView& tensor : tensors) {
            if (tensor.size > 0) parts.push_back({const_cast<std::byte*>(tensor.content), tensor.size});
        }
        std::size_t first = 0;
        while (first < parts.size()) {
            msghdr message{};
            message.msg_iov = parts.data() + first;
            message.msg_iovlen = parts.size() - first;
            const ssize_t sent = ::sendmsg(descriptor_.number(), &message, MSG_NOSIGNAL);
            if (sent < 0) {
                if (errno == EINTR) continue;
                const bool stuck = errno == EAGAIN || errno == EWOULDBLOCK;
                throw EnvironmentError(
                    fmt::format("cannot send to {}: {}", peer_, stuck ? "it does not read" : std::strerror(errno)),
                    "see whether it still runs");
            }
            auto left = static_cast<std::size_t>(sent);
            while (first < parts.size() && left >= parts[first].iov_len) left -= parts[first++].iov_len;
            if (left > 0) {
                parts[first].iov_base = static_cast<char*>(parts[first].iov_base) + left;
                parts[first].iov_len -= left;
            }
        }
    }

    std::optional<ReceivedFrame> receive(BufferPool& pool, std::uint64_t longest_payload,
                                         const Refuse& refuse) override {
        return read_frame(*this, peer_, pool, longest_payload, refuse);
    }

    void shut_down() const override { ::shutdown(descriptor_.number(), SHUT_RDWR); }
    [[nodiscard]] const std::string& peer() const override { return peer_; }

private:
    bool read_exactly(void* bytes, std::size_t size, bool may_end) override {
        auto* next = static_cast<char*>(bytes);
        std::size_t left = size;
        while (left > 0) {
            const ssize_t came = ::recv(descriptor_.number(), next, left, MSG_WAITALL);
            if (came < 0 && errno == EINTR) continue;
            if (came < 0 && errno != ECONNRESET) {
                throw EnvironmentError(fmt::format("cannot read from {}: {}", peer_, std::strerror(errno)),
                                       "see whether it still runs");
            }
            if (came <= 0) {
                if (may_end && left == size) return false;
                throw EnvironmentError(fmt::format("{} went away in the middle of a frame", peer_),
                                       "see whether it still runs");
            }
            next += came;
            left -= static_cast<std::size_t>(came);
        }
        return true;
    }

    Descriptor descriptor_;
    std::string peer_;
};

class UnixListener final : public FrameListener {
public:
    explicit UnixListener(std::string path)
        : path_(std::move(path)), address_("unix:" + path_), descriptor_(unix_socket()) {
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
        while (true) {
            Descriptor connection(::accept4(descriptor_.number(), nullptr, nullptr, SOCK_CLOEXEC));
            if (connection.open()) return std::make_unique<UnixStream>(std::move(connection), "peer");
            if (errno != EINTR && errno != ECONNABORTED) return nullptr;
        }
    }
    void shut_down() const override { ::shutdown(descriptor_.number(), SHUT_RDWR); }
    [[nodiscard]] const std::string& address() const override { return address_; }

private:
    std::string path_;
    std::string address_;
    Descriptor descriptor_;
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
    timeval timeout{};
    timeout.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(options.send_timeout).count();
    timeout.tv_usec = static_cast<suseconds_t>(options.send_timeout.count() / 1000 % 1'000'000);
    setsockopt(descriptor.number(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    return std::make_unique<UnixStream>(std::move(descriptor), peer);
}

std::unique_ptr<FrameListener> listen_unix(const std::string& path, const StreamOptions& /*options*/) {
    return std::make_unique<UnixListener>(path);
}

}  // namespace carbonedge
