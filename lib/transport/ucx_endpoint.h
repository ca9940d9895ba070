#pragma once

#include "lib/transport/descriptor.h"
#include "lib/transport/ucx_worker.h"

#include <array>
#include <cstddef>
#include <string>

struct ucp_ep;

namespace carbonedge {

/// Something that UCX has been asked to do.
class UcxRequest {
public:
    UcxRequest() = default;
    ~UcxRequest() { release(); }
    UcxRequest(const UcxRequest&) = delete;
    UcxRequest& operator=(const UcxRequest&) = delete;
    UcxRequest(UcxRequest&& other) noexcept;
    UcxRequest& operator=(UcxRequest&& other) noexcept;

    [[nodiscard]] bool started() const { return started_; }
    /// UCX still holds its memory. As all that follows: under the worker's mutex.
    [[nodiscard]] bool pending() const;
    /// 0 where it was done; UCX's status else.
    [[nodiscard]] int status() const;
    /// How much a receive brought.
    [[nodiscard]] std::size_t received() const;
    void release();

private:
    friend class UcxEndpoint;
    void set(void* handle);

    void* handle_ = nullptr;  ///< null, or UCX's request, or a status made into a pointer
    bool started_ = false;
};

/// One end of a UCX connection with a worker of its own, and its messages: each has a tag, messages of one tag come in
/// the order in which they were sent, and each fills the memory that has been offered for it. Two ends that have met
/// have said hello to each other, so that both are carbonedge's and both are there.
class UcxEndpoint {
public:
    enum class Tag : std::uint64_t { kHello = 1, kFrame = 2, kTensor = 3, kReceipt = 4, kReady = 5 };

    /// Over what both ends of a connected TCP socket have in common; the socket tells of the other's end. Throws
    /// EnvironmentError.
    UcxEndpoint(UcxScope scope, Descriptor socket);
    /// Ends all that is under way.
    ~UcxEndpoint();
    UcxEndpoint(const UcxEndpoint&) = delete;
    UcxEndpoint& operator=(const UcxEndpoint&) = delete;

    [[nodiscard]] UcxWorker& worker() { return worker_; }

    enum class Meeting { kUnderWay, kMet, kFailed };
    /// Under the worker's mutex.
    [[nodiscard]] Meeting meeting();
    /// Why meeting failed.
    [[nodiscard]] const std::string& problem() const { return problem_; }

    /// Under the worker's mutex. The memory must stay until the request is not pending any more.
    UcxRequest start_sending(const void* bytes, std::size_t size, Tag tag);
    UcxRequest start_receiving(void* bytes, std::size_t size, Tag tag);
    /// What was handed over has left this process's queues.
    UcxRequest start_flushing();
    void cancel(UcxRequest& request);

    /// The connection has broken, or the peer has ended it, as far as anybody has looked.
    [[nodiscard]] bool broken() const { return broken_.load() || worker_.hung_up(); }
    /// Looks now.
    bool look_for_end() { return worker_.look_for_end() || broken(); }
    /// By force, once; the peer notices. False where UCX may still hold the memory of what is pending: nothing must be
    /// waited for any more, and that memory must outlive the endpoint.
    bool close();
    /// Whether both ends are on one host: UCX's shared memory carries it.
    [[nodiscard]] bool here() const { return here_; }
    [[nodiscard]] int socket() const { return socket_.number(); }

private:
    struct Greeting {
        std::array<char, 4> word{};
        UcxRequest sent;
        UcxRequest came;
    };
    void introduce();
    /// False while the peer has not said where it is; throws nothing, sets `problem_`.
    bool connect();
    /// Both have said it; `problem_` is set where the peer said something else.
    bool greeted(Greeting& greeting);

    Descriptor socket_;
    bool here_;  ///< between processes of one host
    UcxWorker worker_;
    std::string introduction_;  ///< of the peer, as far as it has come
    ucp_ep* endpoint_ = nullptr;
    std::atomic<bool> broken_{false};
    bool closed_ = false;
    UcxRequest closing_;
    Greeting hello_;
    /// Said by who needs the other no more to be connected: UCX connects what it uses besides while both wait.
    Greeting ready_;
    UcxRequest flushing_;
    std::string problem_;
};

}  // namespace carbonedge
