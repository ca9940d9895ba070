#pragma once

#include "lib/transport/certificate_authority.h"
#include "lib/transport/tls_files.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// The files of `name` in a directory that `carbonedge run certificates` filled: DIR/NAME/ca.pem, cert.pem, key.pem.
TlsFiles tls_files(const std::string& directory, const std::string& name);

/// What write_certificates() is to make.
struct CertificateRequest {
    std::string cluster;                       ///< named in the authority's certificate
    std::vector<CertificateSubject> subjects;  ///< the nodes and the gateway
    std::chrono::seconds valid{std::chrono::days(90)};
    std::chrono::seconds authority_valid{std::chrono::days(3650)};
    bool rotate = false;     ///< under the authority that is there; addresses that it does not give stay
    bool overwrite = false;  ///< a new authority in place of one that is there
};

struct CertificatesWritten {
    std::chrono::sys_seconds until;
    std::chrono::sys_seconds authority_until;
};

/// Makes `directory` (mode 0700) with `ca.pem`, `ca.key` and a folder of TlsFiles for each subject; keys have mode
/// 0600. Certificates hold from 5 minutes before `now`, for clocks that differ. All are made before the first is
/// written, each file replaces the old one in one step. Throws EnvironmentError (there is an authority already and
/// neither `rotate` nor `overwrite`; others may enter the directory; it cannot be written), InputError, UsageError
/// (names that a certificate would not tell apart, an address that is another's name).
CertificatesWritten write_certificates(const std::string& directory, const CertificateRequest& request,
                                       std::chrono::sys_seconds now);

/// An identity as it was read.
struct Identity {
    PemIdentity own;
    std::string authorities;
    std::chrono::sys_seconds until;
};

/// Reads and checks what `name` needs: key and certificate belong together (also while a rotation replaces them), are
/// signed by the authority, hold at `now` and name `name` ("": anybody); a key of this user's is closed to others.
/// Throws InputError naming the file, EnvironmentError with the remedy where the certificate has expired.
Identity read_identity(const TlsFiles& files, const std::string& name, std::chrono::sys_seconds now);

/// Where it ends within seven days: "the certificate of edge expires at ..., in 3 days; ...". Nothing before.
std::optional<std::string> expiry_warning(const std::string& name, std::chrono::sys_seconds until,
                                          std::chrono::sys_seconds now);

}  // namespace carbonedge
