#include "lib/transport/certificate_authority.h"

#include "lib/base/errors.h"
#include "lib/base/utf8.h"

#include <arpa/inet.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>

namespace carbonedge {
namespace {

template <auto kFree>
struct Freed {
    template <class T>
    void operator()(T* object) const {
        kFree(object);
    }
};
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using Store = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;

/// X.509 bounds a common name so; the name that counts is the alternative one, which has no such bound.
constexpr std::size_t kLongestCommonName = 64;

[[noreturn]] void fail(std::string_view action) {
    std::array<char, 256> reason{};
    ERR_error_string_n(ERR_get_error(), reason.data(), reason.size());
    ERR_clear_error();
    throw EnvironmentError(fmt::format("OpenSSL could not {}: {}", action, reason.data()), "see its configuration");
}

Bio reader_of(std::string_view text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

/// Asks nobody for a passphrase: a key with one is not read.
int no_passphrase(char*, int, int, void*) { return -1; }

Certificate read_certificate(std::string_view pem) {
    Certificate certificate(PEM_read_bio_X509(reader_of(pem).get(), nullptr, &no_passphrase, nullptr));
    ERR_clear_error();
    return certificate;
}

Key read_key(std::string_view pem) {
    Key key(PEM_read_bio_PrivateKey(reader_of(pem).get(), nullptr, &no_passphrase, nullptr));
    ERR_clear_error();
    return key;
}

template <class Write>
std::string pem_of(const Write& write) {
    const Bio memory(BIO_new(BIO_s_mem()));
    if (!memory || write(memory.get()) != 1) fail("write PEM");
    char* text = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
    return pem_of([&](BIO* to) { return PEM_write_bio_X509(to, certificate); });
}

std::string pem_of(EVP_PKEY* key) {
    return pem_of(
        [&](BIO* to) { return PEM_write_bio_PKCS8PrivateKey(to, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

std::chrono::sys_seconds moment_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
    return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&parts)));
}

CertificateTerm term_of(const X509* certificate) {
    return {moment_of(X509_get0_notBefore(certificate)), moment_of(X509_get0_notAfter(certificate))};
}

void add_extension(X509* certificate, X509V3_CTX& context, int kind, const std::string& value) {
    const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1)
        fail(fmt::format("add {} = {}", OBJ_nid2sn(kind), value));
}

/// 127 random bits: unpredictable and positive, as RFC 5280 and the CA/Browser Forum ask.
void set_serial(X509* certificate) {
    std::array<unsigned char, 16> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) fail("make a serial number");
    bytes[0] &= 0x7FU;
    const std::unique_ptr<BIGNUM, Freed<BN_free>> number(BN_bin2bn(bytes.data(), bytes.size(), nullptr));
    if (!number || BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr)
        fail("set a serial number");
}

Certificate begin_certificate(EVP_PKEY* key, const std::string& common_name, const CertificateTerm& term) {
    Certificate made(X509_new());
    if (!made || X509_set_version(made.get(), X509_VERSION_3) != 1) fail("make a certificate");
    set_serial(made.get());
    const std::string shown = common_name.substr(0, kLongestCommonName);
    const bool filled =
        ASN1_TIME_set(X509_getm_notBefore(made.get()), term.from.time_since_epoch().count()) != nullptr &&
        ASN1_TIME_set(X509_getm_notAfter(made.get()), term.until.time_since_epoch().count()) != nullptr &&
        X509_NAME_add_entry_by_NID(X509_get_subject_name(made.get()), NID_commonName, MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(shown.data()), static_cast<int>(shown.size()),
                                   -1, 0) == 1 &&
        X509_set_pubkey(made.get(), key) == 1;
    if (!filled) fail("fill a certificate");
    return made;
}

Key make_key() {
    Key key(EVP_EC_gen("P-256"));
    if (!key) fail("make a key on P-256");
    return key;
}

bool is_host_name(const std::string& text) {
    return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '.';
    });
}

bool is_ip_address(const std::string& text) {
    const std::unique_ptr<ASN1_OCTET_STRING, Freed<ASN1_OCTET_STRING_free>> parsed(a2i_IPADDRESS(text.c_str()));
    ERR_clear_error();
    return parsed != nullptr;
}

std::string alternative_names(const CertificateSubject& subject) {
    if (!is_host_name(subject.name))
        throw UsageError(
            fmt::format("'{}' cannot be named in a certificate; use letters, digits, - and _", subject.name));
    std::string names = "DNS:" + subject.name;
    for (const std::string& address : subject.addresses) {
        const bool ip = is_ip_address(address);
        if (!ip && !is_host_name(address))
            throw UsageError(fmt::format("'{}' is no IP address and no host name", address));
        names += (ip ? ",IP:" : ",DNS:") + address;
    }
    return names;
}

/// Every certificate of a PEM text, into a store of what is trusted.
Store trust(std::string_view authorities) {
    Store store(X509_STORE_new());
    if (!store) fail("make a store of certificates");
    const Bio text = reader_of(authorities);
    std::size_t found = 0;
    while (true) {
        const Certificate authority(PEM_read_bio_X509(text.get(), nullptr, &no_passphrase, nullptr));
        if (!authority) break;
        if (X509_STORE_add_cert(store.get(), authority.get()) == 1) ++found;
    }
    ERR_clear_error();
    return found > 0 ? std::move(store) : Store();
}

/// X509_V_OK, or why the chain does not hold for both ends of a connection.
int verify_chain(X509* certificate, X509_STORE* store, std::chrono::sys_seconds moment) {
    for (const int purpose : {X509_PURPOSE_SSL_SERVER, X509_PURPOSE_SSL_CLIENT}) {
        const StoreContext context(X509_STORE_CTX_new());
        if (!context || X509_STORE_CTX_init(context.get(), store, certificate, nullptr) != 1)
            fail("verify a certificate");
        X509_STORE_CTX_set_purpose(context.get(), purpose);
        X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context.get()), moment.time_since_epoch().count());
        if (X509_verify_cert(context.get()) != 1) {
            ERR_clear_error();
            return X509_STORE_CTX_get_error(context.get());
        }
    }
    return X509_V_OK;
}

std::string text_of(const ASN1_STRING* text) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
}

/// "10.0.0.7", "fe80::1".
std::string ip_text(const ASN1_OCTET_STRING* address) {
    const int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
    std::array<char, INET6_ADDRSTRLEN> text{};
    const bool whole = ASN1_STRING_length(address) == 4 || ASN1_STRING_length(address) == 16;
    return whole && ::inet_ntop(family, ASN1_STRING_get0_data(address), text.data(), text.size()) != nullptr
               ? text.data()
               : "";
}

CertificateSubject subject_of(X509* certificate) {
    CertificateSubject subject;
    const Names found(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; found && i < sk_GENERAL_NAME_num(found.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(found.get(), i);
        if (name->type == GEN_DNS && subject.name.empty()) {
            subject.name = text_of(name->d.dNSName);
        } else if (name->type == GEN_DNS) {
            subject.addresses.push_back(text_of(name->d.dNSName));
        } else if (name->type == GEN_IPADD) {
            subject.addresses.push_back(ip_text(name->d.iPAddress));
        }
    }
    ERR_clear_error();
    return subject;
}

}  // namespace

PemIdentity make_authority(const std::string& cluster, const CertificateTerm& term) {
    const Key key = make_key();
    const Certificate made = begin_certificate(
        key.get(), cluster.empty() ? "carbonedge authority" : "carbonedge authority of " + cluster, term);
    X509_set_issuer_name(made.get(), X509_get_subject_name(made.get()));
    X509V3_CTX context;
    X509V3_set_ctx(&context, made.get(), made.get(), nullptr, nullptr, 0);
    add_extension(made.get(), context, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(made.get(), context, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(made.get(), context, NID_subject_key_identifier, "hash");
    if (X509_sign(made.get(), key.get(), EVP_sha256()) == 0) fail("sign a certificate");
    return {pem_of(made.get()), pem_of(key.get())};
}

PemIdentity issue_certificate(const PemIdentity& authority, const CertificateSubject& subject,
                              const CertificateTerm& term) {
    const Certificate signer = read_certificate(authority.certificate);
    const Key signing_key = read_key(authority.key);
    if (!signer) throw InputError("ca.pem", 0, "holds no certificate in PEM");
    if (!signing_key) throw InputError("ca.key", 0, "holds no private key in PEM, or one with a passphrase");
    if (X509_check_private_key(signer.get(), signing_key.get()) != 1) {
        ERR_clear_error();
        throw InputError("ca.key", 0, "is not the key of ca.pem");
    }
    const CertificateTerm longest = term_of(signer.get());
    if (term.until > longest.until)
        throw UsageError(
            fmt::format("a certificate until {} would outlive its authority, which ends at {}; give a "
                        "shorter --valid, or make a new authority",
                        moment_text(term.until), moment_text(longest.until)));

    const std::string names = alternative_names(subject);
    const Key key = make_key();
    const Certificate made = begin_certificate(key.get(), subject.name, term);
    X509_set_issuer_name(made.get(), X509_get_subject_name(signer.get()));
    X509V3_CTX context;
    X509V3_set_ctx(&context, signer.get(), made.get(), nullptr, nullptr, 0);
    add_extension(made.get(), context, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(made.get(), context, NID_key_usage, "critical,digitalSignature");
    add_extension(made.get(), context, NID_ext_key_usage, "serverAuth,clientAuth");
    add_extension(made.get(), context, NID_subject_alt_name, names);
    add_extension(made.get(), context, NID_subject_key_identifier, "hash");
    add_extension(made.get(), context, NID_authority_key_identifier, "keyid:always");
    if (X509_sign(made.get(), signing_key.get(), EVP_sha256()) == 0) fail("sign a certificate");
    return {pem_of(made.get()), pem_of(key.get())};
}

CertificateTerm certificate_term(std::string_view certificate, const std::string& file) {
    const Certificate read = read_certificate(certificate);
    if (!read) throw InputError(file, 0, "holds no certificate in PEM");
    return term_of(read.get());
}

bool is_pair(const PemIdentity& identity) {
    const Certificate certificate = read_certificate(identity.certificate);
    const Key key = read_key(identity.key);
    const bool pair = certificate && key && X509_check_private_key(certificate.get(), key.get()) == 1;
    ERR_clear_error();
    return pair;
}

std::optional<std::string> identity_problem(const PemIdentity& identity, std::string_view authorities,
                                            const std::string& name, std::chrono::sys_seconds moment) {
    const Certificate certificate = read_certificate(identity.certificate);
    if (!certificate) return "is no certificate in PEM";
    if (!read_key(identity.key)) return "has no private key in PEM, or one with a passphrase";
    if (!is_pair(identity)) return "does not belong to the private key beside it";
    const Store store = trust(authorities);
    if (!store) return "has no certificate of an authority beside it";
    const CertificateTerm term = term_of(certificate.get());
    if (moment >= term.until) return "expired at " + moment_text(term.until);
    if (moment < term.from) return fmt::format("holds only from {}; see this machine's clock", moment_text(term.from));
    switch (const int verdict = verify_chain(certificate.get(), store.get(), moment)) {
        case X509_V_OK:
            break;
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
            return "is not signed by the authority beside it";
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "is signed by an authority that has expired";
        default:
            return fmt::format("does not verify: {}", X509_verify_cert_error_string(verdict));
    }
    const std::string made_for = subject_of(certificate.get()).name;
    if (!name.empty() && made_for != name)
        return fmt::format("is made for {}, not for '{}'", quoted_for_message(made_for), name);
    return std::nullopt;
}

CertificateSubject certificate_subject(std::string_view certificate) {
    const Certificate read = read_certificate(certificate);
    return read ? subject_of(read.get()) : CertificateSubject();
}

std::string moment_text(std::chrono::sys_seconds moment) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                       fmt::gmtime(static_cast<std::time_t>(moment.time_since_epoch().count())));
}

}  // namespace carbonedge
