#include "lib/runtime/peer_security.h"

#include "lib/transport/certificate_files.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <algorithm>
#include <chrono>

namespace carbonedge {
namespace {

/// Seconds between two looks at the files of a server's certificates.
constexpr unsigned kRefresh = 2;

std::chrono::sys_seconds today() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

TlsFiles files_of(const PeerSecurity& security, const std::string& self) {
    return tls_files(security.tls_directory, self);
}

/// Throws where it cannot be used today: expired, not of the authority beside it, made for another than `name`.
Identity identity_of(const PeerSecurity& security, const std::string& self, const std::string& name) {
    return read_identity(files_of(security, self), name, today());
}

}  // namespace

StreamOptions secured_streams(const PeerSecurity& security, const std::string& self, Nanoseconds send_timeout) {
    StreamOptions streams;
    streams.send_timeout = send_timeout;
    if (security.encrypted()) streams.tls = files_of(security, self);
    streams.accepted_names = security.accepted;
    streams.plain_text_across_hosts = security.plain_text;
    return streams;
}

std::shared_ptr<grpc::ServerCredentials> server_credentials(const PeerSecurity& security, const std::string& self) {
    if (!security.encrypted()) return grpc::InsecureServerCredentials();
    (void)identity_of(security, self, self);  // what gRPC would only find when somebody comes
    const TlsFiles files = files_of(security, self);
    grpc::experimental::TlsServerCredentialsOptions options(
        std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(files.key, files.certificate,
                                                                             files.authority, kRefresh));
    options.watch_root_certs();
    options.watch_identity_key_cert_pairs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    return grpc::experimental::TlsServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> channel_credentials(const PeerSecurity& security, const std::string& self) {
    if (!security.encrypted()) return grpc::InsecureChannelCredentials();
    const Identity identity = identity_of(security, self, "");  // whether the name will do, the other end decides
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = identity.authorities;
    options.pem_private_key = identity.own.key;
    options.pem_cert_chain = identity.own.certificate;
    return grpc::SslCredentials(options);
}

std::optional<std::string> expiry_note(const PeerSecurity& security, const std::string& self) {
    if (!security.encrypted()) return std::nullopt;
    return expiry_warning(self, identity_of(security, self, self).until, today());
}

bool caller_is(const grpc::ServerContext& context, const std::string& name) {
    const auto peer = context.auth_context();
    if (!peer || !peer->IsPeerAuthenticated()) return false;
    const std::vector<grpc::string_ref> names = peer->FindPropertyValues("x509_subject_alternative_name");
    return std::any_of(names.begin(), names.end(),
                       [&name](const grpc::string_ref& one) { return std::string(one.data(), one.size()) == name; });
}

}  // namespace carbonedge
