#pragma once

#include "tools/cli/option_values.h"

#include <chrono>
#include <iosfwd>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// The command line of `carbonedge-run certificates`.
struct CertificatesOptions {
    StandardOptions standard;
    std::string directory;
    std::string cluster;  ///< path; one of `cluster` and `plan` is given
    std::string plan;
    std::map<std::string, std::vector<std::string>> addresses;  ///< of nodes and of the gateway
    std::vector<std::string> clients;                           ///< of a service, by the names that they shall have
    std::chrono::seconds valid{0};
    std::chrono::seconds authority_valid{0};
    bool rotate = false;
};

/// False: help or version was printed. Throws UsageError.
bool parse_certificates_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                                std::ostream& err, CertificatesOptions& options);

}  // namespace carbonedge
