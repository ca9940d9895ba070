#include "lib/transport/hand_over.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <utility>

namespace carbonedge {
namespace {

/// Of a socket, which no other has while it is open; 0 where the descriptor stands for nothing.
ino_t identity(int descriptor) {
    struct stat now {};
    return ::fstat(descriptor, &now) == 0 ? now.st_ino : 0;
}

}  // namespace

HandOver::HandOver(const HostPort& address, Reach reach, const StreamOptions& options)
    : socket_(listening_tcp_socket(address, reach)), guard_(options), most_(options.most_connections) {
    const int on = 1;  // what it accepts inherits it
    ::setsockopt(socket_.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void HandOver::start(Take take) {
    thread_ = std::jthread([this, taker = std::move(take)] { run(taker); });
}

void HandOver::end() {
    ::shutdown(socket_.number(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
}

bool HandOver::has_room() {
    if (taken_.size() == most_) {
        std::erase_if(taken_, [](const Taken& one) { return identity(one.descriptor) != one.socket; });
    }
    return taken_.size() < most_;
}

void HandOver::run(const Take& take) {
    while (auto accepted = guard_.accept(socket_)) {
        if (!has_room()) {
            guard_.refuse(guard_.full_line());
            continue;
        }
        const int descriptor = accepted->socket.release();
        ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
        taken_.push_back({descriptor, identity(descriptor)});
        take(descriptor);
    }
}

}  // namespace carbonedge
