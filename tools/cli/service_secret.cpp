#include "tools/cli/service_secret.h"

#include "lib/base/errors.h"

#include <fmt/format.h>
#include <cstdlib>

namespace carbonedge {

ServiceSecret secret_of(const SecretOptions& options) {
    if (!options.file.empty() && !options.variable.empty()) {
        throw UsageError("give --token-file or --token-variable, not both");
    }
    if (!options.file.empty()) return read_secret_file(options.file);
    if (options.variable.empty()) return {};
    const char* value = std::getenv(options.variable.c_str());
    if (value == nullptr || *value == '\0') {
        throw UsageError(fmt::format("--token-variable: {} is not set in the environment", options.variable));
    }
    return secret_from_variable(value, options.variable);
}

}  // namespace carbonedge
