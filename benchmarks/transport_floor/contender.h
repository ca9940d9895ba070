#pragma once

#include "lib/transport/frame_stream.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace carbonedge {

/// One way to bring a message to another process and back. The other process is a child, started by make_*().
class Contender {
public:
    virtual ~Contender() = default;
    /// Half of each of `count` round trips of `bytes`, in nanoseconds.
    virtual std::vector<double> one_way_ns(std::size_t bytes, std::size_t count) = 0;
};

using ContenderPointer = std::unique_ptr<Contender>;

/// What a plain program would do: send() and recv() of the message alone.
ContenderPointer make_raw_unix();
ContenderPointer make_raw_tcp();
/// SSL_write() and SSL_read() of the message alone, OpenSSL as it comes.
ContenderPointer make_raw_tls(const TlsFiles& files);
/// One buffer of shared memory and a futex: copied in, copied out.
ContenderPointer make_raw_shm();
/// The library's own stream at such an address.
ContenderPointer make_stream(const std::string& address, const StreamOptions& options);
/// gRPC: an echo that does nothing else, and a node's ModelInfer of a stage that gives back its input.
ContenderPointer make_bare_grpc(const std::string& folder);
ContenderPointer make_infer_grpc(const std::string& folder);

/// A child process that runs `work`; killed with this object.
class ChildProcess {
public:
    explicit ChildProcess(const std::function<void()>& work);
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

private:
    int child_ = -1;
};

}  // namespace carbonedge
