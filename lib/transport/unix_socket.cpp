#include "lib/transport/unix_socket.h"

#include "lib/base/errors.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
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

Descriptor connect_unix_socket(const std::string& path, const std::string& peer) {
    const sockaddr_un address = unix_address(path);
    Descriptor descriptor = unix_socket();
    if (::connect(descriptor.number(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
        throw EnvironmentError(fmt::format("cannot reach {} at {}: {}", peer, path, std::strerror(errno)),
                               "see whether it still runs");
    }
    return descriptor;
}

Descriptor listening_unix_socket(const std::string& path) {
    const sockaddr_un address = unix_address(path);
    Descriptor descriptor = unix_socket();
    constexpr int kBacklog = 64;
    if (::bind(descriptor.number(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        ::listen(descriptor.number(), kBacklog) != 0) {
        throw EnvironmentError(fmt::format("cannot listen at {}: {}", path, std::strerror(errno)),
                               "choose another directory");
    }
    return descriptor;
}

}  // namespace carbonedge
