#include "lib/transport/tls_session.h"

#include "lib/base/errors.h"
#include "lib/transport/clocks.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <utility>

namespace carbonedge {
namespace {

/// So much is taken from the socket in one call; OpenSSL decrypts it where it lies.
constexpr std::size_t kReadAhead = 256 * 1024;
/// A peer may make us answer (key updates); one that does nothing else is cut off here.
constexpr std::size_t kMostOutput = 4 * 1024 * 1024;

template <class T, void (*free_it)(T*)>
struct FreeBy {
    void operator()(T* object) const { free_it(object); }
};
using ContextPointer = std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX, SSL_CTX_free>>;
using SessionPointer = std::unique_ptr<SSL, FreeBy<SSL, SSL_free>>;
using CertificatePointer = std::unique_ptr<X509, FreeBy<X509, X509_free>>;
using NamesPointer = std::unique_ptr<GENERAL_NAMES, FreeBy<GENERAL_NAMES, GENERAL_NAMES_free>>;

std::string last_problem() {
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    if (code == 0) return "no reason is given";
    const char* reason = ERR_reason_error_string(code);
    return reason == nullptr ? fmt::format("error {}", code) : reason;
}

void require_readable(const std::string& file, const char* what) {
    if (file.empty()) throw UsageError(fmt::format("tls: needs {}; none is given", what));
    if (!std::ifstream(file)) throw InputError(file, 0, fmt::format("cannot be read; it should be {}", what));
}

bool is_ip_address(const std::string& text) {
    std::array<unsigned char, sizeof(in6_addr)> address{};
    return ::inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
           ::inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

constexpr unsigned kNameFlags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;

/// What OpenSSL reads from and writes to.
struct Wire {
    int socket = -1;
    bool ended = false;
    std::vector<char> output;
};

Wire& wire_of(BIO* bio) { return *static_cast<Wire*>(BIO_get_data(bio)); }

int read_wire(BIO* bio, char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    Wire& wire = wire_of(bio);
    while (true) {
        const ssize_t came = ::recv(wire.socket, bytes, static_cast<std::size_t>(size), MSG_DONTWAIT);
        if (came > 0) return static_cast<int>(came);
        if (came < 0 && errno == EINTR) continue;
        if (came < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            BIO_set_retry_read(bio);
            return -1;
        }
        wire.ended = true;
        return 0;
    }
}

int write_wire(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    std::vector<char>& output = wire_of(bio).output;
    if (output.size() > kMostOutput) return -1;
    output.insert(output.end(), bytes, bytes + size);
    return size;
}

long control_wire(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO* make_wire_bio(Wire& wire) {
    static BIO_METHOD* const method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "carbonedge wire");
        BIO_meth_set_read(made, read_wire);
        BIO_meth_set_write(made, write_wire);
        BIO_meth_set_ctrl(made, control_wire);
        return made;
    }();
    BIO* bio = BIO_new(method);
    BIO_set_data(bio, &wire);
    BIO_set_init(bio, 1);
    return bio;
}

CertificatePointer certificate_of_peer(const SSL* session) {
    return CertificatePointer(SSL_get1_peer_certificate(session));
}

}  // namespace

struct TlsContext::State {
    ContextPointer context;
    Role role = Role::kConnects;
};

TlsContext::TlsContext(const TlsFiles& files, Role role) : state_(std::make_unique<State>()) {
    require_readable(files.authority, "the authority's certificate");
    require_readable(files.certificate, "a certificate");
    require_readable(files.key, "the certificate's key");
    ERR_clear_error();
    state_->role = role;
    state_->context.reset(SSL_CTX_new(role == Role::kConnects ? TLS_client_method() : TLS_server_method()));
    SSL_CTX* context = state_->context.get();
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION);
    if (SSL_CTX_load_verify_locations(context, files.authority.c_str(), nullptr) != 1) {
        throw InputError(files.authority, 0, "is no PEM file of certificates: " + last_problem());
    }
    if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
        throw InputError(files.certificate, 0, "is no PEM file of a certificate: " + last_problem());
    }
    if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        throw InputError(files.key, 0, "is not the key of " + files.certificate + ": " + last_problem());
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // Connections last; a ticket would be one more thing to keep secret, and an answer to senders that never read.
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, kReadAhead);
}

TlsContext::~TlsContext() = default;

ssl_ctx_st* TlsContext::native() const { return state_->context.get(); }

FollowedTlsContext::FollowedTlsContext(TlsFiles files, TlsContext::Role role, Warn warn, Nanoseconds look_every)
    : files_(std::move(files)),
      role_(role),
      warn_(std::move(warn)),
      look_every_(look_every),
      loaded_(state_of_files()),
      looked_(now_monotonic()),
      context_(std::make_shared<TlsContext>(files_, role_)) {}

std::string FollowedTlsContext::state_of_files() const {
    std::string state;
    for (const std::string* file : {&files_.authority, &files_.certificate, &files_.key}) {
        struct stat status {};
        if (::stat(file->c_str(), &status) != 0) status = {};
        state += fmt::format("{} {} {}.{:09} ", status.st_ino, status.st_size, status.st_mtim.tv_sec,
                             status.st_mtim.tv_nsec);
    }
    return state;
}

std::shared_ptr<const TlsContext> FollowedTlsContext::current() {
    const std::lock_guard lock(mutex_);
    const Nanoseconds now = now_monotonic();
    if (now - looked_ < look_every_) return context_;
    looked_ = now;
    // Before they are read: what changes meanwhile is another state, which is looked at next time.
    const std::string state = state_of_files();
    if (state == loaded_) return context_;
    try {
        context_ = std::make_shared<TlsContext>(files_, role_);
        loaded_ = state;
    } catch (const std::exception& error) {
        // Key and certificate are replaced one after the other; only what stays unusable is worth a word.
        if (std::exchange(unusable_, state) == state && warn_) {
            warn_(fmt::format("{}; the certificates before it stay in force", error.what()));
        }
    }
    return context_;
}

struct TlsSession::State {
    Wire wire;
    SessionPointer session;
    std::uint64_t bytes_per_key = kBytesPerKey;
    std::uint64_t bytes_with_key = 0;
    std::string expected_name;
    bool ended = false;
    std::string problem;
};

TlsSession::TlsSession(const TlsContext& context, const Descriptor& socket, const std::string& expected_name)
    : state_(std::make_unique<State>()) {
    state_->wire.socket = socket.number();
    state_->expected_name = expected_name;
    state_->session.reset(SSL_new(context.state().context.get()));
    SSL* session = state_->session.get();
    BIO* bio = make_wire_bio(state_->wire);
    SSL_set_bio(session, bio, bio);
    SSL_set_hostflags(session, kNameFlags);
    if (!expected_name.empty()) {
        if (is_ip_address(expected_name)) {
            X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), expected_name.c_str());
        } else {
            SSL_set1_host(session, expected_name.c_str());
            SSL_set_tlsext_host_name(session, expected_name.c_str());
        }
    }
    if (context.state().role == TlsContext::Role::kConnects) {
        SSL_set_connect_state(session);
    } else {
        SSL_set_accept_state(session);
    }
}

TlsSession::~TlsSession() = default;

TlsSession::Handshake TlsSession::shake_hands() {
    SSL* session = state_->session.get();
    ERR_clear_error();
    const int result = SSL_do_handshake(session);
    if (result == 1) return Handshake::kDone;
    if (SSL_get_error(session, result) == SSL_ERROR_WANT_READ) return Handshake::kWaits;
    state_->ended = true;
    const long verdict = SSL_get_verify_result(session);
    if (verdict != X509_V_OK) {
        state_->problem = fmt::format("its certificate is not believed: {}", X509_verify_cert_error_string(verdict));
        if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH) {
            state_->problem += fmt::format(", it should be '{}'", state_->expected_name);
        }
        ERR_clear_error();
    } else if (state_->wire.ended && ERR_peek_error() == 0) {
        state_->problem = "it went away before both ends knew each other";
    } else {
        state_->problem = "TLS failed: " + last_problem();
    }
    return Handshake::kFailed;
}

const std::string& TlsSession::problem() const { return state_->problem; }

bool TlsSession::peer_is(const std::string& name) const {
    const CertificatePointer certificate = certificate_of_peer(state_->session.get());
    if (!certificate) return false;
    if (is_ip_address(name)) return X509_check_ip_asc(certificate.get(), name.c_str(), 0) == 1;
    return X509_check_host(certificate.get(), name.c_str(), name.size(), kNameFlags, nullptr) == 1;
}

std::string TlsSession::peer_name() const {
    const CertificatePointer certificate = certificate_of_peer(state_->session.get());
    if (!certificate) return "";
    const NamesPointer names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type != GEN_DNS) continue;
        std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                         static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
        // The authority signed it, but it ends in logs.
        const bool plain =
            std::all_of(text.begin(), text.end(), [](char letter) { return letter > ' ' && letter < 127; });
        if (plain && !text.empty()) return text;
    }
    return "";
}

void TlsSession::encrypt(const void* bytes, std::size_t size) {
    SSL* session = state_->session.get();
    const auto* next = static_cast<const char*>(bytes);
    while (size > 0) {
        if (state_->bytes_with_key >= state_->bytes_per_key) {
            SSL_key_update(session, SSL_KEY_UPDATE_NOT_REQUESTED);
            state_->bytes_with_key = 0;
        }
        ERR_clear_error();
        std::size_t written = 0;
        if (SSL_write_ex(session, next, size, &written) != 1) {
            throw EnvironmentError("TLS failed: " + last_problem(), "look at its messages");
        }
        state_->bytes_with_key += written;
        next += written;
        size -= written;
    }
}

std::size_t TlsSession::decrypt(void* bytes, std::size_t size) {
    SSL* session = state_->session.get();
    ERR_clear_error();
    std::size_t came = 0;
    if (SSL_read_ex(session, bytes, size, &came) == 1) return came;
    const int problem = SSL_get_error(session, 0);
    if (problem == SSL_ERROR_WANT_READ) return 0;
    state_->ended = true;
    // A process that is killed says no goodbye; whether a frame was under way is the reader's to judge.
    if (problem == SSL_ERROR_ZERO_RETURN || state_->wire.ended) {
        ERR_clear_error();
        return 0;
    }
    state_->problem = "TLS failed: " + last_problem();
    return 0;
}

bool TlsSession::ended() const { return state_->ended; }
std::vector<char>& TlsSession::output() { return state_->wire.output; }
void TlsSession::set_bytes_per_key(std::uint64_t bytes) { state_->bytes_per_key = bytes; }

}  // namespace carbonedge
