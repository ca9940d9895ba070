#include "lib/transport/ucx_stream.h"

#include "lib/base/errors.h"
#include "lib/transport/clocks.h"
#include "lib/transport/connection_guard.h"
#include "lib/transport/tcp_socket.h"
#include "lib/transport/ucx_endpoint.h"
#include "lib/units/text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <ucp/api/ucp.h>
#include <algorithm>
#include <array>
#include <cstring>
#include <list>
#include <thread>

namespace carbonedge {
namespace {

constexpr const char* kRemedy = "see whether it still runs";
using Tag = UcxEndpoint::Tag;
/// Tensors up to here travel in one message with their head: a message costs more than a copy of so much.
constexpr std::size_t kAlongside = 4096;
/// Said by who has sent frames and closes; the peer confirms it with a receipt when it has taken them all.
constexpr std::array<char, 4> kGoodbye = {'C', 'E', 'U', '0'};
constexpr Nanoseconds kLongestGoodbye = std::chrono::seconds(1);

constexpr const char* kScheme = "ucx";

UcxScope scope_of(const StreamOptions& options) {
    return options.plain_text_across_hosts ? UcxScope::kAnywhere : UcxScope::kLoopback;
}

/// A frame is one message with prefix and head, and a message for each tensor; small tensors lie behind the head.
class UcxStream final : public FrameStream {
public:
    UcxStream(std::unique_ptr<UcxEndpoint> endpoint, std::string peer, Nanoseconds timeout,
              ConnectionGuard::Place place)
        : place_(std::move(place)),
          peer_(std::move(peer)),
          timeout_(timeout),
          first_(FramePrefix::kBytes + FramePrefix::kLongestHead + kAlongside),
          endpoint_(std::move(endpoint)) {}

    ~UcxStream() override {
        end_care();
        if (caretaker_.joinable()) caretaker_.join();
        if (sent_ && !gone()) say_goodbye();
        worker().resume();
        {
            const std::lock_guard lock(worker().mutex());
            endpoint_->cancel(coming_);
        }
        if (!spoilt_) worker().wait_until([this] { return !coming_.pending(); }, now_monotonic() + kLongestGoodbye);
        const std::lock_guard lock(worker().mutex());
        coming_.release();
    }
    UcxStream(const UcxStream&) = delete;
    UcxStream& operator=(const UcxStream&) = delete;

    void send(const FrameHead& head, const std::vector<TensorView>& tensors) override {
        std::string first = encode_frame_head(head);
        std::size_t total = 0;
        for (const TensorView& tensor : tensors) total += tensor.size;
        const bool alongside = total <= kAlongside;
        if (alongside) {
            for (const TensorView& tensor : tensors) {
                first.append(reinterpret_cast<const char*>(tensor.content), tensor.size);
            }
        }
        if (endpoint_->look_for_end() || gone())
            throw EnvironmentError(fmt::format("cannot send to {}: it is gone", peer_), kRemedy);
        const std::lock_guard sending(sending_);
        if (!sent_.exchange(true) && !received_.load()) {
            if (!endpoint_->here()) caretaker_ = std::jthread([this](const std::stop_token& stop) { take_care(stop); });
        }
        std::vector<UcxRequest> requests;
        requests.reserve(tensors.size() + 1);
        {
            const std::lock_guard lock(worker().mutex());
            requests.push_back(endpoint_->start_sending(first.data(), first.size(), Tag::kFrame));
            for (const TensorView& tensor : tensors) {
                if (!alongside && tensor.size > 0) {
                    requests.push_back(endpoint_->start_sending(tensor.content, tensor.size, Tag::kTensor));
                }
            }
        }
        const std::string problem = await_all(requests, "it does not read");
        if (!problem.empty()) throw EnvironmentError(fmt::format("cannot send to {}: {}", peer_, problem), kRemedy);
    }

    std::optional<ReceivedFrame> receive(BufferPool& pool, std::uint64_t longest_payload,
                                         const Refuse& refuse) override {
        if (!received_.exchange(true)) end_care();
        std::size_t size = 0;
        {
            std::unique_lock lock(worker().mutex());
            if (!coming_.started()) coming_ = endpoint_->start_receiving(first_.data(), first_.size(), Tag::kFrame);
            lock.unlock();
            // A peer that ends has said goodbye before; what it sent is taken first.
            worker().wait_until([this] { return !coming_.pending() || endpoint_->broken(); }, Nanoseconds(0));
            lock.lock();
            if (coming_.pending()) return std::nullopt;
            const int status = coming_.status();
            size = coming_.received();
            coming_.release();
            if (status == UCS_ERR_MESSAGE_TRUNCATED) malformed("what came is not a carbonedge frame");
            if (status != UCS_OK) return std::nullopt;
        }
        if (size == kGoodbye.size() && std::equal(kGoodbye.begin(), kGoodbye.end(), first_.begin())) {
            confirm_goodbye();
            return std::nullopt;
        }
        if (size < FramePrefix::kBytes) malformed("what came is not a carbonedge frame");
        std::array<unsigned char, FramePrefix::kBytes> raw_prefix{};
        std::memcpy(raw_prefix.data(), first_.data(), raw_prefix.size());
        const FramePrefix prefix = decode_frame_prefix(raw_prefix, longest_payload, peer_);
        const std::size_t head_end = raw_prefix.size() + prefix.head_bytes;
        const bool alongside = prefix.tensor_bytes <= kAlongside;
        if (size != head_end + (alongside ? prefix.tensor_bytes : 0)) {
            malformed("a frame's head is not as long as its prefix says");
        }
        ReceivedFrame frame;
        frame.head = decode_frame_head({first_.data() + raw_prefix.size(), prefix.head_bytes}, prefix, peer_);
        frame.refusal = refuse(frame.head);
        if (frame.refusal.empty()) {
            place_tensors(frame, pool);
            if (alongside) {
                const char* content = first_.data() + head_end;
                for (const TensorView& tensor : frame.tensors) {
                    if (tensor.size > 0) std::memcpy(const_cast<std::byte*>(tensor.content), content, tensor.size);
                    content += tensor.size;
                }
            }
        }
        if (!alongside) take_tensors(frame);
        frame.received = now_monotonic();
        return frame;
    }

    void shut_down() const override {
        endpoint_->worker().end();
        ::shutdown(endpoint_->socket(), SHUT_RDWR);  // the peer notices
    }
    [[nodiscard]] const std::string& peer() const override { return peer_; }

private:
    UcxWorker& worker() { return endpoint_->worker(); }
    [[nodiscard]] bool gone() const { return endpoint_->broken() || endpoint_->worker().ended(); }
    [[noreturn]] void malformed(const char* problem) const { throw InputError(peer_, 0, problem); }

    static void place_tensors(ReceivedFrame& frame, BufferPool& pool) {
        std::size_t needed = 0;
        for (const FrameHead::Tensor& tensor : frame.head.tensors) {
            needed = TensorBuffer::aligned(needed + static_cast<std::size_t>(tensor.bytes));
        }
        const std::shared_ptr<TensorBuffer> buffer = pool.take(needed);
        frame.owner = buffer;
        std::size_t used = 0;
        for (const FrameHead::Tensor& tensor : frame.head.tensors) {
            const auto size = static_cast<std::size_t>(tensor.bytes);
            frame.tensors.push_back({tensor.dtype, tensor.shape, buffer->bytes() + used, size});
            used = TensorBuffer::aligned(used + size);
        }
    }

    /// Each to its place; those of a refused frame to none, which passes over them without moving them.
    void take_tensors(const ReceivedFrame& frame) {
        const bool refused = !frame.refusal.empty();
        std::vector<UcxRequest> requests;
        std::vector<std::size_t> sizes;
        requests.reserve(frame.head.tensors.size());
        {
            const std::lock_guard lock(worker().mutex());
            for (std::size_t i = 0; i < frame.head.tensors.size(); ++i) {
                const auto size = static_cast<std::size_t>(frame.head.tensors[i].bytes);
                if (size == 0) continue;
                void* content = refused ? nullptr : const_cast<std::byte*>(frame.tensors[i].content);
                requests.push_back(endpoint_->start_receiving(content, refused ? 0 : size, Tag::kTensor));
                sizes.push_back(size);
            }
        }
        bool right = true;
        std::string problem = await_all(requests, "it fell silent in the middle of a frame", [&] {
            for (std::size_t i = 0; i < requests.size(); ++i) {
                const int status = requests[i].status();
                right = right && (refused ? status == UCS_ERR_MESSAGE_TRUNCATED
                                          : status == UCS_OK && requests[i].received() == sizes[i]);
            }
        });
        if (spoilt_) kept_.push_back(frame.owner);
        // Who gave up sending has closed the socket before anything else was written where the tensors lay.
        if (problem.empty() && endpoint_->look_for_end()) problem = "it is gone";
        if (!problem.empty()) throw EnvironmentError(fmt::format("cannot read from {}: {}", peer_, problem), kRemedy);
        if (!right) malformed("a tensor is not as long as its head says");
    }

    /// Waits for all; returns what went wrong, or "" after `look` (under the mutex). UCX does not touch their memory
    /// any more when this returns.
    std::string await_all(std::vector<UcxRequest>& requests, const char* stuck,
                          const std::function<void()>& look = nullptr) {
        const auto none_pending = [&] {
            return std::none_of(requests.begin(), requests.end(),
                                [](const UcxRequest& each) { return each.pending(); });
        };
        const bool in_time =
            worker().wait_until([&] { return none_pending() || endpoint_->broken(); }, now_monotonic() + timeout_);
        std::string problem;
        std::unique_lock lock(worker().mutex());
        if (!none_pending()) {
            problem = in_time || gone() ? "it is gone" : stuck;
            // What was handed over cannot always be called back.
            for (UcxRequest& request : requests) endpoint_->cancel(request);
            const bool was_ended = worker().ended();
            if (endpoint_->close()) {
                worker().resume();
                lock.unlock();
                worker().wait_until(none_pending, now_monotonic() + kLongestGoodbye);
                if (was_ended) worker().end();
                lock.lock();
            } else {
                spoilt_ = !none_pending();
                worker().end();
            }
        } else if (look) {
            look();
        } else {
            for (const UcxRequest& request : requests) {
                if (request.status() != UCS_OK)
                    problem = endpoint_->broken() ? "it is gone" : ucx_problem(request.status());
            }
        }
        requests.clear();
        return problem;
    }

    /// UCX may keep the last bytes of a message that the kernel had no room for, and hears of a peer's end only while
    /// somebody makes it move. Where nobody receives, this does, between one send and the next.
    void take_care(const std::stop_token& stop) {
        while (!stop.stop_requested() && !gone()) {
            bool may_sleep = false;
            {
                const std::lock_guard sending(sending_);
                may_sleep = worker().progress();
            }
            if (!may_sleep) continue;
            std::array<pollfd, 3> events{pollfd{worker().event(), POLLIN, 0}, pollfd{worker().ended_event(), POLLIN, 0},
                                         pollfd{care_ends_.number(), POLLIN, 0}};
            ::poll(events.data(), events.size(), -1);
        }
    }

    void end_care() {
        caretaker_.request_stop();
        ::eventfd_write(care_ends_.number(), 1);
    }

    void say_goodbye() {
        std::array<char, 4> receipt{};
        std::vector<UcxRequest> requests;
        {
            const std::lock_guard lock(worker().mutex());
            requests.push_back(endpoint_->start_sending(kGoodbye.data(), kGoodbye.size(), Tag::kFrame));
            requests.push_back(endpoint_->start_receiving(receipt.data(), receipt.size(), Tag::kReceipt));
        }
        timeout_ = kLongestGoodbye;
        await_all(requests, "");  // who does not answer in time is left
    }

    void confirm_goodbye() {
        std::vector<UcxRequest> requests;
        {
            const std::lock_guard lock(worker().mutex());
            requests.push_back(endpoint_->start_sending(kGoodbye.data(), kGoodbye.size(), Tag::kReceipt));
        }
        await_all(requests, "");  // a peer that does not wait for it is as good as one that does
    }

    ConnectionGuard::Place place_;
    std::string peer_;
    Nanoseconds timeout_;
    std::vector<char> first_;
    std::vector<std::shared_ptr<const void>> kept_;  ///< memory that UCX may still hold; goes after the endpoint
    std::unique_ptr<UcxEndpoint> endpoint_;
    UcxRequest coming_;
    std::atomic<bool> spoilt_{false};  ///< something could not be called back; nothing must move any more
    std::atomic<bool> sent_{false};
    std::atomic<bool> received_{false};
    std::mutex sending_;  ///< a send is under way
    Descriptor care_ends_{::eventfd(0, EFD_CLOEXEC)};
    std::jthread caretaker_;
};

/// A TCP listener: UCX's own would leave its shared memory aside.
class UcxListener final : public FrameListener {
public:
    UcxListener(const std::string& address, const StreamOptions& options)
        : options_(options),
          socket_(listening_tcp_socket(parse_host_port(address), reach_of(options), kScheme)),
          address_("ucx:" + host_port_text(bound_address(socket_))),
          guard_(options) {
        UcxWorker(scope_of(options));  // what is missing is said now
        ::fcntl(socket_.number(), F_SETFL, ::fcntl(socket_.number(), F_GETFL) | O_NONBLOCK);
    }

    /// The two ends agree on what carries them while both make progress, so those that come are met here, all at once.
    std::unique_ptr<FrameStream> accept() override {
        while (true) {
            bool may_sleep = true;
            for (auto guest = guests_.begin(); guest != guests_.end();) {
                may_sleep = guest->endpoint->worker().progress() && may_sleep;
                const Meeting meeting = meet(*guest);
                if (meeting == Meeting::kMet) {
                    auto stream = std::make_unique<UcxStream>(std::move(guest->endpoint), guest->from.host,
                                                              options_.send_timeout, std::move(guest->place));
                    guests_.erase(guest);
                    return stream;
                }
                guest = meeting == Meeting::kFailed ? guests_.erase(guest) : std::next(guest);
            }
            if (!somebody_comes(may_sleep)) continue;
            std::optional<ConnectionGuard::Accepted> accepted = guard_.accept(socket_);
            if (!accepted) return nullptr;
            if (accepted->socket.open()) welcome(std::move(*accepted));
        }
    }
    void shut_down() const override { ::shutdown(socket_.number(), SHUT_RDWR); }
    [[nodiscard]] const std::string& address() const override { return address_; }

private:
    using Meeting = UcxEndpoint::Meeting;
    struct Guest {
        HostPort from;
        std::unique_ptr<UcxEndpoint> endpoint;
        ConnectionGuard::Place place;
        Nanoseconds deadline{0};
    };

    void refuse(const HostPort& from, const std::string& problem) {
        guard_.refuse(fmt::format("a connection from {} was refused: {}", from.host, problem));
    }

    void welcome(ConnectionGuard::Accepted accepted) {
        tune_tcp_socket(accepted.socket, options_);
        const HostPort from = peer_address(accepted.socket);
        try {
            guests_.push_back({from, std::make_unique<UcxEndpoint>(scope_of(options_), std::move(accepted.socket)),
                               std::move(accepted.place), now_monotonic() + options_.connect_timeout});
        } catch (const EnvironmentError& error) {
            refuse(from, error.what());
        }
    }

    Meeting meet(Guest& guest) {
        const std::lock_guard lock(guest.endpoint->worker().mutex());
        Meeting meeting = guest.endpoint->meeting();
        if (meeting == Meeting::kUnderWay && guest.endpoint->look_for_end()) meeting = guest.endpoint->meeting();
        if (meeting == Meeting::kFailed) refuse(guest.from, guest.endpoint->problem());
        if (meeting == Meeting::kUnderWay && now_monotonic() >= guest.deadline) {
            refuse(guest.from, "its handshake took too long");
            meeting = Meeting::kFailed;
        }
        return meeting;
    }

    /// Waits until there is something to do; whether it is at the door.
    bool somebody_comes(bool may_sleep) {
        std::vector<pollfd> events{{socket_.number(), POLLIN, 0}};
        Nanoseconds first{0};
        for (const Guest& guest : guests_) {
            events.push_back({guest.endpoint->worker().event(), POLLIN, 0});
            events.push_back({guest.endpoint->socket(), static_cast<short>(POLLIN | POLLRDHUP), 0});
            if (first == Nanoseconds(0) || guest.deadline < first) first = guest.deadline;
        }
        int left = may_sleep ? -1 : 0;
        if (may_sleep && first > Nanoseconds(0)) {
            const auto ms = std::chrono::ceil<std::chrono::milliseconds>(first - now_monotonic()).count();
            left = static_cast<int>(std::clamp<std::int64_t>(ms, 0, 1'000'000));
        }
        return ::poll(events.data(), events.size(), left) > 0 && events[0].revents != 0;
    }

    StreamOptions options_;
    Descriptor socket_;
    std::string address_;
    ConnectionGuard guard_;
    std::list<Guest> guests_;
};

}  // namespace

std::unique_ptr<FrameStream> connect_ucx(const std::string& address, const std::string& peer,
                                         const StreamOptions& options) {
    const HostPort where = parse_host_port(address);
    const Nanoseconds deadline = now_monotonic() + options.connect_timeout;
    auto endpoint = std::make_unique<UcxEndpoint>(scope_of(options),
                                                  connect_tcp_socket(where, reach_of(options), peer, options, kScheme));
    UcxEndpoint::Meeting meeting = UcxEndpoint::Meeting::kUnderWay;
    endpoint->worker().wait_until(
        [&] {
            meeting = endpoint->meeting();
            return meeting != UcxEndpoint::Meeting::kUnderWay;
        },
        deadline);
    const auto fail = [&](const std::string& problem) {
        throw EnvironmentError(fmt::format("cannot reach {} at {}: {}", peer, host_port_text(where), problem),
                               "see whether it runs with ucx:, and whether both ends have a network in common");
    };
    if (meeting == UcxEndpoint::Meeting::kUnderWay) fail("no answer within " + exact_duration(options.connect_timeout));
    if (meeting == UcxEndpoint::Meeting::kFailed) fail(endpoint->problem());
    return std::make_unique<UcxStream>(std::move(endpoint), peer, options.send_timeout, nullptr);
}

std::unique_ptr<FrameListener> listen_ucx(const std::string& address, const StreamOptions& options) {
    return std::make_unique<UcxListener>(address, options);
}

}  // namespace carbonedge
