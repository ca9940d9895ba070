#include "lib/transport/frame_stream.h"

#include "lib/base/errors.h"
#include "lib/transport/unix_stream.h"

namespace carbonedge {
namespace {

constexpr std::string_view kUnix = "unix:";

[[noreturn]] void refuse_address(const std::string& address) {
    throw UsageError("'" + address + "' is no address for tensors; they look like unix:/path");
}

}  // namespace

std::unique_ptr<FrameStream> connect_frames(const std::string& address, const std::string& peer,
                                            const StreamOptions& options) {
    if (address.starts_with(kUnix)) return connect_unix(address.substr(kUnix.size()), peer, options);
    refuse_address(address);
}

std::unique_ptr<FrameListener> listen_for_frames(const std::string& address, const StreamOptions& options) {
    if (address.starts_with(kUnix)) return listen_unix(address.substr(kUnix.size()), options);
    refuse_address(address);
}

}  // namespace carbonedge
