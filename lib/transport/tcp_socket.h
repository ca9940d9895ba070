#pragma once

#include "lib/transport/descriptor.h"
#include "lib/transport/frame_stream.h"

#include <string>
#include <string_view>

namespace carbonedge {

/// "node-a:4000", "[::1]:4000".
struct HostPort {
    std::string host;
    std::string port;
};
/// Throws UsageError. A port is a number from 0 to 65535.
HostPort parse_host_port(std::string_view text);
std::string host_port_text(const HostPort& address);

/// Whether a socket may leave this machine.
enum class Reach { kLoopback, kAnywhere };
Reach reach_of(const StreamOptions& options);

/// A connected socket, tuned for messages. Throws EnvironmentError; UsageError where the host is beyond `reach`, in
/// which the address starts with `scheme`.
Descriptor connect_tcp_socket(const HostPort& address, Reach reach, const std::string& peer,
                              const StreamOptions& options, const char* scheme = "tcp");

/// Throws EnvironmentError; UsageError where the address is beyond `reach`.
Descriptor listening_tcp_socket(const HostPort& address, Reach reach, const char* scheme = "tcp");
/// The address that a listening socket really has.
HostPort bound_address(const Descriptor& socket);

/// Whether the peer of a connected socket has an address that nobody else can have.
bool stays_here(const Descriptor& socket);

/// Tunes an accepted socket as connect_tcp_socket() does the other end.
void tune_tcp_socket(const Descriptor& socket, const StreamOptions& options);
/// "10.0.0.7:41873", for messages; the host alone for what is said once a peer.
HostPort peer_address(const Descriptor& socket);

}  // namespace carbonedge
