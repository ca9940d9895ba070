#pragma once

#include "lib/base/errors.h"
#include "tools/run/certificates_options.h"

#include <iosfwd>

namespace carbonedge {

/// Makes or rotates the certificates of a cluster and lists them.
ExitStatus certificates_command(const CertificatesOptions& options, std::istream& in, std::ostream& out,
                                std::ostream& err);

}  // namespace carbonedge
