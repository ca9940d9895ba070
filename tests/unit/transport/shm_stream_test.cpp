#include "lib/transport/shm_stream.h"

#include "lib/base/errors.h"
#include "lib/transport/shm_direction.h"
#include "tests/unit/transport/stream_pair.h"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

namespace carbonedge {
namespace {

TEST_CASE("frames that are kept leave room for those that come") {
    StreamPair pair("shm");
    std::vector<ReceivedFrame> kept;
    for (int i = 0; i < 40; ++i) {
        const HostTensor tensor = pattern_tensor(10'000 + i * 100, 7);
        pair.sender().send(head_of(i, {tensor}), views_of({tensor}));
        kept.push_back(pair.receive().value());
    }
    for (int i = 0; i < 40; ++i) {
        CHECK(copy_of(kept[static_cast<std::size_t>(i)].tensors.at(0)).content ==
              pattern_tensor(10'000 + i * 100, 7).content);
    }
}

TEST_CASE("frames outlive their stream") {
    const HostTensor tensor = pattern_tensor(50'000);
    std::optional<ReceivedFrame> frame;
    {
        StreamPair pair("shm");
        pair.sender().send(head_of(1, {tensor}), views_of({tensor}));
        frame = pair.receive();
    }
    REQUIRE(frame.has_value());
    CHECK(copy_of(frame->tensors.at(0)).content == tensor.content);
}

TEST_CASE("a sender with every slot taken waits until one is free") {
    StreamPair pair("shm");
    const HostTensor tensor = pattern_tensor(1000);
    constexpr int kFrames = 50;
    auto sending = std::async(std::launch::async, [&] {
        for (int i = 0; i < kFrames; ++i) pair.sender().send(head_of(i, {tensor}), views_of({tensor}));
    });
    for (int i = 0; i < kFrames; ++i) CHECK(pair.receive().value().head.request == i);
    sending.get();
}

/// A peer process that sends a frame, takes nothing, and is killed.
class DoomedPeer {
public:
    explicit DoomedPeer(const std::string& address) {
        child_ = ::fork();
        if (child_ != 0) return;
        const auto stream = connect_frames(address, "parent", {});
        stream->send(head_of(1, {}), {});
        while (true) ::pause();
    }
    ~DoomedPeer() { kill(); }
    DoomedPeer(const DoomedPeer&) = delete;
    DoomedPeer& operator=(const DoomedPeer&) = delete;

    void kill() {
        if (child_ <= 0) return;
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
        child_ = 0;
    }

private:
    pid_t child_ = 0;
};

TEST_CASE("a peer that is killed ends the stream of whoever receives and fails whoever sends") {
    const TemporaryFolder folder;
    const auto listener = listen_for_frames("shm:" + folder.file("s"), {});
    DoomedPeer peer(listener->address());
    const auto stream = listener->accept();
    const auto pool = BufferPool::create();
    const auto receive = [&] { return stream->receive(*pool, 1000, [](const FrameHead&) { return std::string(); }); };
    REQUIRE(receive().has_value());
    auto waiting = std::async(std::launch::async, receive);
    const HostTensor tensor = pattern_tensor(1000);
    auto sending = std::async(std::launch::async, [&] {
        for (int i = 0; i < 1000; ++i) stream->send(head_of(i, {tensor}), views_of({tensor}));
    });
    peer.kill();
    const Nanoseconds killed = now_monotonic();
    CHECK_FALSE(waiting.get().has_value());
    CHECK_THROWS_WITH_AS(sending.get(), "cannot send to peer: it is gone; see whether it still runs", EnvironmentError);
    CHECK(now_monotonic() - killed < std::chrono::seconds(5));
}

/// A peer that says what it likes, at the other end of a receiver.
struct Liar {
    Liar() {
        std::array<int, 2> sockets{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets.data()) == 0);
        near = Descriptor(sockets[0]);
        peer = std::make_unique<ShmPeer>(Descriptor(sockets[1]), "liar", std::chrono::milliseconds(100));
        liar = std::make_unique<ShmPeer>(Descriptor(::dup(near.number())), "honest", std::chrono::milliseconds(100));
        receiver = std::make_unique<ShmReceiver>(*peer);
    }
    std::optional<ReceivedFrame> receive() {
        return receiver->receive(*pool, 1000, [](const FrameHead&) { return std::string(); });
    }
    void offer(std::uint32_t slot, std::uint64_t size, const SharedMemory& memory) {
        ShmOffer sent;
        sent.slot = slot;
        sent.segment = 1;
        sent.size = size;
        liar->offer(sent, memory.descriptor());
    }
    void publish(const ShmEntry& entry) {
        auto* shared = reinterpret_cast<ShmControl*>(control->bytes());
        shared->entries[0] = entry;
        shared->published.advance();
    }

    Descriptor near;
    std::unique_ptr<ShmPeer> peer;
    std::unique_ptr<ShmPeer> liar;
    std::unique_ptr<ShmReceiver> receiver;
    std::shared_ptr<BufferPool> pool = BufferPool::create();
    std::shared_ptr<SharedMemory> control = SharedMemory::create(sizeof(ShmControl));
};

TEST_CASE("what a lying peer offers is refused") {
    SUBCASE("memory that can be taken away again") {
        Liar liar;
        const Descriptor unsealed(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
        REQUIRE(::ftruncate(unsealed.number(), sizeof(ShmControl)) == 0);
        ShmOffer sent;
        sent.slot = kShmSlots;
        sent.size = sizeof(ShmControl);
        liar.liar->offer(sent, unsealed);
        CHECK_THROWS_WITH_AS(
            liar.receive(), "liar: offered shared memory that is not of the announced size, or not sealed", InputError);
    }
    SUBCASE("other sizes than announced, and too large ones") {
        for (const std::uint64_t size : {std::uint64_t{1}, std::uint64_t{4096}, std::uint64_t{1} << 40U}) {
            Liar liar;
            liar.offer(kShmSlots, size, *liar.control);
            CHECK_THROWS_AS(liar.receive(), InputError);
        }
        Liar liar;
        const auto small = SharedMemory::create(4096);
        liar.offer(kShmSlots, liar.control->size(), *liar.control);
        liar.offer(0, largest_slot(1000) + 1, *small);
        liar.publish({0, 1, 0, 20});
        CHECK_THROWS_AS(liar.receive(), InputError);
    }
    SUBCASE("no descriptor") {
        Liar liar;
        ShmOffer sent;
        sent.slot = kShmSlots;
        sent.size = sizeof(ShmControl);
        REQUIRE(::send(liar.near.number(), &sent, sizeof(sent), 0) == static_cast<ssize_t>(sizeof(sent)));
        CHECK_THROWS_AS(liar.receive(), InputError);
    }
    SUBCASE("frames outside of their slots") {
        for (const ShmEntry& entry : {ShmEntry{99, 1, 0, 20}, ShmEntry{0, 1, 4090, 20}, ShmEntry{0, 1, 0, 1u << 20U},
                                      ShmEntry{0, 1, ~std::uint64_t{0}, 20}, ShmEntry{0, 1, 0, 20}}) {
            Liar liar;
            const auto memory = SharedMemory::create(4096);
            liar.offer(kShmSlots, liar.control->size(), *liar.control);
            liar.offer(0, memory->size(), *memory);
            liar.publish(entry);
            CHECK_THROWS_AS(liar.receive(), InputError);
        }
    }
    SUBCASE("a frame in memory that never comes") {
        Liar liar;
        liar.offer(kShmSlots, liar.control->size(), *liar.control);
        liar.publish({0, 1, 0, 20});
        CHECK_THROWS_WITH_AS(liar.receive(),
                             "cannot read from liar: it announced memory that does not come; see whether it still runs",
                             EnvironmentError);
    }
}

}  // namespace
}  // namespace carbonedge
