#include "lib/runtime/peer_security.h"

#include "lib/base/errors.h"

#include <grpcpp/grpcpp.h>
#include <algorithm>
#include <fstream>
#include <sstream>

namespace carbonedge {
namespace {

TlsFiles files_of(const PeerSecurity& security, const std::string& self) {
    const std::string folder = security.tls_directory + "/" + self;
    return {folder + "/ca.pem", folder + "/cert.pem", folder + "/key.pem"};
}

std::string read_pem(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file || text.str().empty()) {
        throw InputError(path, 0, "cannot read it; 'carbonedge run certificates' makes what is needed");
    }
    return text.str();
}

}  // namespace

StreamOptions secured_streams(const PeerSecurity& security, const std::string& self, Nanoseconds send_timeout) {
    StreamOptions streams;
    streams.send_timeout = send_timeout;
    if (security.encrypted()) streams.tls = files_of(security, self);
    streams.plain_text_across_hosts = security.plain_text;
    return streams;
}

std::shared_ptr<grpc::ServerCredentials> server_credentials(const PeerSecurity& security, const std::string& self) {
    if (!security.encrypted()) return grpc::InsecureServerCredentials();
    const TlsFiles files = files_of(security, self);
    grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = read_pem(files.authority);
    options.pem_key_cert_pairs.push_back({read_pem(files.key), read_pem(files.certificate)});
    return grpc::SslServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> channel_credentials(const PeerSecurity& security, const std::string& self) {
    if (!security.encrypted()) return grpc::InsecureChannelCredentials();
    const TlsFiles files = files_of(security, self);
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = read_pem(files.authority);
    options.pem_private_key = read_pem(files.key);
    options.pem_cert_chain = read_pem(files.certificate);
    return grpc::SslCredentials(options);
}

bool caller_is(const grpc::ServerContext& context, const std::string& name) {
    const auto peer = context.auth_context();
    if (!peer || !peer->IsPeerAuthenticated()) return false;
    const std::vector<grpc::string_ref> names = peer->FindPropertyValues("x509_subject_alternative_name");
    return std::any_of(names.begin(), names.end(),
                       [&name](const grpc::string_ref& one) { return std::string(one.data(), one.size()) == name; });
}

}  // namespace carbonedge
