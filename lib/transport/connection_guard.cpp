#include "lib/transport/connection_guard.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <cerrno>
#include <cstring>

namespace carbonedge {
namespace {

/// Different lines that are said; a peer can make up names without end.
constexpr std::size_t kMostLines = 256;

}  // namespace

ConnectionGuard::Place ConnectionGuard::take_place() {
    if (open_->fetch_add(1) >= most_) {
        open_->fetch_sub(1);
        return nullptr;
    }
    return {static_cast<const void*>(open_.get()), [open = open_](const void*) { open->fetch_sub(1); }};
}

void ConnectionGuard::refuse(const std::string& line) {
    if (!warn_) return;
    {
        const std::lock_guard lock(mutex_);
        if (said_.size() >= kMostLines || !said_.insert(line).second) return;
    }
    warn_(line);
}

std::string ConnectionGuard::full_line() const {
    return fmt::format("a connection was refused: {} are open already", most_);
}

std::optional<ConnectionGuard::Accepted> ConnectionGuard::accept(const Descriptor& listening) {
    while (true) {
        Accepted accepted{Descriptor(::accept4(listening.number(), nullptr, nullptr, SOCK_CLOEXEC)), nullptr};
        if (accepted.socket.open()) {
            accepted.place = take_place();
            if (accepted.place) return accepted;
            refuse(full_line());
            continue;
        }
        // A socket that is shut down, or was none; all else (a peer that is gone again, no descriptor left) passes.
        if (errno == EINVAL || errno == EBADF || errno == ENOTSOCK) return std::nullopt;
        if (errno == EAGAIN || errno == EWOULDBLOCK) return accepted;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            refuse(fmt::format("a connection had to wait: {}", std::strerror(errno)));
            constexpr int kWaitMs = 50;
            pollfd shut_down{listening.number(), 0, 0};  // hears of nothing but the end
            ::poll(&shut_down, 1, kWaitMs);
        }
    }
}

}  // namespace carbonedge
