#include "tests/support/test_certificates.h"

#include "lib/base/atomic_file.h"
#include "lib/transport/certificate_authority.h"

#include <sstream>

namespace carbonedge {
namespace {

CertificateTerm term_of(int days_from_now) {
    const auto from = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) +
                      std::chrono::days(days_from_now) - std::chrono::hours(1);
    return {from, from + std::chrono::hours(25)};
}

CertificateTerm term_of_authority() { return {term_of(-30).from, term_of(30).until}; }

void write(const std::string& path, const std::string& text) {
    std::ostringstream none;
    write_output(path, true, text, none);
}

}  // namespace

struct TestAuthority::State {
    PemIdentity identity = make_authority("test", term_of_authority());
};

TestAuthority::TestAuthority() : state_(std::make_unique<State>()), certificate_file_(folder_.file("authority.pem")) {
    write(certificate_file_, state_->identity.certificate);
}

TestAuthority::~TestAuthority() = default;

TlsFiles TestAuthority::issue(const std::string& name, int days_from_now) {
    CertificateSubject subject;
    subject.name = name.starts_with("DNS:") ? name.substr(4) : "a-node";
    if (name.starts_with("IP:")) subject.addresses.push_back(name.substr(3));
    const PemIdentity made = issue_certificate(state_->identity, subject, term_of(days_from_now));
    const std::string stem = folder_.file(std::to_string(issued_++));
    TlsFiles files{certificate_file_, stem + ".pem", stem + ".key"};
    write(files.certificate, made.certificate);
    write_private_file(files.key, true, made.key);
    return files;
}

TlsFiles TestAuthority::issue_believing(const std::string& name, const TestAuthority& other) {
    TlsFiles files = issue(name);
    files.authority = other.certificate_file();
    return files;
}

}  // namespace carbonedge
