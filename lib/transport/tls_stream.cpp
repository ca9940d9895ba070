#include "lib/transport/tls_stream.h"

#include "lib/base/errors.h"
#include "lib/transport/clocks.h"
#include "lib/transport/socket_stream.h"
#include "lib/transport/tcp_socket.h"
#include "lib/transport/tls_session.h"
#include "lib/units/text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <list>
#include <mutex>

namespace carbonedge {
namespace {

/// Encrypted and handed to the kernel at a time: the peer decrypts one part while the next is encrypted.
constexpr std::size_t kPart = 64 * 1024;
/// What a listener says first: in TLS 1.3 a connector believes that all is well before the listener has looked at its
/// certificate.
constexpr std::array<char, 4> kWelcome = {'C', 'E', 'W', '1'};
/// Handshakes under way at a time; whoever comes later waits in the kernel's queue.
constexpr std::size_t kMostGreeted = 64;

/// Whether the socket became readable (or broke) in time.
bool wait_readable(const Descriptor& socket, Nanoseconds deadline) {
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now_monotonic()).count();
        if (left <= 0) return false;
        pollfd readable{socket.number(), POLLIN, 0};
        const int ready = ::poll(&readable, 1, static_cast<int>(std::min<std::int64_t>(left, 1'000'000)));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return true;  // reading says what it is
    }
}

class TlsStream final : public FrameStream, ByteSource {
public:
    TlsStream(Descriptor socket, std::unique_ptr<TlsSession> session, std::string peer, Nanoseconds timeout,
              ConnectionGuard::Place place)
        : socket_(std::move(socket)),
          session_(std::move(session)),
          peer_(std::move(peer)),
          timeout_(timeout),
          place_(std::move(place)) {}

    void send(const FrameHead& head, const std::vector<TensorView>& tensors) override {
        std::string first = encode_frame_head(head);
        std::size_t total = first.size();
        for (const TensorView& tensor : tensors) total += tensor.size;
        if (total <= kTlsRecord) {
            // A record costs more than the copy that saves one.
            for (const TensorView& tensor : tensors) {
                first.append(reinterpret_cast<const char*>(tensor.content), tensor.size);
            }
            send_part(first.data(), first.size(), true);
            return;
        }
        send_part(first.data(), first.size(), false);
        for (const TensorView& tensor : tensors) {
            for (std::size_t done = 0; done < tensor.size; done += kPart) {
                send_part(tensor.content + done, std::min(kPart, tensor.size - done), true);
            }
        }
    }

    std::optional<ReceivedFrame> receive(BufferPool& pool, std::uint64_t longest_payload,
                                         const Refuse& refuse) override {
        return read_frame(*this, peer_, pool, longest_payload, refuse);
    }

    void shut_down() const override { ::shutdown(socket_.number(), SHUT_RDWR); }
    [[nodiscard]] const std::string& peer() const override { return peer_; }

private:
    void send_part(const void* bytes, std::size_t size, bool flush) {
        {
            const std::lock_guard lock(mutex_);
            session_->encrypt(bytes, size);
            if (!flush) return;
            std::swap(session_->output(), sending_);
        }
        std::vector<iovec> parts{{sending_.data(), sending_.size()}};
        send_all(socket_, parts, peer_);
        sending_.clear();
    }

    bool read_exactly(void* bytes, std::size_t size, bool may_end) override {
        auto* next = static_cast<char*>(bytes);
        std::size_t left = size;
        while (left > 0) {
            std::size_t came = 0;
            bool ended = false;
            std::string problem;
            {
                const std::lock_guard lock(mutex_);
                came = session_->decrypt(next, left);
                ended = session_->ended();
                if (ended) problem = session_->problem();
            }
            next += came;
            left -= came;
            if (came > 0) continue;
            if (ended && !problem.empty()) {
                throw EnvironmentError(fmt::format("cannot read from {}: {}", peer_, problem),
                                       "see whether it still runs");
            }
            if (ended && may_end && left == size) return false;
            if (ended) {
                throw EnvironmentError(fmt::format("{} went away in the middle of a frame", peer_),
                                       "see whether it still runs");
            }
            if (!wait_readable(socket_, now_monotonic() + timeout_) && !(may_end && left == size)) {
                throw EnvironmentError(
                    fmt::format("cannot read from {}: it fell silent in the middle of a frame", peer_),
                    "see whether it still runs");
            }
        }
        return true;
    }

    Descriptor socket_;
    std::mutex mutex_;  ///< of the session; nobody waits for the peer while holding it
    std::unique_ptr<TlsSession> session_;
    std::vector<char> sending_;
    std::string peer_;
    Nanoseconds timeout_;
    ConnectionGuard::Place place_;
};

class TlsListener final : public FrameListener {
public:
    TlsListener(const std::string& address, const StreamOptions& options)
        : options_(options),
          guard_(options),
          context_(options.tls.value_or(TlsFiles{}), TlsContext::Role::kListens,
                   [this](const std::string& line) { guard_.refuse(line); }),
          socket_(listening_tcp_socket(parse_host_port(address), Reach::kAnywhere)),
          address_("tls:" + host_port_text(bound_address(socket_))) {
        ::fcntl(socket_.number(), F_SETFL, ::fcntl(socket_.number(), F_GETFL) | O_NONBLOCK);
    }

    /// One thread shakes hands with all that come; whoever is slow or strange keeps nobody waiting.
    std::unique_ptr<FrameStream> accept() override {
        while (true) {
            std::vector<pollfd> watched;
            watched.push_back({socket_.number(), static_cast<short>(greeted_.size() < kMostGreeted ? POLLIN : 0), 0});
            Nanoseconds deadline = now_monotonic() + std::chrono::hours(1);
            for (const Greeted& peer : greeted_) {
                watched.push_back({peer.socket.number(), POLLIN, 0});
                deadline = std::min(deadline, peer.deadline);
            }
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now_monotonic()).count();
            if (::poll(watched.data(), watched.size(), static_cast<int>(std::max<std::int64_t>(left, 0))) < 0) continue;

            std::size_t index = 1;
            for (auto peer = greeted_.begin(); peer != greeted_.end();) {
                const bool readable = watched[index++].revents != 0;
                if (!readable && peer->deadline > now_monotonic()) {
                    ++peer;
                    continue;
                }
                std::unique_ptr<FrameStream> stream;
                const bool stays = readable ? greet(*peer, stream) : refuse(*peer, "its handshake took too long");
                const auto done = peer++;
                if (!stays) greeted_.erase(done);
                if (stream) return stream;
            }
            if (watched[0].revents != 0) {
                std::optional<ConnectionGuard::Accepted> accepted = guard_.accept(socket_);
                if (!accepted) return nullptr;
                if (accepted->socket.open()) welcome(std::move(*accepted));
            }
        }
    }

    void shut_down() const override { ::shutdown(socket_.number(), SHUT_RDWR); }
    [[nodiscard]] const std::string& address() const override { return address_; }

private:
    struct Greeted {
        Descriptor socket;
        ConnectionGuard::Place place;
        std::unique_ptr<TlsSession> session;
        HostPort from;
        Nanoseconds deadline{0};
    };

    void welcome(ConnectionGuard::Accepted accepted) {
        tune_tcp_socket(accepted.socket, options_);
        auto session = std::make_unique<TlsSession>(*context_.current(), accepted.socket, "");
        HostPort from = peer_address(accepted.socket);
        greeted_.push_back({std::move(accepted.socket), std::move(accepted.place), std::move(session), std::move(from),
                            now_monotonic() + options_.connect_timeout});
    }

    /// Whether its handshake goes on; `stream` is set where it has ended well.
    bool greet(Greeted& peer, std::unique_ptr<FrameStream>& stream) {
        const TlsSession::Handshake state = peer.session->shake_hands();
        if (state == TlsSession::Handshake::kDone) {
            const std::string name = peer.session->peer_name();
            const auto is = [&](const std::string& accepted) { return peer.session->peer_is(accepted); };
            if (!options_.accepted_names.empty() &&
                std::none_of(options_.accepted_names.begin(), options_.accepted_names.end(), is)) {
                return refuse(peer, fmt::format("'{}' is not one of those that may connect", name));
            }
            peer.session->encrypt(kWelcome.data(), kWelcome.size());
            if (!flush(peer)) return refuse(peer, "it takes nothing");
            stream = std::make_unique<TlsStream>(std::move(peer.socket), std::move(peer.session),
                                                 name + " at " + peer.from.host, options_.send_timeout,
                                                 std::move(peer.place));
            return false;
        }
        const bool sent = flush(peer);
        if (state == TlsSession::Handshake::kFailed) return refuse(peer, peer.session->problem());
        return sent || refuse(peer, "it takes nothing");
    }

    bool refuse(const Greeted& peer, const std::string& problem) {
        guard_.refuse(fmt::format("a connection from {} was refused: {}", peer.from.host, problem));
        return false;
    }

    /// A handshake's few kilobytes fit any socket's buffer; who leaves no room for them is up to no good.
    static bool flush(const Greeted& peer) {
        std::vector<char>& output = peer.session->output();
        const ssize_t sent = ::send(peer.socket.number(), output.data(), output.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        const bool all = sent == static_cast<ssize_t>(output.size());
        output.clear();
        return all;
    }

    StreamOptions options_;
    ConnectionGuard guard_;
    FollowedTlsContext context_;
    Descriptor socket_;
    std::string address_;
    std::list<Greeted> greeted_;
};

}  // namespace

std::unique_ptr<FrameStream> connect_tls(const std::string& address, const std::string& peer,
                                         const StreamOptions& options) {
    const HostPort where = parse_host_port(address);
    const TlsContext context(options.tls.value_or(TlsFiles{}), TlsContext::Role::kConnects);
    const Nanoseconds deadline = now_monotonic() + options.connect_timeout;
    Descriptor socket = connect_tcp_socket(where, Reach::kAnywhere, peer, options);
    auto session = std::make_unique<TlsSession>(context, socket,
                                                options.expected_name.empty() ? where.host : options.expected_name);
    const auto fail = [&](const std::string& problem) {
        throw EnvironmentError(
            fmt::format("cannot reach {} at {}: {}", peer, host_port_text(where), problem),
            "see that it listens with tls:, and that both ends have certificates of one authority, in force, with the "
            "right names");
    };
    const auto flush = [&] {
        std::vector<char>& output = session->output();
        const ssize_t sent = ::send(socket.number(), output.data(), output.size(), MSG_NOSIGNAL);
        const bool all = sent == static_cast<ssize_t>(output.size());
        output.clear();
        return all;
    };
    const std::string late = "no TLS handshake within " + exact_duration(options.connect_timeout);
    for (auto state = TlsSession::Handshake::kWaits; state != TlsSession::Handshake::kDone;) {
        state = session->shake_hands();
        const bool sent = session->output().empty() || flush();
        if (state == TlsSession::Handshake::kFailed) fail(session->problem());
        if (state == TlsSession::Handshake::kDone) break;  // where it did not get through, reading says why
        if (!sent) fail("it went away");
        if (!wait_readable(socket, deadline)) fail(late);
    }
    std::array<char, kWelcome.size()> welcome{};
    for (std::size_t came = 0; came < welcome.size();) {
        came += session->decrypt(welcome.data() + came, welcome.size() - came);
        if (session->ended()) fail(session->problem().empty() ? "it refused the connection" : session->problem());
        if (came < welcome.size() && !wait_readable(socket, deadline)) fail(late);
    }
    if (welcome != kWelcome) fail("what listens there is not carbonedge");
    return std::make_unique<TlsStream>(std::move(socket), std::move(session), peer, options.send_timeout, nullptr);
}

std::unique_ptr<FrameListener> listen_tls(const std::string& address, const StreamOptions& options) {
    return std::make_unique<TlsListener>(address, options);
}

}  // namespace carbonedge
