#include "lib/transport/shm_slots.h"

#include "lib/base/errors.h"
#include "lib/transport/clocks.h"

#include <fmt/format.h>
#include <array>
#include <cstring>

namespace carbonedge {
namespace {

/// Tensors of a frame: as many as a head has room to describe, with what aligning them takes.
constexpr std::size_t kMostPadding = FramePrefix::kLongestHead / 4 * TensorBuffer::kAlignment;

}  // namespace

ShmLayout shm_layout(const std::vector<TensorView>& tensors, std::size_t head_bytes) {
    ShmLayout layout;
    std::size_t used = 0;
    for (const TensorView& tensor : tensors) {
        layout.tensors_at.push_back(used);
        used = TensorBuffer::aligned(used + tensor.size);
    }
    layout.head_at = used;
    layout.size = used + head_bytes;
    return layout;
}

std::size_t largest_slot(std::uint64_t longest_payload) {
    // A slot has up to a half more than what first needed it, see grown().
    return 2 * (static_cast<std::size_t>(longest_payload) + kMostPadding + FramePrefix::kLongestHead);
}

void require_offer(const ShmOffer& offer, std::uint64_t longest_payload, const std::string& peer) {
    const bool control = offer.slot == kShmSlots && offer.size == sizeof(ShmControl);
    const bool slot = offer.slot < kShmSlots && offer.size > 0 && offer.size <= largest_slot(longest_payload);
    if (offer.magic != ShmOffer::kMagic || !(control || slot)) {
        throw InputError(peer, 0, "what came is no offer of carbonedge's shared memory, or of too much");
    }
}

ReceivedFrame read_slot(const ShmEntry& entry, const std::byte* slot, std::size_t size, std::uint64_t longest_payload,
                        const FrameStream::Refuse& refuse, const std::string& peer) {
    constexpr std::size_t kLongest = FramePrefix::kBytes + FramePrefix::kLongestHead;
    if (entry.head_bytes < FramePrefix::kBytes || entry.head_bytes > kLongest || entry.head_at > size ||
        entry.head_bytes > size - entry.head_at) {
        throw InputError(peer, 0, "a frame lies outside of its slot");
    }
    const std::string raw(reinterpret_cast<const char*>(slot + entry.head_at),
                          static_cast<std::size_t>(entry.head_bytes));
    std::array<unsigned char, FramePrefix::kBytes> raw_prefix{};
    std::memcpy(raw_prefix.data(), raw.data(), raw_prefix.size());
    const FramePrefix prefix = decode_frame_prefix(raw_prefix, longest_payload, peer);
    if (prefix.head_bytes != raw.size() - raw_prefix.size()) {
        throw InputError(peer, 0, "a frame's head is not as long as its prefix says");
    }
    ReceivedFrame frame;
    frame.head = decode_frame_head(std::string_view(raw).substr(raw_prefix.size()), prefix, peer);
    frame.refusal = refuse(frame.head);
    if (frame.refusal.empty()) {
        std::size_t used = 0;
        for (const FrameHead::Tensor& tensor : frame.head.tensors) {
            const auto bytes = static_cast<std::size_t>(tensor.bytes);
            if (used > entry.head_at || bytes > entry.head_at - used) {
                throw InputError(peer, 0, "a frame's tensors lie outside of its slot");
            }
            frame.tensors.push_back({tensor.dtype, tensor.shape, slot + used, bytes});
            used = TensorBuffer::aligned(used + bytes);
        }
    }
    frame.received = now_monotonic();
    return frame;
}

}  // namespace carbonedge
