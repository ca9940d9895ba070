#include "lib/transport/shm_direction.h"

#include "lib/base/errors.h"
#include "lib/transport/clocks.h"
#include "lib/transport/socket_stream.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <algorithm>
#include <cerrno>
#include <cstring>

namespace carbonedge {
namespace {

constexpr const char* kRemedy = "see whether it still runs";
/// Slots that the receiving process may keep while it computes; what comes when so many are in use is copied out, so
/// that a queue of frames makes nobody wait for a slot.
constexpr int kKeptInPlace = 2;

/// Some more than is needed, so that sizes that vary a little need no new memory. Untouched pages cost nothing.
std::size_t grown(std::size_t size) {
    constexpr std::size_t kPage = 4096;
    return (size + size / 2 + kPage - 1) / kPage * kPage;
}

/// The control block lies in zeroed shared memory, whose objects are all implicitly there.
ShmControl* control_in(const SharedMemory& memory) { return reinterpret_cast<ShmControl*>(memory.bytes()); }

}  // namespace

// -- the peer --------------------------------------------------------------------------------------------------------

ShmPeer::ShmPeer(Descriptor socket, std::string name, Nanoseconds timeout)
    : socket_(std::move(socket)), name_(std::move(name)), timeout_(timeout) {
    set_socket_timeouts(socket_, timeout);
}

bool ShmPeer::gone() const {
    if (shut_down_.load()) return true;
    pollfd hung_up{socket_.number(), POLLRDHUP, 0};
    return ::poll(&hung_up, 1, 0) > 0;
}

void ShmPeer::shut_down() const {
    shut_down_.store(true);
    ::shutdown(socket_.number(), SHUT_RDWR);
}

void ShmPeer::offer(const ShmOffer& offer, const Descriptor& memory) const {
    ShmOffer sent = offer;
    iovec content{&sent, sizeof(sent)};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &content;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    const int number = memory.number();
    std::memcpy(CMSG_DATA(rights), &number, sizeof(number));
    if (::sendmsg(socket_.number(), &message, MSG_NOSIGNAL) != static_cast<ssize_t>(sizeof(sent))) {
        throw EnvironmentError(fmt::format("cannot send to {}: {}", name_, send_problem(errno)), kRemedy);
    }
}

std::optional<ShmPeer::Offered> ShmPeer::take_offer(bool may_be_silent) const {
    Offered offered;
    iovec content{&offered.offer, sizeof(offered.offer)};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &content;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t came = 0;
    do {
        came = ::recvmsg(socket_.number(), &message, MSG_CMSG_CLOEXEC);
    } while (came < 0 && (errno == EINTR || (may_be_silent && (errno == EAGAIN || errno == EWOULDBLOCK))));
    if (came == 0 || (came < 0 && errno == ECONNRESET)) return std::nullopt;
    if (came < 0) {
        throw EnvironmentError(fmt::format("cannot read from {}: it announced memory that does not come", name_),
                               kRemedy);
    }
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        int number = -1;
        std::memcpy(&number, CMSG_DATA(part), sizeof(number));
        offered.memory = Descriptor(number);
    }
    if (came != static_cast<ssize_t>(sizeof(offered.offer)) || !offered.memory.open()) {
        throw InputError(name_, 0, "what came is no offer of carbonedge's shared memory");
    }
    return offered;
}

// -- sending ---------------------------------------------------------------------------------------------------------

void ShmSender::prepare() {
    if (memory_) return;
    std::shared_ptr<SharedMemory> memory = SharedMemory::create(sizeof(ShmControl));
    ShmOffer offer;
    offer.slot = kShmSlots;
    offer.size = memory->size();
    peer_.offer(offer, memory->descriptor());  // where it fails, the next send tries again
    memory->close_descriptor();
    memory_ = std::move(memory);
    control_.store(control_in(*memory_));
}

std::optional<std::uint32_t> ShmSender::find_free() const {
    // The first, so that a peer that keeps up has the same memory, in its caches, again and again.
    for (std::uint32_t slot = 0; slot < kShmSlots; ++slot) {
        if (control_.load()->taken[slot].load(std::memory_order_acquire) == 0) return slot;
    }
    return std::nullopt;
}

std::uint32_t ShmSender::wait_free() {
    ShmControl& control = *control_.load();
    const Nanoseconds deadline = now_monotonic() + peer_.timeout();
    while (true) {
        const std::uint32_t seen = control.released.value.load();
        if (peer_.gone()) throw EnvironmentError(fmt::format("cannot send to {}: it is gone", peer_.name()), kRemedy);
        if (const std::optional<std::uint32_t> slot = find_free()) return *slot;
        if (!wait_.wait(control.released, seen, deadline, [this] { return peer_.gone(); }) && !peer_.gone()) {
            throw EnvironmentError(fmt::format("cannot send to {}: it does not read", peer_.name()), kRemedy);
        }
    }
}

void ShmSender::provide(std::uint32_t slot, std::size_t size) {
    Slot& provided = slots_[slot];
    if (provided.memory && provided.memory->size() >= size) return;
    std::shared_ptr<SharedMemory> memory = SharedMemory::create(grown(size));
    ShmOffer offer;
    offer.slot = slot;
    offer.segment = provided.segment + 1;
    offer.size = memory->size();
    peer_.offer(offer, memory->descriptor());
    memory->close_descriptor();
    provided.memory = std::move(memory);
    ++provided.segment;
}

void ShmSender::send(const FrameHead& head, const std::vector<TensorView>& tensors) {
    prepare();
    const std::string encoded = encode_frame_head(head);
    const ShmLayout layout = shm_layout(tensors, encoded.size());
    const std::uint32_t slot = wait_free();
    provide(slot, layout.size);
    std::byte* bytes = slots_[slot].memory->bytes();
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        if (tensors[i].size > 0) std::memcpy(bytes + layout.tensors_at[i], tensors[i].content, tensors[i].size);
    }
    std::memcpy(bytes + layout.head_at, encoded.data(), encoded.size());

    ShmControl& control = *control_.load();
    const std::uint32_t frame = control.published.value.load(std::memory_order_relaxed);
    control.entries[frame % kShmSlots] = {slot, slots_[slot].segment, layout.head_at, encoded.size()};
    control.taken[slot].store(1, std::memory_order_release);
    control.published.advance();
}

void ShmSender::wake() {
    if (ShmControl* control = control_.load()) control->released.wake();
}

// -- receiving -------------------------------------------------------------------------------------------------------

/// Outlives the stream where frames are still in use.
struct ShmReceiver::State {
    struct Slot {
        std::shared_ptr<SharedMemory> memory;
        std::uint32_t segment = 0;
    };
    std::shared_ptr<SharedMemory> memory;
    std::atomic<ShmControl*> control{nullptr};
    std::array<Slot, kShmSlots> slots;
    std::atomic<int> kept{0};

    void release(std::uint32_t slot) {
        control.load()->taken[slot].store(0, std::memory_order_release);
        control.load()->released.advance();
    }
};

ShmReceiver::ShmReceiver(const ShmPeer& peer) : peer_(peer), state_(std::make_shared<State>()) {}

void ShmReceiver::wake() {
    if (ShmControl* control = state_->control.load()) control->published.wake();
}

bool ShmReceiver::take_offer(std::uint64_t longest_payload, bool may_be_silent) {
    std::optional<ShmPeer::Offered> offered = peer_.take_offer(may_be_silent);
    if (!offered) return false;
    require_offer(offered->offer, longest_payload, peer_.name());
    const ShmOffer& offer = offered->offer;
    std::shared_ptr<SharedMemory> memory =
        SharedMemory::adopt(std::move(offered->memory), static_cast<std::size_t>(offer.size), peer_.name());
    memory->close_descriptor();
    if (offer.slot == kShmSlots) {
        if (state_->memory) throw InputError(peer_.name(), 0, "offered its control block twice");
        state_->memory = std::move(memory);
        state_->control.store(control_in(*state_->memory));
    } else {
        state_->slots[offer.slot] = {std::move(memory), offer.segment};
    }
    return true;
}

std::optional<ReceivedFrame> ShmReceiver::receive(BufferPool& pool, std::uint64_t longest_payload,
                                                  const FrameStream::Refuse& refuse) {
    while (!state_->memory) {
        if (!take_offer(longest_payload, true)) return std::nullopt;
    }
    ShmControl& control = *state_->control.load();
    if (!wait_.wait(control.published, consumed_, Nanoseconds(0), [this] { return peer_.gone(); })) return std::nullopt;
    const ShmEntry entry = control.entries[consumed_ % kShmSlots];
    ++consumed_;
    if (entry.slot >= kShmSlots) throw InputError(peer_.name(), 0, "a frame lies in no slot");
    const State::Slot& slot = state_->slots[entry.slot];
    while (!slot.memory || slot.segment != entry.segment) {
        if (!take_offer(longest_payload, false)) {
            throw EnvironmentError(fmt::format("{} went away in the middle of a frame", peer_.name()), kRemedy);
        }
    }
    ReceivedFrame frame =
        read_slot(entry, slot.memory->bytes(), slot.memory->size(), longest_payload, refuse, peer_.name());
    if (frame.tensors.empty()) {
        state_->release(entry.slot);
        return frame;
    }
    if (state_->kept.fetch_add(1) < kKeptInPlace) {
        frame.owner = std::shared_ptr<const void>(
            slot.memory->bytes(), [state = state_, memory = slot.memory, index = entry.slot](const void*) {
                state->kept.fetch_sub(1);
                state->release(index);
            });
        return frame;
    }
    state_->kept.fetch_sub(1);
    std::size_t needed = 0;
    for (const TensorView& tensor : frame.tensors) needed = TensorBuffer::aligned(needed + tensor.size);
    const std::shared_ptr<TensorBuffer> buffer = pool.take(needed);
    std::size_t used = 0;
    for (TensorView& tensor : frame.tensors) {
        if (tensor.size > 0) std::memcpy(buffer->bytes() + used, tensor.content, tensor.size);
        tensor.content = buffer->bytes() + used;
        used = TensorBuffer::aligned(used + tensor.size);
    }
    state_->release(entry.slot);
    frame.owner = buffer;
    frame.received = now_monotonic();
    return frame;
}

}  // namespace carbonedge
