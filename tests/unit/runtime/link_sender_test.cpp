#include "lib/runtime/link_sender.h"

#include "lib/transport/clocks.h"
#include "tests/support/temporary_folder.h"

#include <doctest/doctest.h>
#include <atomic>
#include <thread>

namespace carbonedge {
namespace {

/// Both ends of a connection in this process.
struct Connection {
    explicit Connection(const std::string& path)
        : listener(listen_for_frames("unix:" + path, {})),
          sender(connect_frames("unix:" + path, "receiver", {std::chrono::seconds(5)})),
          receiver(listener->accept()) {}

    std::unique_ptr<FrameListener> listener;
    std::unique_ptr<FrameStream> sender;
    std::unique_ptr<FrameStream> receiver;
    std::shared_ptr<BufferPool> pool = BufferPool::create();

    ReceivedFrame receive() {
        return receiver->receive(*pool, 10'000'000, [](const FrameHead&) { return std::string(); }).value();
    }
};

HostTensor pattern(std::int64_t size) {
    InputSpec spec;
    spec.dtype = DType::kUInt8;
    spec.shape = {size};
    spec.high = 256;
    return random_tensor(spec, static_cast<std::uint64_t>(size));
}

FrameHead head_of(std::int64_t request, const HostTensor& tensor) {
    FrameHead head;
    head.request = request;
    head.handed_over = now_monotonic();
    head.tensors = {{tensor.dtype, tensor.shape, static_cast<std::int64_t>(tensor.content.size())}};
    return head;
}

TEST_CASE("tensors arrive as they were sent, with and without an imitated link") {
    for (const bool imitate : {false, true}) {
        CAPTURE(imitate);
        const TemporaryFolder folder;
        Connection connection((folder.path() / "s").string());
        LinkSender sender(std::move(connection.sender), {imitate, Nanoseconds(100'000), BytesPerSecond(0)},
                          connection.pool, [](const FrameHead&, const std::string& problem) { FAIL(problem); });
        for (const std::int64_t size : {1, 63, 4096, 3'000'000}) {
            const HostTensor tensor = pattern(size);
            sender.send(head_of(size, tensor), views_of({tensor}));
            const ReceivedFrame frame = connection.receive();
            CHECK(frame.head.request == size);
            REQUIRE(frame.tensors.size() == 1);
            CHECK(copy_of(frame.tensors[0]).content == tensor.content);
        }
    }
}

TEST_CASE("an imitated link takes its latency and its time per byte") {
    const TemporaryFolder folder;
    Connection connection((folder.path() / "s").string());
    // 10 MB/s: 200 kB take 20 ms, so two frames at once take 20 and 40 ms, and 150 ms of latency each.
    LinkSender sender(std::move(connection.sender), {true, std::chrono::milliseconds(150), BytesPerSecond(10e6)},
                      connection.pool, [](const FrameHead&, const std::string& problem) { FAIL(problem); });
    const HostTensor tensor = pattern(200'000);
    const Nanoseconds start = now_monotonic();
    FrameHead head = head_of(1, tensor);
    head.handed_over = start;
    sender.send(head, views_of({tensor}));
    sender.send(head, views_of({tensor}));
    const Nanoseconds first = connection.receive().received - start;
    const Nanoseconds second = connection.receive().received - start;
    CHECK(first >= std::chrono::milliseconds(170));
    CHECK(second >= std::chrono::milliseconds(190));
    // Latencies one after the other would make 340 ms.
    CHECK(second < std::chrono::milliseconds(330));
}

/// Sends one frame after the other until told to stop, and counts those that the link has taken.
struct EagerSender {
    EagerSender(LinkSender& sender, const HostTensor& tensor)
        : thread([this, &sender, &tensor](const std::stop_token& stop) {
              while (!stop.stop_requested()) {
                  sender.send(head_of(taken, tensor), views_of({tensor}));
                  ++taken;
              }
          }) {}
    std::atomic<int> taken{0};
    std::jthread thread;
};

TEST_CASE("an imitated link makes its sender wait where a real one would and takes more as frames arrive") {
    const TemporaryFolder folder;
    Connection connection((folder.path() / "s").string());
    const HostTensor tensor = pattern(1'000'000);
    // A frame takes 20 ms and is then 60 ms on its way.
    const LinkEmulation link{true, std::chrono::milliseconds(60), BytesPerSecond(50e6)};
    CHECK(LinkSender::most_waiting_bytes(link) == 4 * 1024 * 1024 + 3'000'000);
    LinkSender sender(std::move(connection.sender), link, connection.pool, [](const FrameHead&, const std::string&) {});
    {
        EagerSender eager(sender, tensor);
        for (int i = 0; i < 12; ++i) {
            CHECK(connection.receive().head.request == i);
            // 7 wait at most, one is in the sender's hands or on its way into the socket, one has just arrived.
            CHECK(eager.taken <= i + 10);
        }
        eager.thread.request_stop();
        sender.shut_down();  // whoever waits for room is let go
    }
}

TEST_CASE("frames without tensors do not wait without bound either") {
    const LinkEmulation slow{true, std::chrono::hours(1), BytesPerSecond(1)};
    const TemporaryFolder folder;
    Connection connection((folder.path() / "s").string());
    std::atomic<int> failed{0};
    LinkSender sender(std::move(connection.sender), slow, connection.pool,
                      [&](const FrameHead&, const std::string&) { ++failed; });
    const int room = static_cast<int>(LinkSender::most_waiting_bytes(slow) / 512);
    std::atomic<int> taken{0};
    std::jthread many([&] {
        for (int i = 0; i < room + 1; ++i) {
            FrameHead head;
            head.handed_over = now_monotonic();
            sender.send(std::move(head), {});
            ++taken;
            taken.notify_one();
        }
    });
    for (int seen = taken; seen < room; seen = taken) taken.wait(seen);
    CHECK(failed == 0);
    sender.shut_down();
    many.join();
    CHECK(failed == 1);  // the one that waited for room
}

TEST_CASE("a refused frame is passed over and the next one arrives") {
    const TemporaryFolder folder;
    Connection connection((folder.path() / "s").string());
    const HostTensor large = pattern(200'000);
    const HostTensor small = pattern(10);
    connection.sender->send(head_of(1, large), views_of({large}));
    connection.sender->send(head_of(2, small), views_of({small}));
    const auto refuse = [](const FrameHead& head) { return std::string(head.request == 1 ? "too odd" : ""); };
    const ReceivedFrame refused = connection.receiver->receive(*connection.pool, 1'000'000, refuse).value();
    CHECK(refused.refusal == "too odd");
    CHECK(refused.tensors.empty());
    CHECK(connection.receiver->receive(*connection.pool, 1'000'000, refuse)->head.request == 2);
}

TEST_CASE("a peer that is gone is reported, not fatal") {
    const TemporaryFolder folder;
    auto connection = std::make_unique<Connection>((folder.path() / "s").string());
    std::string problem;
    LinkSender sender(
        std::move(connection->sender), {}, BufferPool::create(),
        [&](const FrameHead& head, const std::string& what) { problem = std::to_string(head.request) + what; });
    connection.reset();
    const HostTensor tensor = pattern(10);
    sender.send(head_of(5, tensor), views_of({tensor}));
    CHECK(problem.starts_with("5cannot send to receiver: "));
}

}  // namespace
}  // namespace carbonedge
