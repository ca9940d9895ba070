#pragma once

#include "lib/transport/descriptor.h"
#include "lib/transport/shm_slots.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>

namespace carbonedge {

/// What both directions of a stream know of the other process.
class ShmPeer {
public:
    ShmPeer(Descriptor socket, std::string name, Nanoseconds timeout);

    /// The other process has closed or ended, or this stream was shut down.
    [[nodiscard]] bool gone() const;
    void shut_down() const;
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] Nanoseconds timeout() const { return timeout_; }

    /// Throws EnvironmentError.
    void offer(const ShmOffer& offer, const Descriptor& memory) const;
    struct Offered {
        ShmOffer offer;
        Descriptor memory;
    };
    /// Waits for an offer; nothing where the peer is gone. Throws InputError (what came is none), EnvironmentError
    /// (none came in time; with `may_be_silent` it waits for ever).
    [[nodiscard]] std::optional<Offered> take_offer(bool may_be_silent) const;

private:
    Descriptor socket_;
    std::string name_;
    Nanoseconds timeout_;
    mutable std::atomic<bool> shut_down_{false};
};

/// Frames to the peer.
class ShmSender {
public:
    explicit ShmSender(const ShmPeer& peer) : peer_(peer) {}

    void send(const FrameHead& head, const std::vector<TensorView>& tensors);
    /// Makes a send() that waits look whether the peer is gone.
    void wake();

private:
    struct Slot {
        std::shared_ptr<SharedMemory> memory;
        std::uint32_t segment = 0;
    };
    void prepare();
    [[nodiscard]] std::optional<std::uint32_t> find_free() const;
    std::uint32_t wait_free();
    void provide(std::uint32_t slot, std::size_t size);

    const ShmPeer& peer_;
    std::shared_ptr<SharedMemory> memory_;
    std::atomic<ShmControl*> control_{nullptr};
    std::array<Slot, kShmSlots> slots_;
    AdaptiveWait wait_;
};

/// Frames from the peer.
class ShmReceiver {
public:
    explicit ShmReceiver(const ShmPeer& peer);

    std::optional<ReceivedFrame> receive(BufferPool& pool, std::uint64_t longest_payload,
                                         const FrameStream::Refuse& refuse);
    /// Makes a receive() that waits look whether the peer is gone.
    void wake();

private:
    struct State;
    bool take_offer(std::uint64_t longest_payload, bool may_be_silent);

    const ShmPeer& peer_;
    std::shared_ptr<State> state_;
    std::uint32_t consumed_ = 0;
    AdaptiveWait wait_;
};

}  // namespace carbonedge
