#pragma once

#include "lib/base/errors.h"

#include <string>

namespace carbonedge {

/// The one line of the InputError or UsageError that `body` throws, or "nothing was thrown".
template <class Body>
std::string error_text(const Body& body) {
    try {
        body();
    } catch (const InputError& error) {
        return error.what();
    } catch (const UsageError& error) {
        return error.what();
    }
    return "nothing was thrown";
}

}  // namespace carbonedge
