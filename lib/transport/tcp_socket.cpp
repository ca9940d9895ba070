#include "lib/transport/tcp_socket.h"

#include "lib/base/errors.h"
#include "lib/transport/clocks.h"
#include "lib/transport/socket_stream.h"
#include "lib/units/text.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

namespace carbonedge {
namespace {

/// Holds most messages, so that a sender hands over and computes on.
constexpr int kSocketBuffer = 4 * 1024 * 1024;

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

AddressList resolve(const HostPort& address, bool to_listen) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV | (to_listen ? AI_PASSIVE : 0);
    addrinfo* found = nullptr;
    const int problem = ::getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found);
    AddressList list(found, &::freeaddrinfo);
    if (problem != 0) {
        throw EnvironmentError(fmt::format("cannot find the host '{}': {}", address.host, ::gai_strerror(problem)),
                               "see whether the name is spelled rightly and known here");
    }
    return list;
}

bool is_loopback(const sockaddr* any) {
    if (any->sa_family == AF_INET) {
        const auto* address = reinterpret_cast<const sockaddr_in*>(any);
        return ntohl(address->sin_addr.s_addr) >> 24U == 127;
    }
    const auto* address = reinterpret_cast<const sockaddr_in6*>(any);
    if (IN6_IS_ADDR_V4MAPPED(&address->sin6_addr)) return address->sin6_addr.s6_addr[12] == 127;
    return IN6_IS_ADDR_LOOPBACK(&address->sin6_addr);
}

void require_reach(const addrinfo& info, const HostPort& address, Reach reach, const char* scheme) {
    if (reach == Reach::kAnywhere || is_loopback(info.ai_addr)) return;
    throw UsageError(
        fmt::format("{}:{} is beyond this machine, and {}: is in the clear: use tls:{}, or allow plain "
                    "text across hosts where the network is trusted",
                    scheme, host_port_text(address), scheme, host_port_text(address)));
}

void set_option(const Descriptor& socket, int level, int option, int value) {
    ::setsockopt(socket.number(), level, option, &value, sizeof(value));
}

/// Before connect() or listen(): the window that TCP announces follows from it.
Descriptor new_socket(const addrinfo& info) {
    Descriptor socket(::socket(info.ai_family, info.ai_socktype | SOCK_CLOEXEC, info.ai_protocol));
    if (!socket.open()) {
        throw EnvironmentError(fmt::format("cannot make a socket: {}", std::strerror(errno)),
                               "raise the limit of open files (ulimit -n)");
    }
    set_option(socket, SOL_SOCKET, SO_SNDBUF, kSocketBuffer);
    return socket;
}

/// 0 or why not, as errno says it.
int connect_within(const Descriptor& socket, const addrinfo& info, Nanoseconds deadline) {
    const int flags = ::fcntl(socket.number(), F_GETFL);
    ::fcntl(socket.number(), F_SETFL, flags | O_NONBLOCK);
    if (::connect(socket.number(), info.ai_addr, info.ai_addrlen) != 0) {
        if (errno != EINPROGRESS) return errno;
        while (true) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now_monotonic()).count();
            if (left <= 0) return ETIMEDOUT;
            pollfd writable{socket.number(), POLLOUT, 0};
            const int ready = ::poll(&writable, 1, static_cast<int>(std::min<std::int64_t>(left, 1'000'000)));
            if (ready > 0) break;
            if (ready < 0 && errno != EINTR) return errno;
        }
        int problem = 0;
        socklen_t size = sizeof(problem);
        ::getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &problem, &size);
        if (problem != 0) return problem;
    }
    ::fcntl(socket.number(), F_SETFL, flags);
    return 0;
}

HostPort numeric_address(const sockaddr_storage& address, socklen_t size) {
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> port{};
    if (::getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host.data(), host.size(), port.data(),
                      port.size(), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return {"unknown", "0"};
    }
    return {host.data(), port.data()};
}

}  // namespace

HostPort parse_host_port(std::string_view text) {
    const auto refuse = [&](const char* problem) {
        throw UsageError(fmt::format("'{}' {}; write it like node-a:4000 or [::1]:4000", text, problem));
    };
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) refuse("has no port");
    std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        refuse("has an IPv6 host without brackets");
    }
    if (host.empty()) refuse("has no host");
    int number = -1;
    const auto [end, problem] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (problem != std::errc() || end != port.data() + port.size() || number < 0 || number > 65535) {
        refuse("has no port from 0 to 65535");
    }
    return {std::string(host), std::string(port)};
}

std::string host_port_text(const HostPort& address) {
    if (address.host.find(':') != std::string::npos) return "[" + address.host + "]:" + address.port;
    return address.host + ":" + address.port;
}

Reach reach_of(const StreamOptions& options) {
    return options.plain_text_across_hosts ? Reach::kAnywhere : Reach::kLoopback;
}

void tune_tcp_socket(const Descriptor& socket, const StreamOptions& options) {
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    // A host that is cut off is noticed after 10 + 3 * 5 seconds although nothing is sent to it.
    set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, 10);
    set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 5);
    set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(options.send_timeout).count();
    set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(std::min<std::int64_t>(milliseconds, 1 << 30)));
    set_socket_timeouts(socket, options.send_timeout);
}

Descriptor connect_tcp_socket(const HostPort& address, Reach reach, const std::string& peer,
                              const StreamOptions& options, const char* scheme) {
    const AddressList list = resolve(address, false);
    const Nanoseconds deadline = now_monotonic() + options.connect_timeout;
    std::string problem;
    for (const addrinfo* info = list.get(); info != nullptr; info = info->ai_next) {
        require_reach(*info, address, reach, scheme);
        Descriptor socket = new_socket(*info);
        const int failed = connect_within(socket, *info, deadline);
        if (failed == 0) {
            tune_tcp_socket(socket, options);
            return socket;
        }
        problem =
            failed == ETIMEDOUT ? "no answer within " + exact_duration(options.connect_timeout) : std::strerror(failed);
    }
    throw EnvironmentError(fmt::format("cannot reach {} at {}: {}", peer, host_port_text(address), problem),
                           "see whether it runs, and whether a firewall is between");
}

Descriptor listening_tcp_socket(const HostPort& address, Reach reach, const char* scheme) {
    const AddressList list = resolve(address, true);
    require_reach(*list, address, reach, scheme);
    Descriptor socket = new_socket(*list);
    set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);  // a node that is started again takes its port again
    if (::bind(socket.number(), list->ai_addr, list->ai_addrlen) != 0 || ::listen(socket.number(), SOMAXCONN) != 0) {
        throw EnvironmentError(fmt::format("cannot listen at {}: {}", host_port_text(address), std::strerror(errno)),
                               "choose an address of this machine and a free port; port 0 takes one");
    }
    return socket;
}

bool stays_here(const Descriptor& socket) {
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    if (::getpeername(socket.number(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return false;
    return is_loopback(reinterpret_cast<const sockaddr*>(&address));
}

HostPort bound_address(const Descriptor& socket) {
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    ::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&address), &size);
    return numeric_address(address, size);
}

HostPort peer_address(const Descriptor& socket) {
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    if (::getpeername(socket.number(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return {"a peer", "0"};
    return numeric_address(address, size);
}

}  // namespace carbonedge
