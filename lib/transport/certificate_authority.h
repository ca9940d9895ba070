#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// A certificate and its private key, each as PEM.
struct PemIdentity {
    std::string certificate;
    std::string key;
};

/// From when until when a certificate holds.
struct CertificateTerm {
    std::chrono::sys_seconds from;
    std::chrono::sys_seconds until;
};

/// Whom a certificate names: one node, or the gateway.
struct CertificateSubject {
    std::string name;                    ///< letters, digits, - and _, as a cluster names its nodes
    std::vector<std::string> addresses;  ///< IP addresses or host names under which other clients reach it
};

/// A new authority with an ECDSA key on P-256: signs certificates of nodes, and nothing below those (RFC 5280 path
/// length 0). Throws EnvironmentError where OpenSSL cannot.
PemIdentity make_authority(const std::string& cluster, const CertificateTerm& term);

/// A new key and the certificate for it, signed by `authority`: names the subject as a DNS name and each address, for
/// servers and clients alike. Throws UsageError where an address is none, or `term` outlives the authority;
/// InputError where the authority cannot be used; EnvironmentError where OpenSSL cannot.
PemIdentity issue_certificate(const PemIdentity& authority, const CertificateSubject& subject,
                              const CertificateTerm& term);

/// The term of the first certificate in a PEM text. Throws InputError naming `file`.
CertificateTerm certificate_term(std::string_view certificate, const std::string& file);

/// Whether a certificate and a private key belong together; false also where either cannot be read.
bool is_pair(const PemIdentity& identity);

/// Why an identity cannot be used as `name` at `moment` by those who trust `authorities` (one or more certificates):
/// "expired at 2027-02-19T10:00:00Z", "is not signed by the authority beside it", "is made for 'edge', not for
/// 'green'". Nothing where it can.
std::optional<std::string> identity_problem(const PemIdentity& identity, std::string_view authorities,
                                            const std::string& name, std::chrono::sys_seconds moment);

/// Whom the first certificate of a PEM text names; no name where it cannot be read.
CertificateSubject certificate_subject(std::string_view certificate);

/// "2027-02-19T10:00:00Z".
std::string moment_text(std::chrono::sys_seconds moment);

}  // namespace carbonedge
