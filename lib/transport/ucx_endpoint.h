#pragma once

#include "lib/transport/ucx_worker.h"

#include <sys/socket.h>
#include <array>
#include <cstddef>
#include <string>

struct ucp_ep;
struct ucp_ep_params;
struct ucp_conn_request;

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

    /// To a listener. Throws EnvironmentError.
    UcxEndpoint(UcxScope scope, const sockaddr_storage& listener, socklen_t size);
    /// From a peer whose request a listener got; the request is used up.
    UcxEndpoint(UcxScope scope, ucp_conn_request* request);
    /// Ends all that is under way by force.
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

    /// The connection has broken, or the peer has ended it.
    [[nodiscard]] bool broken() const { return broken_.load(); }
    /// By force, once. All that is pending ends with it.
    void close();

private:
    struct Greeting {
        std::array<char, 4> word{};
        UcxRequest sent;
        UcxRequest came;
    };
    void create(ucp_ep_params& params);
    /// Both have said it; `problem_` is set where the peer said something else.
    bool greeted(Greeting& greeting);

    UcxWorker worker_;
    ucp_ep* endpoint_ = nullptr;
    std::atomic<bool> broken_{false};
    int broken_status_ = 0;
    bool closed_ = false;
    UcxRequest closing_;
    Greeting hello_;
    /// Said by who needs the other no more to be connected: UCX connects what it uses besides while both wait.
    Greeting ready_;
    UcxRequest flushing_;
    std::string problem_;
};

}  // namespace carbonedge
