#include "lib/base/errors.h"
#include "lib/transport/ucx_stream.h"

namespace carbonedge {
namespace {

[[noreturn]] void refuse() {
    throw EnvironmentError("this carbonedge was built without UCX",
                           "install libucx-dev and build again, or use tls:, tcp: or shm:");
}

}  // namespace

std::unique_ptr<FrameStream> connect_ucx(const std::string& /*address*/, const std::string& /*peer*/,
                                         const StreamOptions& /*options*/) {
    refuse();
}

std::unique_ptr<FrameListener> listen_ucx(const std::string& /*address*/, const StreamOptions& /*options*/) {
    refuse();
}

}  // namespace carbonedge
