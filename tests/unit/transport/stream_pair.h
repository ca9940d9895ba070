#pragma once

#include "lib/transport/clocks.h"
#include "lib/transport/frame_stream.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_certificates.h"

#include <condition_variable>
#include <future>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace carbonedge {

/// Every way that frames travel between processes, by the start of its addresses.
inline const std::vector<std::string>& stream_kinds() {
#ifdef CARBONEDGE_WITHOUT_UCX
    static const std::vector<std::string> kinds{"unix", "shm", "tcp", "tls"};
#else
    static const std::vector<std::string> kinds{"unix", "shm", "tcp", "tls", "ucx"};
#endif
    return kinds;
}

/// Both ends of a stream of one kind, in this process.
class StreamPair {
public:
    explicit StreamPair(const std::string& kind, StreamOptions options = {}) : options_(std::move(options)) {
        if (kind == "tls") options_.tls = authority_.issue("IP:127.0.0.1");
        const std::string where = kind == "unix" || kind == "shm" ? folder_.file("s") : "127.0.0.1:0";
        listener_ = listen_for_frames(kind + ":" + where, options_);
        auto accepted = std::async(std::launch::async, [this] { return listener_->accept(); });
        sender_ = connect_frames(listener_->address(), "receiver", options_);
        receiver_ = accepted.get();
    }

    FrameStream& sender() { return *sender_; }
    FrameStream& receiver() { return *receiver_; }
    FrameListener& listener() { return *listener_; }
    void close_sender() { sender_.reset(); }
    void close_receiver() { receiver_.reset(); }

    static constexpr std::uint64_t kLongest = 20'000'000;
    std::optional<ReceivedFrame> receive(FrameStream& stream) {
        return stream.receive(*pool_, kLongest, [](const FrameHead&) { return std::string(); });
    }
    std::optional<ReceivedFrame> receive() { return receive(*receiver_); }

    BufferPool& pool() { return *pool_; }

private:
    TemporaryFolder folder_;
    TestAuthority authority_;
    StreamOptions options_;
    std::shared_ptr<BufferPool> pool_ = BufferPool::create();
    std::unique_ptr<FrameListener> listener_;
    std::unique_ptr<FrameStream> sender_;
    std::unique_ptr<FrameStream> receiver_;
};

inline HostTensor pattern_tensor(std::int64_t size, std::uint64_t seed = 1) {
    InputSpec spec;
    spec.dtype = DType::kUInt8;
    spec.shape = {size};
    spec.high = 256;
    return random_tensor(spec, seed + static_cast<std::uint64_t>(size));
}

inline FrameHead head_of(std::int64_t request, const std::vector<HostTensor>& tensors) {
    FrameHead head;
    head.request = request;
    head.handed_over = now_monotonic();
    for (const HostTensor& tensor : tensors) {
        head.tensors.push_back({tensor.dtype, tensor.shape, static_cast<std::int64_t>(tensor.content.size())});
    }
    return head;
}

}  // namespace carbonedge
