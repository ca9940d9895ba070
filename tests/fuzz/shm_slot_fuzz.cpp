// Frames in shared memory: whatever a peer writes into a slot and says about it is refused, or read to tensors that lie
// within it.
#include "lib/base/errors.h"
#include "lib/transport/shm_slots.h"

#include <cstdlib>
#include <cstring>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    constexpr std::uint64_t kLongest = 1'000'000;
    // The first bytes are an offer and an entry, the rest is the slot.
    if (size < sizeof(ShmOffer) + sizeof(ShmEntry)) return 0;
    ShmOffer offer;
    std::memcpy(&offer, bytes, sizeof(offer));
    ShmEntry entry{};
    std::memcpy(&entry, bytes + sizeof(offer), sizeof(entry));
    const auto* slot = reinterpret_cast<const std::byte*>(bytes + sizeof(offer) + sizeof(entry));
    const std::size_t slot_size = size - sizeof(offer) - sizeof(entry);
    try {
        require_offer(offer, kLongest, "peer");
        if (offer.slot > kShmSlots || offer.size == 0 || offer.size > largest_slot(kLongest)) std::abort();
    } catch (const InputError&) {
    }
    try {
        const ReceivedFrame frame = read_slot(
            entry, slot, slot_size, kLongest, [](const FrameHead&) { return std::string(); }, "peer");
        std::uint64_t sum = 0;
        for (const TensorView& tensor : frame.tensors) {
            if (tensor.content < slot || tensor.content + tensor.size > slot + slot_size) std::abort();
            for (std::size_t i = 0; i < tensor.size; ++i) sum += std::to_integer<unsigned>(tensor.content[i]);
        }
        if (sum > kLongest * 255) std::abort();
    } catch (const InputError&) {  // the only thing that a reader of frames may throw
    }
    return 0;
}
