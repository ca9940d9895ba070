#include "lib/transport/certificate_authority.h"

#include "tests/support/error_text.h"

#include <doctest/doctest.h>
#include <set>
#include <string>

namespace carbonedge {
namespace {

using std::chrono::days;
using std::chrono::seconds;
using std::chrono::sys_seconds;

const sys_seconds kNow = std::chrono::sys_days(std::chrono::year(2030) / 5 / 17);
const CertificateTerm kDecade{kNow - days(1), kNow + days(3650)};
const CertificateTerm kMonth{kNow - days(1), kNow + days(30)};
const std::string kEdge = "edge";
const std::string kGreen = "green";

CertificateSubject subject(const std::string& name, std::vector<std::string> addresses = {}) {
    CertificateSubject made;
    made.name = name;
    made.addresses = std::move(addresses);
    return made;
}

std::string problem_of(const PemIdentity& identity, const PemIdentity& authority, const std::string& name,
                       sys_seconds moment) {
    return identity_problem(identity, authority.certificate, name, moment).value_or("none");
}

}  // namespace

TEST_CASE("a certificate of an authority is good for its name alone, between its ends") {
    const PemIdentity authority = make_authority("demo", kDecade);
    const PemIdentity other = make_authority("demo", kDecade);
    const PemIdentity edge = issue_certificate(authority, subject(kEdge), kMonth);
    CHECK(problem_of(edge, authority, kEdge, kNow) == "none");
    CHECK(problem_of(edge, authority, kEdge, kMonth.from) == "none");
    CHECK(problem_of(edge, authority, kEdge, kMonth.until - seconds(1)) == "none");
    CHECK(problem_of(edge, authority, kGreen, kNow) == "is made for 'edge', not for 'green'");
    CHECK(problem_of(edge, authority, "", kNow) == "none");
    CHECK(problem_of(edge, authority, "EDGE", kNow) == "is made for 'edge', not for 'EDGE'");
    CHECK(problem_of(edge, other, kEdge, kNow) == "is not signed by the authority beside it");
    CHECK(problem_of(edge, authority, kEdge, kMonth.until) == "expired at 2030-06-16T00:00:00Z");
    CHECK(problem_of(edge, authority, kEdge, kMonth.from - seconds(1)) ==
          "holds only from 2030-05-16T00:00:00Z; see this machine's clock");
}

TEST_CASE("an authority that has expired vouches for nobody") {
    const CertificateTerm week{kNow, kNow + days(7)};
    const PemIdentity authority = make_authority("demo", week);
    const PemIdentity edge = issue_certificate(authority, subject(kEdge), week);
    CHECK(problem_of(edge, authority, kEdge, kNow) == "none");
    CHECK(problem_of(edge, authority, kEdge, week.until + seconds(1)).starts_with("expired"));
    const std::string refused = error_text([&] { (void)issue_certificate(authority, subject(kEdge), kMonth); });
    CHECK(refused.find("would outlive its authority, which ends at 2030-05-24T00:00:00Z") != std::string::npos);
}

TEST_CASE("what a node holds signs no other certificate") {
    const PemIdentity authority = make_authority("demo", kDecade);
    const PemIdentity edge = issue_certificate(authority, subject(kEdge), kMonth);
    const PemIdentity forged = issue_certificate(edge, subject(kGreen), kMonth);
    const std::string both = authority.certificate + edge.certificate;
    CHECK(identity_problem(forged, authority.certificate, kGreen, kNow) == "is not signed by the authority beside it");
    CHECK(identity_problem(forged, both, kGreen, kNow).has_value());
}

TEST_CASE("an authority is no identity, and one among several trusted is enough") {
    const PemIdentity authority = make_authority("demo", kDecade);
    const PemIdentity next = make_authority("demo", kDecade);
    CHECK(identity_problem(authority, authority.certificate, "demo", kNow).has_value());
    const PemIdentity edge = issue_certificate(next, subject(kEdge), kMonth);
    CHECK_FALSE(identity_problem(edge, authority.certificate + next.certificate, kEdge, kNow).has_value());
}

TEST_CASE("a key of another certificate, no key, and what is no PEM are told apart") {
    const PemIdentity authority = make_authority("demo", kDecade);
    const PemIdentity one = issue_certificate(authority, subject(kEdge), kMonth);
    const PemIdentity two = issue_certificate(authority, subject(kEdge), kMonth);
    CHECK(is_pair(one));
    const PemIdentity mixed{one.certificate, two.key};
    CHECK_FALSE(is_pair(mixed));
    CHECK(problem_of(mixed, authority, kEdge, kNow) == "does not belong to the private key beside it");
    const PemIdentity keyless{one.certificate, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"};
    CHECK(problem_of(keyless, authority, kEdge, kNow) == "has no private key in PEM, or one with a passphrase");
    const PemIdentity text{"hello", one.key};
    CHECK(problem_of(text, authority, kEdge, kNow) == "is no certificate in PEM");
    CHECK(identity_problem(one, "hello", kEdge, kNow) == "has no certificate of an authority beside it");
    CHECK(error_text([&] { (void)issue_certificate(mixed, subject(kGreen), kMonth); }) ==
          "ca.key: is not the key of ca.pem");
    CHECK(error_text([] { (void)certificate_term("hello", "a.pem"); }) == "a.pem: holds no certificate in PEM");
}

TEST_CASE("certificates carry name and addresses, and no two share a key or text") {
    const PemIdentity authority = make_authority("demo", kDecade);
    const std::vector<std::string> addresses{"10.0.0.7", "fe80::1", "edge-1.example.org"};
    std::set<std::string> keys;
    std::set<std::string> certificates;
    for (int i = 0; i < 20; ++i) {
        const PemIdentity made = issue_certificate(authority, subject("edge_1", addresses), kMonth);
        keys.insert(made.key);
        certificates.insert(made.certificate);
        CHECK(certificate_subject(made.certificate).name == "edge_1");
        CHECK(certificate_subject(made.certificate).addresses == addresses);
    }
    CHECK(keys.size() == 20);
    CHECK(certificates.size() == 20);
    CHECK(certificate_subject("hello").name.empty());
    const CertificateTerm term = certificate_term(*certificates.begin(), "cert.pem");
    CHECK(term.from == kMonth.from);
    CHECK(term.until == kMonth.until);
}

TEST_CASE("names and addresses that no certificate can hold are refused") {
    const PemIdentity authority = make_authority("demo", kDecade);
    for (const char* address : {"", "10.0.0.7:80", "a b", "*", "x,DNS:green", "email:me"}) {
        CAPTURE(address);
        const std::string said =
            error_text([&] { (void)issue_certificate(authority, subject(kEdge, {address}), kMonth); });
        CHECK(said.find("is no IP address and no host name") != std::string::npos);
    }
    for (const char* name : {"", "a b", "edge,DNS:green", "../edge"}) {
        CAPTURE(name);
        const std::string said = error_text([&] { (void)issue_certificate(authority, subject(name), kMonth); });
        CHECK(said.find("cannot be named in a certificate") != std::string::npos);
    }
    const std::string longest(200, 'n');
    CHECK(problem_of(issue_certificate(authority, subject(longest), kMonth), authority, longest, kNow) == "none");
}

}  // namespace carbonedge
