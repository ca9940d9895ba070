#pragma once

#include <string>

namespace carbonedge {

/// Who this end is and whom it believes, as paths of PEM files.
struct TlsFiles {
    std::string authority;    ///< certificates that sign every peer's
    std::string certificate;  ///< this end's, and what leads from it to the authority
    std::string key;          ///< of `certificate`
};

}  // namespace carbonedge
