#include "lib/transport/frame_stream.h"

#include "lib/base/errors.h"
#include "lib/transport/shm_stream.h"
#include "lib/transport/tcp_stream.h"
#include "lib/transport/tls_stream.h"
#include "lib/transport/ucx_stream.h"
#include "lib/transport/unix_stream.h"

namespace carbonedge {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr std::string_view kShm = "shm:";
constexpr std::string_view kTcp = "tcp:";
constexpr std::string_view kTls = "tls:";
constexpr std::string_view kUcx = "ucx:";

[[noreturn]] void refuse_address(const std::string& address) {
    throw UsageError(
        "'" + address +
        "' is no address for tensors; they look like unix:/path, shm:/path, tcp:127.0.0.1:4000, tls:node-a:4000 or "
        "ucx:127.0.0.1:4000");
}

}  // namespace

std::unique_ptr<FrameStream> connect_frames(const std::string& address, const std::string& peer,
                                            const StreamOptions& options) {
    if (address.starts_with(kUnix)) return connect_unix(address.substr(kUnix.size()), peer, options);
    if (address.starts_with(kShm)) return connect_shm(address.substr(kShm.size()), peer, options);
    if (address.starts_with(kTcp)) return connect_tcp(address.substr(kTcp.size()), peer, options);
    if (address.starts_with(kTls)) return connect_tls(address.substr(kTls.size()), peer, options);
    if (address.starts_with(kUcx)) return connect_ucx(address.substr(kUcx.size()), peer, options);
    refuse_address(address);
}

std::unique_ptr<FrameListener> listen_for_frames(const std::string& address, const StreamOptions& options) {
    if (address.starts_with(kUnix)) return listen_unix(address.substr(kUnix.size()), options);
    if (address.starts_with(kShm)) return listen_shm(address.substr(kShm.size()), options);
    if (address.starts_with(kTcp)) return listen_tcp(address.substr(kTcp.size()), options);
    if (address.starts_with(kTls)) return listen_tls(address.substr(kTls.size()), options);
    if (address.starts_with(kUcx)) return listen_ucx(address.substr(kUcx.size()), options);
    refuse_address(address);
}

}  // namespace carbonedge
