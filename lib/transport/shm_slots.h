#pragma once

#include "lib/transport/frame_stream.h"
#include "lib/transport/shared_memory.h"
#include "lib/transport/shared_wait.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace carbonedge {

/// Frames on their way to a peer; more make the sender wait.
constexpr std::size_t kShmSlots = 4;

/// What the sender says about a frame: in which slot it lies, and where its head is. The tensors start the slot, each
/// aligned as in a TensorBuffer; the head follows them.
struct ShmEntry {
    std::uint32_t slot;
    std::uint32_t segment;  ///< which memory the slot has: one that is too small is replaced
    std::uint64_t head_at;
    std::uint64_t head_bytes;  ///< prefix included
};

/// One direction of a stream, shared by both processes. All of it starts as zeros.
struct ShmControl {
    alignas(64) SharedNumber published;  ///< frames since the start; entry i lies at i % kShmSlots
    alignas(64) SharedNumber released;   ///< frames whose slot is free again
    alignas(64) std::array<ShmEntry, kShmSlots> entries;
    alignas(64) std::array<std::atomic<std::uint32_t>, kShmSlots> taken;
};

/// What passes over the socket beside a descriptor: memory for a slot, or for the control (slot kShmSlots).
struct ShmOffer {
    static constexpr std::uint32_t kMagic = 0x31534543;  // "CES1"
    std::uint32_t magic = kMagic;
    std::uint32_t slot = 0;
    std::uint32_t segment = 0;
    std::uint32_t unused = 0;
    std::uint64_t size = 0;
};

/// Where the tensors and the head of a frame go in a slot.
struct ShmLayout {
    std::vector<std::size_t> tensors_at;
    std::size_t head_at = 0;
    std::size_t size = 0;
};
ShmLayout shm_layout(const std::vector<TensorView>& tensors, std::size_t head_bytes);

/// Most bytes that a slot has for tensors of `longest_payload`.
std::size_t largest_slot(std::uint64_t longest_payload);

/// Throws InputError where an offer is not one, or of more memory than frames may need.
void require_offer(const ShmOffer& offer, std::uint64_t longest_payload, const std::string& peer);

/// Reads a frame in place, from the memory of its slot. `entry` is a copy: the peer can change the original meanwhile,
/// and what it does to the tensors is its own loss. Throws InputError where the frame does not lie within `size`.
ReceivedFrame read_slot(const ShmEntry& entry, const std::byte* slot, std::size_t size, std::uint64_t longest_payload,
                        const FrameStream::Refuse& refuse, const std::string& peer);

}  // namespace carbonedge
