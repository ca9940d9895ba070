#pragma once

#include "lib/transport/frame_stream.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace grpc {
class ChannelCredentials;
class ServerContext;
class ServerCredentials;
}  // namespace grpc

namespace carbonedge {

/// How nodes and gateway know each other beyond one host.
struct PeerSecurity {
    std::string tls_directory;  ///< certificates as `carbonedge run certificates` makes them; "" for none
    bool plain_text = false;    ///< without certificates: whoever comes is believed
    /// With certificates: whose tensors are taken; none: whoever's the authority has signed.
    std::vector<std::string> accepted{};

    [[nodiscard]] bool encrypted() const { return !tls_directory.empty(); }
    /// "tls:" or "tcp:", what an address for tensors begins with.
    [[nodiscard]] std::string scheme() const { return encrypted() ? "tls:" : "tcp:"; }
};

/// How `self`, a node or "gateway", takes part in streams of tensors.
StreamOptions secured_streams(const PeerSecurity& security, const std::string& self, Nanoseconds send_timeout);

/// Of `self` as a server; a client must show a certificate of the same authority where there are certificates. Files
/// that are replaced hold for new connections within seconds. Throws InputError where they cannot be read or used,
/// EnvironmentError where this end's has expired.
std::shared_ptr<grpc::ServerCredentials> server_credentials(const PeerSecurity& security, const std::string& self);
std::shared_ptr<grpc::ChannelCredentials> channel_credentials(const PeerSecurity& security, const std::string& self);

/// That the certificate of `self` ends within days; nothing where it does not, or there is none. Throws as above.
std::optional<std::string> expiry_note(const PeerSecurity& security, const std::string& self);

/// Whether the caller showed a certificate that names `name`.
bool caller_is(const grpc::ServerContext& context, const std::string& name);

}  // namespace carbonedge
