#include "lib/transport/ucx_stream.h"

#include "lib/base/errors.h"
#include "lib/transport/tcp_socket.h"
#include "lib/transport/ucx_endpoint.h"
#include "tests/support/skip.h"
#include "tests/unit/transport/stream_pair.h"

#include <doctest/doctest.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <sys/socket.h>

namespace carbonedge {
namespace {

using Tag = UcxEndpoint::Tag;

/// A peer that speaks UCX and says what it likes, at the other end of a stream.
class UcxLiar {
public:
    UcxLiar() : listener_(listen_for_frames("ucx:127.0.0.1:0", options())) {
        auto accepted = std::async(std::launch::async, [this] { return listener_->accept(); });
        liar_ = std::make_unique<UcxEndpoint>(
            UcxScope::kLoopback, connect_tcp_socket(parse_host_port(listener_->address().substr(4)), Reach::kLoopback,
                                                    "listener", options()));
        REQUIRE(liar_->worker().wait_until([this] { return liar_->meeting() == UcxEndpoint::Meeting::kMet; },
                                           now_monotonic() + std::chrono::seconds(10)));
        stream_ = accepted.get();
        REQUIRE(stream_ != nullptr);
    }

    /// Sends while the stream receives.
    std::optional<ReceivedFrame> receive(const std::vector<std::pair<std::string, Tag>>& messages) {
        auto telling = std::async(std::launch::async, [&] {
            std::vector<UcxRequest> requests;
            {
                const std::lock_guard lock(liar_->worker().mutex());
                for (const auto& [bytes, tag] : messages) {
                    requests.push_back(liar_->start_sending(bytes.data(), bytes.size(), tag));
                }
            }
            // The stream is closed when it has seen enough.
            liar_->worker().wait_until([this] { return liar_->broken(); }, now_monotonic() + std::chrono::seconds(10));
            const std::lock_guard lock(liar_->worker().mutex());
            liar_->close();
            requests.clear();
        });
        const auto pool = BufferPool::create();
        std::optional<ReceivedFrame> frame;
        try {
            frame = stream_->receive(*pool, 100'000, [](const FrameHead&) { return std::string(); });
        } catch (...) {
            stream_.reset();
            throw;
        }
        stream_.reset();
        return frame;
    }

private:
    static StreamOptions options() {
        StreamOptions options;
        options.send_timeout = std::chrono::milliseconds(300);
        return options;
    }
    std::unique_ptr<FrameListener> listener_;
    std::unique_ptr<UcxEndpoint> liar_;
    std::unique_ptr<FrameStream> stream_;
};

TEST_CASE("what a lying UCX peer sends is refused") {
    const HostTensor tensor = pattern_tensor(50'000);
    const std::string head = encode_frame_head(head_of(1, {tensor}));
    const std::string content(50'000, 'x');
    struct Case {
        const char* what;
        std::vector<std::pair<std::string, Tag>> messages;
        const char* problem;
    };
    const std::vector<Case> cases{
        {"nothing", {{"", Tag::kFrame}}, "what came is not a carbonedge frame"},
        {"half a prefix", {{head.substr(0, 9), Tag::kFrame}}, "what came is not a carbonedge frame"},
        {"another protocol", {{"GET / HTTP/1.1\r\nHost: here\r\n\r\n", Tag::kFrame}}, "not a carbonedge frame"},
        {"a head that is too long", {{std::string(80'000, 'x'), Tag::kFrame}}, "what came is not a carbonedge frame"},
        {"half a head", {{head.substr(0, head.size() - 3), Tag::kFrame}}, "not as long as its prefix says"},
        {"more than a head", {{head + "xx", Tag::kFrame}}, "not as long as its prefix says"},
        {"a short tensor", {{head, Tag::kFrame}, {content.substr(1), Tag::kTensor}}, "not as long as its head says"},
        {"a long tensor", {{head, Tag::kFrame}, {content + "x", Tag::kTensor}}, "not as long as its head says"},
    };
    for (const Case& lie : cases) {
        CAPTURE(lie.what);
        UcxLiar liar;
        std::string problem;
        try {
            liar.receive(lie.messages);
        } catch (const InputError& error) {
            problem = error.what();
        }
        INFO(problem);
        CHECK(problem.find(lie.problem) != std::string::npos);
    }
}

TEST_CASE("a UCX peer that stops in the middle of a frame breaks its stream within the time-out") {
    UcxLiar liar;
    const std::string head = encode_frame_head(head_of(1, {pattern_tensor(50'000)}));
    CHECK_THROWS_AS(liar.receive({{head, Tag::kFrame}}), EnvironmentError);
}

TEST_CASE("who speaks no UCX to a UCX listener keeps nobody waiting") {
    StreamOptions options;
    const auto listener = listen_for_frames("ucx:127.0.0.1:0", options);
    const HostPort where = parse_host_port(listener->address().substr(4));
    const Descriptor silent = connect_tcp_socket(where, Reach::kLoopback, "listener", options);
    const Descriptor stranger = connect_tcp_socket(where, Reach::kLoopback, "listener", options);
    const std::string request(4096, 'G');
    REQUIRE(::send(stranger.number(), request.data(), request.size(), 0) == static_cast<ssize_t>(request.size()));
    auto accepted = std::async(std::launch::async, [&] { return listener->accept(); });
    const auto stream = connect_frames(listener->address(), "listener", options);
    CHECK(accepted.get() != nullptr);
}

TEST_CASE("a UCX connector gives up a listener that does not speak UCX") {
    StreamOptions options;
    options.connect_timeout = std::chrono::milliseconds(300);
    const auto plain = listen_for_frames("tcp:127.0.0.1:0", options);
    const std::string where = plain->address().substr(4);
    CHECK_THROWS_WITH_AS(
        connect_frames("ucx:" + where, "node 'b'", options),
        ("cannot reach node 'b' at " + where +
         ": no answer within 300ms; see whether it runs with ucx:, and whether both ends have a network in common")
            .c_str(),
        EnvironmentError);
}

/// An address of this machine that others reach; "" where it has none.
std::string outer_address() {
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) return "";
    std::string found;
    for (const ifaddrs* each = first; each != nullptr && found.empty(); each = each->ifa_next) {
        if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
        if ((each->ifa_flags & IFF_LOOPBACK) != 0 || (each->ifa_flags & IFF_RUNNING) == 0) continue;
        std::array<char, NI_MAXHOST> host{};
        if (::getnameinfo(each->ifa_addr, sizeof(sockaddr_in), host.data(), host.size(), nullptr, 0, NI_NUMERICHOST) ==
            0) {
            found = host.data();
        }
    }
    ::freeifaddrs(first);
    return found;
}

TEST_CASE("over a network UCX brings frames in order and tells of the peer's end") {
    const std::string host = outer_address();
    if (host.empty()) {
        skip_test("this machine has no network but its own");
        return;
    }
    StreamOptions options;
    options.plain_text_across_hosts = true;
    options.send_timeout = std::chrono::milliseconds(500);
    const auto listener = listen_for_frames("ucx:" + host + ":0", options);
    auto accepted = std::async(std::launch::async, [&] { return listener->accept(); });
    auto sender = connect_frames(listener->address(), "receiver", options);
    auto receiver = accepted.get();
    REQUIRE(receiver != nullptr);
    const auto pool = BufferPool::create();
    const auto receive = [&] {
        return receiver->receive(*pool, 10'000'000, [](const FrameHead&) { return std::string(); });
    };
    const std::vector<std::int64_t> sizes{1, 5000, 100'000, 3'000'000, 0, 17};
    auto sending = std::async(std::launch::async, [&] {
        for (std::size_t i = 0; i < sizes.size(); ++i) {
            const std::vector<HostTensor> tensors{pattern_tensor(sizes[i])};
            sender->send(head_of(static_cast<std::int64_t>(i), tensors), views_of(tensors));
        }
        sender.reset();
    });
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const auto frame = receive();
        REQUIRE(frame.has_value());
        CHECK(frame->head.request == static_cast<std::int64_t>(i));
        CHECK(copy_of(frame->tensors.at(0)).content == pattern_tensor(sizes[i]).content);
    }
    CHECK_FALSE(receive().has_value());
    sending.get();
    receiver.reset();

    // A peer that takes nothing, and then goes.
    accepted = std::async(std::launch::async, [&] { return listener->accept(); });
    sender = connect_frames(listener->address(), "receiver", options);
    receiver = accepted.get();
    const HostTensor large = pattern_tensor(4'000'000);
    CHECK_THROWS_AS(sender->send(head_of(1, {large}), views_of({large})), EnvironmentError);
    receiver.reset();
    CHECK_THROWS_AS(sender->send(head_of(2, {large}), views_of({large})), EnvironmentError);
}

TEST_CASE("frames cross in both directions at once over one UCX stream without losing a wake-up") {
    StreamPair pair("ucx");
    constexpr int kFrames = 300;
    const auto run = [&](FrameStream& stream, int seed) {
        auto sending = std::async(std::launch::async, [&stream, seed] {
            for (int i = 0; i < kFrames; ++i) {
                const std::vector<HostTensor> tensors{pattern_tensor((i * 7919 + seed) % 30'000)};
                stream.send(head_of(i, tensors), views_of(tensors));
            }
        });
        int right = 0;
        for (int i = 0; i < kFrames; ++i) {
            const auto frame = pair.receive(stream);
            if (frame && frame->head.request == i) ++right;
        }
        sending.get();
        return right;
    };
    auto there = std::async(std::launch::async, [&] { return run(pair.receiver(), 1); });
    CHECK(run(pair.sender(), 2) == kFrames);
    CHECK(there.get() == kFrames);
}

}  // namespace
}  // namespace carbonedge
