#pragma once

#include "lib/transport/connection_guard.h"
#include "lib/transport/tcp_socket.h"

#include <sys/types.h>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace carbonedge {

/// Listens on TCP for a library that takes connections as file descriptors, closes them when it likes and tells nobody:
/// bounds how many of them are open at a time, and outlasts a want of descriptors.
class HandOver {
public:
    /// Whose the descriptor is then; it does not block.
    using Take = std::function<void(int descriptor)>;

    /// At most `options.most_connections`; `options.warn` hears of refused ones. Throws as listening_tcp_socket().
    HandOver(const HostPort& address, Reach reach, const StreamOptions& options);
    ~HandOver() { end(); }
    HandOver(const HandOver&) = delete;
    HandOver& operator=(const HandOver&) = delete;

    /// Where it really listens, the port filled in.
    [[nodiscard]] HostPort address() const { return bound_address(socket_); }
    /// From now on each connection goes to `take`, in a thread of its own.
    void start(Take take);
    /// None does any more.
    void end();

private:
    /// A descriptor that was handed over: as long as it is this socket, that is open.
    struct Taken {
        int descriptor;
        ino_t socket;
    };
    bool has_room();
    void run(const Take& take);

    Descriptor socket_;
    ConnectionGuard guard_;
    std::size_t most_;
    std::vector<Taken> taken_;
    std::jthread thread_;
};

}  // namespace carbonedge
