#include "lib/transport/socket_stream.h"

#include "lib/base/errors.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

namespace carbonedge {

const char* send_problem(int error) {
    if (error == EAGAIN || error == EWOULDBLOCK || error == ETIMEDOUT) return "it does not read";
    if (error == EPIPE || error == ECONNRESET) return "it is gone";
    return std::strerror(error);
}

void send_all(const Descriptor& socket, std::vector<iovec>& parts, const std::string& peer) {
    std::size_t first = 0;
    while (first < parts.size()) {
        msghdr message{};
        message.msg_iov = parts.data() + first;
        message.msg_iovlen = std::min<std::size_t>(parts.size() - first, IOV_MAX);
        const ssize_t sent = ::sendmsg(socket.number(), &message, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR) continue;
            throw EnvironmentError(fmt::format("cannot send to {}: {}", peer, send_problem(errno)),
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

void set_socket_timeouts(const Descriptor& socket, Nanoseconds timeout) {
    timeval time{};
    time.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(timeout).count();
    time.tv_usec = static_cast<suseconds_t>(timeout.count() / 1000 % 1'000'000);
    setsockopt(socket.number(), SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
    setsockopt(socket.number(), SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
}

SocketStream::SocketStream(Descriptor socket, std::string peer, ConnectionGuard::Place place)
    : socket_(std::move(socket)), peer_(std::move(peer)), place_(std::move(place)) {}

void SocketStream::send(const FrameHead& head, const std::vector<TensorView>& tensors) {
    const std::string encoded = encode_frame_head(head);
    std::vector<iovec> parts;
    parts.reserve(tensors.size() + 1);
    // iovec serves reading and writing, so it cannot be const; sendmsg only reads.
    parts.push_back({const_cast<char*>(encoded.data()), encoded.size()});
    for (const TensorView& tensor : tensors) {
        if (tensor.size > 0) parts.push_back({const_cast<std::byte*>(tensor.content), tensor.size});
    }
    send_all(socket_, parts, peer_);
}

std::optional<ReceivedFrame> SocketStream::receive(BufferPool& pool, std::uint64_t longest_payload,
                                                   const Refuse& refuse) {
    return read_frame(*this, peer_, pool, longest_payload, refuse);
}

void SocketStream::shut_down() const { ::shutdown(socket_.number(), SHUT_RDWR); }

/// 0 at the end. Between frames a peer may be silent for ever (`may_wait`).
std::size_t SocketStream::read_some(void* bytes, std::size_t size, int flags, bool may_wait) {
    while (true) {
        const ssize_t came = ::recv(socket_.number(), bytes, size, flags);
        if (came >= 0) return static_cast<std::size_t>(came);
        if (errno == EINTR) continue;
        if (errno == ECONNRESET) return 0;
        const bool silent = errno == EAGAIN || errno == EWOULDBLOCK;
        if (silent && may_wait) continue;
        throw EnvironmentError(fmt::format("cannot read from {}: {}", peer_,
                                           silent ? "it fell silent in the middle of a frame" : std::strerror(errno)),
                               "see whether it still runs");
    }
}

bool SocketStream::read_exactly(void* bytes, std::size_t size, bool may_end) {
    auto* next = static_cast<char*>(bytes);
    std::size_t left = size;
    while (left > 0) {
        if (ahead_first_ == ahead_end_ && left < ahead_.size()) {
            ahead_first_ = 0;
            ahead_end_ = read_some(ahead_.data(), ahead_.size(), 0, may_end && left == size);
        }
        std::size_t came = std::min(left, ahead_end_ - ahead_first_);
        if (came > 0) {
            std::memcpy(next, ahead_.data() + ahead_first_, came);
            ahead_first_ += came;
        } else if (left >= ahead_.size()) {
            came = read_some(next, left, MSG_WAITALL, may_end && left == size);
        }
        if (came == 0) {
            if (may_end && left == size) return false;
            throw EnvironmentError(fmt::format("{} went away in the middle of a frame", peer_),
                                   "see whether it still runs");
        }
        next += came;
        left -= came;
    }
    return true;
}

}  // namespace carbonedge
