#pragma once

#include "lib/carbon/intensity_fetch.h"

#include <string>

namespace carbonedge {

/// Where the secret of a service is: --token-file or --token-variable, "" for neither. Free of CLI11.
struct SecretOptions {
    std::string file;      ///< path
    std::string variable;  ///< name of an environment variable
};

/// Throws UsageError (both are given, the variable is not set), and what read_secret_file() throws.
ServiceSecret secret_of(const SecretOptions& options);

}  // namespace carbonedge
