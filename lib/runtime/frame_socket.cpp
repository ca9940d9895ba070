#include "lib/runtime/frame_socket.h"

#include "lib/base/errors.h"
#include "lib/runtime/clocks.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <algorithm>
#include <array>
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

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this != &other) {
        close();
        number_ = other.release();
    }
    return *this;
}

void Descriptor::close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
}

int Descriptor::release() {
    const int number = number_;
    number_ = -1;
    return number;
}

FrameSocket FrameSocket::connect(const std::string& path, const std::string& peer, Nanoseconds send_timeout) {
    const sockaddr_un address = unix_address(path);
    Descriptor descriptor = unix_socket();
    if (::connect(descriptor.number(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
        throw EnvironmentError(fmt::format("cannot reach {} at {}: {}", peer, path, std::strerror(errno)),
                               "see whether it still runs");
    }
    timeval timeout{};
    timeout.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(send_timeout).count();
    timeout.tv_usec = static_cast<suseconds_t>(send_timeout.count() / 1000 % 1'000'000);
    setsockopt(descriptor.number(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    return {std::move(descriptor), peer};
}

void FrameSocket::send(const FrameHead& head, const std::vector<TensorView>& tensors) {
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

bool FrameSocket::read_exactly(void* bytes, std::size_t size, bool may_end) {
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

std::optional<ReceivedFrame> FrameSocket::receive(BufferPool& pool, std::uint64_t longest_payload,
                                                  const std::function<std::string(const FrameHead&)>& refuse) {
    std::array<unsigned char, FramePrefix::kBytes> raw_prefix{};
    if (!read_exactly(raw_prefix.data(), raw_prefix.size(), true)) return std::nullopt;
    const FramePrefix prefix = decode_frame_prefix(raw_prefix, longest_payload, peer_);
    std::string raw_head(prefix.head_bytes, '\0');
    read_exactly(raw_head.data(), raw_head.size(), false);

    ReceivedFrame frame;
    frame.head = decode_frame_head(raw_head, prefix, peer_);
    frame.refusal = refuse(frame.head);
    if (!frame.refusal.empty()) {
        std::array<char, 65536> discarded{};
        for (std::uint64_t left = prefix.tensor_bytes; left > 0;) {
            const std::size_t part = std::min<std::uint64_t>(left, discarded.size());
            read_exactly(discarded.data(), part, false);
            left -= part;
        }
        frame.received = now_monotonic();
        return frame;
    }
    std::size_t needed = 0;
    for (const FrameHead::Tensor& tensor : frame.head.tensors) {
        needed = TensorBuffer::aligned(needed) + static_cast<std::size_t>(tensor.bytes);
    }
    frame.buffer = pool.take(needed);
    std::size_t used = 0;
    for (const FrameHead::Tensor& tensor : frame.head.tensors) {
        used = TensorBuffer::aligned(used);
        const auto size = static_cast<std::size_t>(tensor.bytes);
        std::byte* content = frame.buffer->bytes() + used;
        read_exactly(content, size, false);
        frame.tensors.push_back({tensor.dtype, tensor.shape, content, size});
        used += size;
    }
    frame.received = now_monotonic();
    return frame;
}

void FrameSocket::shut_down() const { ::shutdown(descriptor_.number(), SHUT_RDWR); }

FrameListener::FrameListener(std::string path) : path_(std::move(path)), descriptor_(unix_socket()) {
    const sockaddr_un address = unix_address(path_);
    if (::bind(descriptor_.number(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        ::listen(descriptor_.number(), 64) != 0) {
        throw EnvironmentError(fmt::format("cannot listen at {}: {}", path_, std::strerror(errno)),
                               "choose another directory");
    }
}

FrameListener::~FrameListener() { ::unlink(path_.c_str()); }

std::optional<FrameSocket> FrameListener::accept() {
    while (true) {
        Descriptor connection(::accept4(descriptor_.number(), nullptr, nullptr, SOCK_CLOEXEC));
        if (connection.open()) return FrameSocket(std::move(connection), "peer");
        if (errno != EINTR && errno != ECONNABORTED) return std::nullopt;
    }
}

void FrameListener::shut_down() const { ::shutdown(descriptor_.number(), SHUT_RDWR); }

}  // namespace carbonedge
