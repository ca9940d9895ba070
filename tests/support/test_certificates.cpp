#include "tests/support/test_certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <cstdio>
#include <stdexcept>

namespace carbonedge {
namespace {

struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeCertificate {
    void operator()(X509* certificate) const { X509_free(certificate); }
};
struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Certificate = std::unique_ptr<X509, FreeCertificate>;
using File = std::unique_ptr<std::FILE, CloseFile>;

constexpr long kDay = 24L * 3600;

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    if (extension == nullptr) throw std::runtime_error("no extension " + value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

Certificate make_certificate(EVP_PKEY* key, const std::string& common_name, int serial, int days_from_now) {
    Certificate certificate(X509_new());
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), days_from_now * kDay - 3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), (days_from_now + 1) * kDay);
    X509_set_pubkey(certificate.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
    return certificate;
}

void write_certificate(const std::string& path, X509* certificate) {
    const File file(std::fopen(path.c_str(), "w"));
    PEM_write_X509(file.get(), certificate);
}

void write_key(const std::string& path, EVP_PKEY* key) {
    const File file(std::fopen(path.c_str(), "w"));
    PEM_write_PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
}

}  // namespace

struct TestAuthority::State {
    Key key{EVP_EC_gen("P-256")};
    Certificate certificate = make_certificate(key.get(), "test authority", 1, 0);
};

TestAuthority::TestAuthority() : state_(std::make_unique<State>()), certificate_file_(folder_.file("authority.pem")) {
    X509* certificate = state_->certificate.get();
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    extend(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
    extend(certificate, certificate, NID_key_usage, "critical,keyCertSign");
    X509_sign(certificate, state_->key.get(), EVP_sha256());
    write_certificate(certificate_file_, certificate);
}

TestAuthority::~TestAuthority() = default;

TlsFiles TestAuthority::issue(const std::string& name, int days_from_now) {
    const Key key(EVP_EC_gen("P-256"));
    const int serial = 2 + issued_++;
    const Certificate certificate = make_certificate(key.get(), "a node", serial, days_from_now);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(state_->certificate.get()));
    extend(certificate.get(), state_->certificate.get(), NID_subject_alt_name, name);
    extend(certificate.get(), state_->certificate.get(), NID_ext_key_usage, "serverAuth,clientAuth");
    X509_sign(certificate.get(), state_->key.get(), EVP_sha256());
    TlsFiles files{certificate_file_, folder_.file(std::to_string(serial) + ".pem"),
                   folder_.file(std::to_string(serial) + ".key")};
    write_certificate(files.certificate, certificate.get());
    write_key(files.key, key.get());
    return files;
}

TlsFiles TestAuthority::issue_believing(const std::string& name, const TestAuthority& other) {
    TlsFiles files = issue(name);
    files.authority = other.certificate_file();
    return files;
}

}  // namespace carbonedge
