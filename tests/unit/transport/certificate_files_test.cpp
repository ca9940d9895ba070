#include "lib/transport/certificate_files.h"

#include "lib/base/atomic_file.h"
#include "lib/base/errors.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <atomic>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>

namespace carbonedge {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::sys_seconds;

const sys_seconds kNow = std::chrono::sys_days(std::chrono::year(2030) / 5 / 17);

CertificateRequest request_for(const std::vector<std::string>& names) {
    CertificateRequest request;
    request.cluster = "demo";
    for (const std::string& name : names) request.subjects.emplace_back().name = name;
    return request;
}

std::string text_of(const std::string& path) {
    std::istringstream none;
    return read_input(path, none);
}

unsigned mode_of(const std::string& path) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777U;
}

template <class Body>
std::string environment_text(const Body& body) {
    try {
        body();
    } catch (const EnvironmentError& error) {
        return error.what();
    }
    return "nothing was thrown";
}

}  // namespace

TEST_CASE("certificates lie where nodes look, closed to others") {
    const TemporaryFolder folder;
    const std::string tls = folder.file("tls");
    const CertificatesWritten written = write_certificates(tls, request_for({"edge", "green", "gateway"}), kNow);
    CHECK(written.until == kNow + days(90));
    CHECK(written.authority_until == kNow + days(3650));
    CHECK(mode_of(tls) == 0700);
    CHECK(mode_of(tls + "/ca.key") == 0600);
    for (const std::string name : {"edge", "green", "gateway"}) {
        CAPTURE(name);
        CHECK(mode_of(tls + "/" + name) == 0700);
        const TlsFiles files = tls_files(tls, name);
        CHECK(mode_of(files.key) == 0600);
        CHECK(text_of(files.authority) == text_of(tls + "/ca.pem"));
        const Identity identity = read_identity(files, name, kNow);
        CHECK(identity.until == written.until);
        CHECK(is_pair(identity.own));
    }
    CHECK(error_text([&] {
              (void)read_identity(tls_files(tls, "edge"), "green", kNow);
          }).ends_with("edge/cert.pem: the certificate is made for 'edge', not for 'green'"));
}

TEST_CASE("an authority that is there is kept unless it is to be replaced") {
    const TemporaryFolder folder;
    const std::string tls = folder.file("tls");
    CertificateRequest request = request_for({"edge"});
    (void)write_certificates(tls, request, kNow);
    const std::string authority = text_of(tls + "/ca.pem");
    const std::string edge = text_of(tls + "/edge/cert.pem");
    CHECK(environment_text([&] { (void)write_certificates(tls, request, kNow); })
              .ends_with("ca.pem already exists; --rotate issues new certificates under it, --overwrite makes a new "
                         "authority"));
    CHECK(text_of(tls + "/edge/cert.pem") == edge);

    request.rotate = true;
    request.subjects.emplace_back().name = "green";
    (void)write_certificates(tls, request, kNow + days(60));
    CHECK(text_of(tls + "/ca.pem") == authority);
    CHECK(text_of(tls + "/edge/cert.pem") != edge);
    CHECK(read_identity(tls_files(tls, "edge"), "edge", kNow + days(149)).until == kNow + days(150));
    CHECK(read_identity(tls_files(tls, "green"), "green", kNow + days(60)).until == kNow + days(150));
    CHECK(mode_of(tls + "/edge/key.pem") == 0600);

    request.rotate = false;
    request.overwrite = true;
    (void)write_certificates(tls, request, kNow);
    CHECK(text_of(tls + "/ca.pem") != authority);
    CHECK_NOTHROW((void)read_identity(tls_files(tls, "green"), "green", kNow));
}

TEST_CASE("a rotation keeps addresses, and needs the authority's key") {
    const TemporaryFolder folder;
    const std::string tls = folder.file("tls");
    CertificateRequest request = request_for({"edge"});
    request.subjects[0].addresses = {"10.0.0.7", "edge.example.org"};
    (void)write_certificates(tls, request, kNow);
    request.rotate = true;
    request.subjects[0].addresses.clear();
    (void)write_certificates(tls, request, kNow);
    CHECK(certificate_subject(text_of(tls + "/edge/cert.pem")).addresses ==
          std::vector<std::string>{"10.0.0.7", "edge.example.org"});

    std::filesystem::remove(tls + "/ca.key");
    CHECK(error_text([&] { (void)write_certificates(tls, request, kNow); }).find("ca.key: cannot be read") !=
          std::string::npos);
    write_private_file(tls + "/ca.key", true, text_of(tls + "/edge/key.pem"));
    CHECK(error_text([&] {
              (void)write_certificates(tls, request, kNow);
          }).ends_with("ca.key: is not the private key of the first certificate in ca.pem"));
}

TEST_CASE("nothing is written where a subject is refused") {
    const TemporaryFolder folder;
    const std::string tls = folder.file("tls");
    CertificateRequest alike = request_for({"edge", "Edge"});
    CHECK(error_text([&] { (void)write_certificates(tls, alike, kNow); }) ==
          "a certificate would not tell 'Edge' from 'edge'; rename one of these nodes");
    CertificateRequest borrowed = request_for({"edge", "green"});
    borrowed.subjects[0].addresses = {"GREEN"};
    CHECK(error_text([&] { (void)write_certificates(tls, borrowed, kNow); }) ==
          "the address 'GREEN' of edge is the name of another node, which it could pass for");
    CHECK_FALSE(std::filesystem::exists(tls));
}

TEST_CASE("a folder that others may enter takes no keys") {
    const TemporaryFolder folder;
    const std::string tls = folder.file("tls");
    std::filesystem::create_directory(tls);
    REQUIRE(::chmod(tls.c_str(), 0755) == 0);
    CHECK(environment_text([&] {
              (void)write_certificates(tls, request_for({"edge"}), kNow);
          }).starts_with("others may enter"));
    CHECK(std::filesystem::is_empty(tls));
    CHECK(environment_text([&] {
              (void)write_certificates(tls + "/a/b", request_for({"edge"}), kNow);
          }).starts_with("cannot make"));
}

TEST_CASE("an expired certificate, an open key and a missing file stop a start") {
    const TemporaryFolder folder;
    const std::string tls = folder.file("tls");
    (void)write_certificates(tls, request_for({"edge"}), kNow);
    const TlsFiles files = tls_files(tls, "edge");
    CHECK(environment_text([&] { (void)read_identity(files, "edge", kNow + days(91)); })
              .ends_with("edge/cert.pem: the certificate expired at 2030-08-15T00:00:00Z; `carbonedge run certificates "
                         "DIR --rotate` issues a new one"));
    REQUIRE(::chmod(files.key.c_str(), 0640) == 0);
    CHECK_NOTHROW((void)read_identity(files, "edge", kNow));
    REQUIRE(::chmod(files.key.c_str(), 0644) == 0);
    CHECK(error_text([&] {
              (void)read_identity(files, "edge", kNow);
          }).ends_with("key.pem: can be opened by every user; chmod 600 it"));
    CHECK(error_text([&] {
              (void)read_identity(tls_files(tls, "green"), "green", kNow);
          }).ends_with("No such file or directory; `carbonedge run certificates` makes it"));
    std::ostringstream none;
    write_output(files.certificate, true, std::string(2'000'000, 'x'), none);
    write_private_file(files.key, true, "");
    CHECK(error_text([&] { (void)read_identity(files, "edge", kNow); }).find("has 2000000 bytes") != std::string::npos);
}

TEST_CASE("a certificate that ends within a week is warned of") {
    const struct {
        sys_seconds until;
        std::string expected;
    } cases[] = {
        {kNow + days(7), ""},
        {kNow + days(7) - std::chrono::seconds(1),
         "the certificate of edge expires at 2030-05-23T23:59:59Z, in 6 days"},
        {kNow + hours(25), "the certificate of edge expires at 2030-05-18T01:00:00Z, in 1 day;"},
        {kNow + hours(1), "the certificate of edge expires at 2030-05-17T01:00:00Z, in less than a day;"},
    };
    for (const auto& [until, expected] : cases) {
        CAPTURE(expected);
        const std::string said = expiry_warning("edge", until, kNow).value_or("");
        CHECK(said.substr(0, expected.size()) == expected);
        CHECK(said.empty() == expected.empty());
    }
}

TEST_CASE("who reads while certificates rotate gets a key and a certificate that belong together") {
    const TemporaryFolder folder;
    const std::string tls = folder.file("tls");
    CertificateRequest request = request_for({"edge"});
    (void)write_certificates(tls, request, kNow);
    request.rotate = true;
    constexpr int kRotations = 50;
    std::atomic<int> rotations = 0;
    std::atomic<int> reads = 0;
    std::thread rotating([&] {
        for (; rotations < kRotations; ++rotations) {
            while (reads < rotations) std::this_thread::yield();  // else one read would meet several rotations
            (void)write_certificates(tls, request, kNow);
        }
    });
    int broken = 0;
    for (; rotations < kRotations; ++reads) {
        if (!is_pair(read_identity(tls_files(tls, "edge"), "edge", kNow).own)) ++broken;
    }
    rotating.join();
    CHECK(reads >= kRotations - 1);
    CHECK(broken == 0);
}

}  // namespace carbonedge
