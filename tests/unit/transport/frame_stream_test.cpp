#include "lib/transport/frame_stream.h"

#include "lib/base/errors.h"
#include "tests/unit/transport/stream_pair.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

TEST_CASE("every stream brings frames as they were sent and in their order") {
    for (const std::string& kind : stream_kinds()) {
        CAPTURE(kind);
        StreamPair pair(kind);
        const std::vector<std::vector<std::int64_t>> frames{
            {1}, {64}, {0}, {4095, 4096}, {16'300, 100}, {100'000, 1, 70'001}, {16'384 * 16}, {12'800'000}, {3}};
        auto sending = std::async(std::launch::async, [&] {
            for (std::size_t i = 0; i < frames.size(); ++i) {
                std::vector<HostTensor> tensors;
                for (const std::int64_t size : frames[i]) tensors.push_back(pattern_tensor(size, i));
                pair.sender().send(head_of(static_cast<std::int64_t>(i), tensors), views_of(tensors));
            }
        });
        for (std::size_t i = 0; i < frames.size(); ++i) {
            const std::optional<ReceivedFrame> frame = pair.receive();
            REQUIRE(frame.has_value());
            CHECK(frame->head.request == static_cast<std::int64_t>(i));
            CHECK(frame->received >= frame->head.handed_over);
            REQUIRE(frame->tensors.size() == frames[i].size());
            for (std::size_t t = 0; t < frames[i].size(); ++t) {
                CHECK(reinterpret_cast<std::uintptr_t>(frame->tensors[t].content) % TensorBuffer::kAlignment == 0);
                CHECK(copy_of(frame->tensors[t]).content == pattern_tensor(frames[i][t], i).content);
            }
        }
        sending.get();
        pair.close_sender();
        CHECK_FALSE(pair.receive().has_value());
    }
}

TEST_CASE("both ends of a stream send while they receive") {
    for (const std::string& kind : stream_kinds()) {
        CAPTURE(kind);
        StreamPair pair(kind);
        const HostTensor tensor = pattern_tensor(700'000);
        constexpr int kFrames = 20;
        const auto send = [&](FrameStream& stream) {
            for (int i = 0; i < kFrames; ++i) stream.send(head_of(i, {tensor}), views_of({tensor}));
        };
        const auto receive = [&](FrameStream& stream) {
            int right = 0;
            for (int i = 0; i < kFrames; ++i) {
                const std::optional<ReceivedFrame> frame = pair.receive(stream);
                if (frame && frame->head.request == i && copy_of(frame->tensors.at(0)).content == tensor.content)
                    ++right;
            }
            return right;
        };
        auto there = std::async(std::launch::async, [&] { send(pair.sender()); });
        auto back = std::async(std::launch::async, [&] { send(pair.receiver()); });
        auto arrived = std::async(std::launch::async, [&] { return receive(pair.receiver()); });
        CHECK(receive(pair.sender()) == kFrames);
        CHECK(arrived.get() == kFrames);
        there.get();
        back.get();
    }
}

TEST_CASE("a refused frame is passed over and the next one comes") {
    for (const std::string& kind : stream_kinds()) {
        CAPTURE(kind);
        StreamPair pair(kind);
        const std::vector<HostTensor> tensors{pattern_tensor(300'000)};
        auto sending = std::async(std::launch::async, [&] {
            for (int i = 0; i < 3; ++i) pair.sender().send(head_of(i, tensors), views_of(tensors));
        });
        for (int i = 0; i < 3; ++i) {
            const auto frame = pair.receiver().receive(pair.pool(), StreamPair::kLongest, [](const FrameHead& head) {
                return head.request == 1 ? "no such stage" : "";
            });
            REQUIRE(frame.has_value());
            CHECK(frame->refusal == (i == 1 ? "no such stage" : ""));
            CHECK(frame->tensors.size() == (i == 1 ? 0U : 1U));
        }
        sending.get();
    }
}

TEST_CASE("a frame beyond the bound is malformed") {
    for (const std::string& kind : stream_kinds()) {
        CAPTURE(kind);
        StreamPair pair(kind);
        const HostTensor tensor = pattern_tensor(2000);
        pair.sender().send(head_of(1, {tensor}), views_of({tensor}));
        CHECK_THROWS_AS(pair.receiver().receive(pair.pool(), 1999, [](const FrameHead&) { return ""; }), InputError);
    }
}

TEST_CASE("a stream that is shut down wakes whoever waits for it") {
    for (const std::string& kind : stream_kinds()) {
        CAPTURE(kind);
        StreamPair pair(kind);
        auto waiting = std::async(std::launch::async, [&] { return pair.receive().has_value(); });
        pair.receiver().shut_down();
        CHECK_FALSE(waiting.get());
    }
}

TEST_CASE("a peer that takes nothing fails the send within the time-out") {
    for (const std::string& kind : stream_kinds()) {
        CAPTURE(kind);
        StreamOptions options;
        options.send_timeout = std::chrono::milliseconds(100);
        StreamPair pair(kind, options);
        const HostTensor tensor = pattern_tensor(4'000'000);
        const auto send_many = [&] {
            for (int i = 0; i < 20; ++i) pair.sender().send(head_of(i, {tensor}), views_of({tensor}));
        };
        CHECK_THROWS_WITH_AS(send_many(), "cannot send to receiver: it does not read; see whether it still runs",
                             EnvironmentError);
    }
}

TEST_CASE("a peer that is gone fails the send") {
    for (const std::string& kind : stream_kinds()) {
        CAPTURE(kind);
        StreamPair pair(kind);
        pair.close_receiver();
        const HostTensor tensor = pattern_tensor(4'000'000);
        const auto send_many = [&] {
            for (int i = 0; i < 3; ++i) pair.sender().send(head_of(i, {tensor}), views_of({tensor}));
        };
        CHECK_THROWS_AS(send_many(), EnvironmentError);
        CHECK_THROWS_AS(send_many(), EnvironmentError);  // whoever did not hear of it fails too
    }
}

TEST_CASE("a listener bounds its connections and goes on") {
    for (const std::string& kind : stream_kinds()) {
        CAPTURE(kind);
        std::mutex mutex;
        std::vector<std::string> said;
        StreamOptions options;
        options.most_connections = 2;
        options.connect_timeout = std::chrono::seconds(2);
        options.warn = [&](const std::string& line) {
            const std::lock_guard lock(mutex);
            said.push_back(line);
        };
        TestAuthority authority;
        options.tls = authority.issue("IP:127.0.0.1");
        const TemporaryFolder folder;
        const auto listener = listen_for_frames(
            kind + ":" + (kind == "unix" || kind == "shm" ? folder.file("s") : "127.0.0.1:0"), options);
        std::list<std::unique_ptr<FrameStream>> accepted;
        std::condition_variable changed;
        std::jthread acceptor([&] {
            while (auto stream = listener->accept()) {
                const std::lock_guard lock(mutex);
                accepted.push_back(std::move(stream));
                changed.notify_all();
            }
        });
        const auto await_accepted = [&](std::size_t count) {
            std::unique_lock lock(mutex);
            return changed.wait_for(lock, std::chrono::seconds(10), [&] { return accepted.size() == count; });
        };
        const auto first = connect_frames(listener->address(), "listener", options);
        const auto second = connect_frames(listener->address(), "listener", options);
        REQUIRE(await_accepted(2));
        for (int i = 0; i < 3; ++i) {
            try {
                const auto third = connect_frames(listener->address(), "listener", options);
                auto pool = BufferPool::create();
                CHECK_FALSE(third->receive(*pool, 1000, [](const FrameHead&) { return ""; }).has_value());
            } catch (const EnvironmentError&) {  // a handshake hears of it at once
                CHECK((kind == "tls" || kind == "ucx"));
            }
        }
        {
            const std::lock_guard lock(mutex);
            CHECK(said == std::vector<std::string>{"a connection was refused: 2 are open already"});
            accepted.pop_front();
        }
        const auto fourth = connect_frames(listener->address(), "listener", options);
        CHECK(await_accepted(2));
        listener->shut_down();
        acceptor.join();
    }
}

TEST_CASE("what is no address for tensors is said with its right form") {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"udp:127.0.0.1:1",
         "'udp:127.0.0.1:1' is no address for tensors; they look like unix:/path, shm:/path, "
         "tcp:127.0.0.1:4000, tls:node-a:4000 or ucx:127.0.0.1:4000"},
        {"tcp:127.0.0.1", "'127.0.0.1' has no port; write it like node-a:4000 or [::1]:4000"},
        {"tcp::1:80", "':1:80' has an IPv6 host without brackets; write it like node-a:4000 or [::1]:4000"},
        {"tcp::80", "':80' has no host; write it like node-a:4000 or [::1]:4000"},
        {"tcp:host:70000", "'host:70000' has no port from 0 to 65535; write it like node-a:4000 or [::1]:4000"},
        {"tcp:host:", "'host:' has no port from 0 to 65535; write it like node-a:4000 or [::1]:4000"},
        {"tcp:0.0.0.0:0",
         "tcp:0.0.0.0:0 is beyond this machine, and tcp: is in the clear: use tls:0.0.0.0:0, or allow "
         "plain text across hosts where the network is trusted"},
#ifndef CARBONEDGE_WITHOUT_UCX
        {"ucx:0.0.0.0:0",
         "ucx:0.0.0.0:0 is beyond this machine, and ucx: is in the clear: use tls:0.0.0.0:0, or allow "
         "plain text across hosts where the network is trusted"},
#endif
    };
    for (const auto& [address, problem] : cases) {
        CHECK_THROWS_WITH_AS(listen_for_frames(address, {}), problem.c_str(), UsageError);
        CHECK_THROWS_WITH_AS(connect_frames(address, "peer", {}), problem.c_str(), UsageError);
    }
}

TEST_CASE("plain text leaves the machine only where that is allowed") {
    StreamOptions options;
    options.plain_text_across_hosts = true;
    const auto listener = listen_for_frames("tcp:0.0.0.0:0", options);
    CHECK(listener->address().starts_with("tcp:0.0.0.0:"));
}

TEST_CASE("nobody listening is said with the address") {
    std::string address;
    {
        const auto listener = listen_for_frames("tcp:127.0.0.1:0", {});
        address = listener->address();
    }
    const std::string where = address.substr(4);
    CHECK_THROWS_WITH_AS(connect_frames(address, "node 'a'", {}),
                         ("cannot reach node 'a' at " + where +
                          ": Connection refused; see whether it runs, and whether a firewall is between")
                             .c_str(),
                         EnvironmentError);
}

}  // namespace
}  // namespace carbonedge
