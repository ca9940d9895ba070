// Certificates and keys: any bytes are refused with a reason, or belong together.
#include "lib/base/errors.h"
#include "lib/transport/certificate_authority.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    const std::string text(reinterpret_cast<const char*>(bytes), size);
    const PemIdentity identity{text, text};
    const CertificateSubject subject = certificate_subject(text);
    const std::chrono::sys_seconds moment = std::chrono::sys_days(std::chrono::year(2030) / 1 / 1);
    const bool good = !identity_problem(identity, text, subject.name, moment).has_value();
    if (good && (!is_pair(identity) || subject.name.empty())) std::abort();
    try {
        (void)moment_text(certificate_term(text, "cert.pem").until);
    } catch (const InputError&) {
        if (good) std::abort();
    }
    return 0;
}
