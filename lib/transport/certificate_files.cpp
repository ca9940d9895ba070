#include "lib/transport/certificate_files.h"

#include "lib/base/atomic_file.h"
#include "lib/base/errors.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <sstream>
#include <thread>

namespace carbonedge {
namespace {

constexpr std::chrono::minutes kClockDifference{5};
constexpr std::chrono::days kWarnedBefore{7};
/// Far more than any chain of ours; what is longer is no such file.
constexpr std::int64_t kLongestPem = 1024 * 1024;
/// A rotation replaces key and certificate within microseconds, or, on a machine with much else to do, within a while.
constexpr int kReadsOfPair = 25;
constexpr std::chrono::milliseconds kBetweenReads{20};

struct stat status_of(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0)
        throw InputError(
            path, 0, fmt::format("cannot be read: {}; `carbonedge run certificates` makes it", std::strerror(errno)));
    return status;
}

std::string read_pem(const std::string& path) {
    const struct stat status = status_of(path);
    if (S_ISREG(status.st_mode) && status.st_size > kLongestPem)
        throw InputError(path, 0, fmt::format("has {} bytes; a PEM file of certificates was expected", status.st_size));
    std::istringstream none;
    return read_input(path, none);
}

std::string in_lower_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

/// Names in certificates know no upper and lower case.
void require_distinct(const std::vector<CertificateSubject>& subjects) {
    std::map<std::string, std::string> names;
    for (const CertificateSubject& subject : subjects) {
        const auto [other, fresh] = names.emplace(in_lower_case(subject.name), subject.name);
        if (!fresh)
            throw UsageError(fmt::format("a certificate would not tell '{}' from '{}'; rename one of these nodes",
                                         subject.name, other->second));
    }
    for (const CertificateSubject& subject : subjects) {
        for (const std::string& address : subject.addresses) {
            const auto other = names.find(in_lower_case(address));
            if (other == names.end() || other->second == subject.name) continue;
            throw UsageError(fmt::format("the address '{}' of {} is the name of another node, which it could pass for",
                                         address, subject.name));
        }
    }
}

void make_folder(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) == 0) return;
    if (errno != EEXIST)
        throw EnvironmentError(fmt::format("cannot make {}: {}", path, std::strerror(errno)),
                               "make the folder that it is to be in");
    const struct stat status = status_of(path);
    if (!S_ISDIR(status.st_mode)) throw EnvironmentError(fmt::format("{} is no folder", path), "name another");
    if ((status.st_mode & 0077U) != 0)
        throw EnvironmentError(fmt::format("others may enter {}, which is to hold private keys", path),
                               fmt::format("chmod 700 {}, or name another", path));
}

PemIdentity authority_for(const std::string& directory, const CertificateRequest& request,
                          std::chrono::sys_seconds now) {
    const std::string certificate = directory + "/ca.pem";
    const std::string key = directory + "/ca.key";
    if (!request.rotate) {
        struct stat ignored {};
        if (!request.overwrite && ::stat(certificate.c_str(), &ignored) == 0)
            throw EnvironmentError(fmt::format("{} already exists", certificate),
                                   "--rotate issues new certificates under it, --overwrite makes a new authority");
        return make_authority(request.cluster, {now - kClockDifference, now + request.authority_valid});
    }
    PemIdentity authority{read_pem(certificate), read_pem(key)};
    if (!is_pair(authority)) throw InputError(key, 0, "is not the private key of the first certificate in ca.pem");
    return authority;
}

/// What a rotation does not say anew.
std::vector<std::string> present_addresses(const std::string& directory, const std::string& name) {
    struct stat ignored {};
    const std::string path = tls_files(directory, name).certificate;
    if (::stat(path.c_str(), &ignored) != 0) return {};
    return certificate_subject(read_pem(path)).addresses;
}

}  // namespace

TlsFiles tls_files(const std::string& directory, const std::string& name) {
    const std::string folder = directory + "/" + name;
    return {folder + "/ca.pem", folder + "/cert.pem", folder + "/key.pem"};
}

CertificatesWritten write_certificates(const std::string& directory, const CertificateRequest& request,
                                       std::chrono::sys_seconds now) {
    CertificatesWritten written;
    written.until = now + request.valid;
    const PemIdentity authority = authority_for(directory, request, now);
    written.authority_until = certificate_term(authority.certificate, directory + "/ca.pem").until;
    std::vector<CertificateSubject> subjects = request.subjects;
    for (CertificateSubject& subject : subjects) {
        if (request.rotate && subject.addresses.empty()) subject.addresses = present_addresses(directory, subject.name);
    }
    require_distinct(subjects);
    std::vector<PemIdentity> issued;
    for (const CertificateSubject& subject : subjects)
        issued.push_back(issue_certificate(authority, subject, {now - kClockDifference, written.until}));

    make_folder(directory);
    for (const CertificateSubject& subject : subjects) make_folder(directory + "/" + subject.name);
    std::ostringstream none;
    if (!request.rotate) {
        write_private_file(directory + "/ca.key", request.overwrite, authority.key);
        write_output(directory + "/ca.pem", request.overwrite, authority.certificate, none);
    }
    for (std::size_t i = 0; i < subjects.size(); ++i) {
        const TlsFiles files = tls_files(directory, subjects[i].name);
        const bool replace = request.rotate || request.overwrite;
        write_output(files.authority, replace, authority.certificate, none);
        write_private_file(files.key, replace, issued[i].key);
        write_output(files.certificate, replace, issued[i].certificate, none);
    }
    return written;
}

Identity read_identity(const TlsFiles& files, const std::string& name, std::chrono::sys_seconds now) {
    Identity identity;
    identity.authorities = read_pem(files.authority);
    // Whoever else owns it has decided who may read it: in containers, keys come as files of another user.
    const struct stat key = status_of(files.key);
    if (key.st_uid == ::geteuid() && (key.st_mode & 0007U) != 0)
        throw InputError(files.key, 0, "can be opened by every user; chmod 600 it");
    for (int reads = 0; reads < kReadsOfPair; ++reads) {
        if (reads > 0) std::this_thread::sleep_for(kBetweenReads);
        identity.own = {read_pem(files.certificate), read_pem(files.key)};
        if (is_pair(identity.own)) break;
    }
    if (const auto problem = identity_problem(identity.own, identity.authorities, name, now)) {
        if (problem->find("expired") != std::string::npos)
            throw EnvironmentError(fmt::format("{}: the certificate {}", files.certificate, *problem),
                                   "`carbonedge run certificates DIR --rotate` issues a new one");
        throw InputError(files.certificate, 0, "the certificate " + *problem);
    }
    identity.until = certificate_term(identity.own.certificate, files.certificate).until;
    return identity;
}

std::optional<std::string> expiry_warning(const std::string& name, std::chrono::sys_seconds until,
                                          std::chrono::sys_seconds now) {
    if (until - now >= kWarnedBefore) return std::nullopt;
    const auto days = std::chrono::floor<std::chrono::days>(until - now).count();
    return fmt::format(
        "the certificate of {} expires at {}, in {}; `carbonedge run certificates DIR --rotate` issues a new one", name,
        moment_text(until), days < 1 ? "less than a day" : fmt::format("{} day{}", days, days == 1 ? "" : "s"));
}

}  // namespace carbonedge
