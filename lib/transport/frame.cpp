#include "lib/transport/frame.h"

#include "lib/base/errors.h"
#include "lib/transport/clocks.h"
#include "lib/transport/frame_bounds.h"
#include "lib/transport/proto/frame.pb.h"

#include <fmt/format.h>
#include <algorithm>
#include <optional>

namespace carbonedge {
namespace {

constexpr std::array<unsigned char, 4> kMagic = {'C', 'E', 'F', '1'};

template <class Integer>
void put(std::string& bytes, Integer number) {
    for (std::size_t i = 0; i < sizeof(Integer); ++i) bytes += static_cast<char>((number >> (8 * i)) & 0xFFU);
}

template <class Integer>
Integer get(const unsigned char* bytes) {
    Integer number = 0;
    for (std::size_t i = 0; i < sizeof(Integer); ++i) number |= static_cast<Integer>(bytes[i]) << (8 * i);
    return number;
}

/// The field that is known when all others are written: its key, and eight bytes.
constexpr char kSerialiseKey = static_cast<char>((wire::FrameMeta::kSerialiseNsFieldNumber << 3) | 1);
constexpr std::size_t kSerialiseBytes = 9;
/// What a peer says of itself is no more than this, so that sums stay sums.
constexpr Nanoseconds kMostSerialise = std::chrono::hours(1);

Nanoseconds believable(std::int64_t told) { return std::clamp(Nanoseconds(told), Nanoseconds(0), kMostSerialise); }

/// One a thread, used again and again: parsing into fresh memory is half of what a small frame costs.
wire::FrameMeta& cleared_meta() {
    static thread_local wire::FrameMeta meta;
    meta.Clear();
    return meta;
}

/// Bytes of a tensor; nothing where the shape is none, or more than anybody could send.
std::optional<std::int64_t> bytes_of(DType dtype, const std::vector<std::int64_t>& shape) {
    std::int64_t bytes = dtype_size_bytes(dtype);
    for (const std::int64_t extent : shape) {
        if (extent < 0 || __builtin_mul_overflow(bytes, extent, &bytes)) return std::nullopt;
    }
    return bytes;
}

void require_bounded(const wire::FrameMeta& meta, const std::string& peer) {
    const auto require = [&](int count, int most, const char* what) {
        if (count > most) throw InputError(peer, 0, fmt::format("{} {} came, at most {} are taken", count, what, most));
    };
    require(meta.tensors_size(), kMostFrameTensors, "tensors");
    require(meta.stages_size(), kMostFrameStages, "stages' times");
    for (const wire::TensorHead& tensor : meta.tensors())
        require(tensor.shape_size(), kMostExtents, "extents of a tensor");
}

}  // namespace

std::string encode_frame_head(const FrameHead& head) {
    const Nanoseconds start = now_monotonic();
    wire::FrameMeta& meta = cleared_meta();
    meta.set_request(head.request);
    meta.set_pipeline(head.pipeline);
    meta.set_handed_over_ns(head.handed_over.count());
    meta.set_error(head.error);
    meta.set_deadline_ns(head.deadline.count());
    meta.set_dropped(head.dropped);
    for (const StageRecord& stage : head.stages) {
        wire::StageTiming& timing = *meta.add_stages();
        timing.set_node(stage.node);
        timing.set_transfer_ns(stage.transfer.count());
        timing.set_queue_ns(stage.queue.count());
        timing.set_compute_ns(stage.compute.count());
        timing.set_cpu_ns(stage.cpu.count());
        timing.set_input_bytes(stage.input_bytes.value());
        timing.set_output_bytes(stage.output_bytes.value());
        if (stage.batch != 1) timing.set_batch(stage.batch);
        if (stage.serialise) timing.set_serialise_ns(stage.serialise->count());
    }
    std::uint64_t payload = 0;
    for (const FrameHead::Tensor& tensor : head.tensors) {
        wire::TensorHead& described = *meta.add_tensors();
        described.set_datatype(std::string(protocol_dtype_name(tensor.dtype)));
        for (const std::int64_t extent : tensor.shape) described.add_shape(extent);
        described.set_bytes(tensor.bytes);
        payload += static_cast<std::uint64_t>(tensor.bytes);
    }
    const std::size_t size = meta.ByteSizeLong() + kSerialiseBytes;
    std::string bytes;
    bytes.reserve(FramePrefix::kBytes + size);
    bytes.append(kMagic.begin(), kMagic.end());
    put(bytes, static_cast<std::uint32_t>(size));
    put(bytes, payload);
    meta.AppendToString(&bytes);
    bytes += kSerialiseKey;
    put(bytes, static_cast<std::uint64_t>((believable(head.serialise.count()) + now_monotonic() - start).count()));
    return bytes;
}

FramePrefix decode_frame_prefix(const std::array<unsigned char, FramePrefix::kBytes>& bytes,
                                std::uint64_t longest_payload, const std::string& peer) {
    if (!std::equal(kMagic.begin(), kMagic.end(), bytes.begin())) {
        throw InputError(peer, 0, "what came is not a carbonedge frame");
    }
    FramePrefix prefix;
    prefix.head_bytes = get<std::uint32_t>(bytes.data() + 4);
    prefix.tensor_bytes = get<std::uint64_t>(bytes.data() + 8);
    if (prefix.head_bytes > FramePrefix::kLongestHead) {
        throw InputError(peer, 0,
                         fmt::format("a frame head of {} bytes came, at most {} are taken", prefix.head_bytes,
                                     FramePrefix::kLongestHead));
    }
    if (prefix.tensor_bytes > longest_payload) {
        throw InputError(peer, 0,
                         fmt::format("a frame with {} bytes of tensors came, at most {} are taken", prefix.tensor_bytes,
                                     longest_payload));
    }
    return prefix;
}

FrameHead decode_frame_head(std::string_view bytes, const FramePrefix& prefix, const std::string& peer) {
    const Nanoseconds start = now_monotonic();
    wire::FrameMeta& meta = cleared_meta();
    if (!meta.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        throw InputError(peer, 0, "a malformed frame head came");
    }
    require_bounded(meta, peer);
    FrameHead head;
    head.request = meta.request();
    head.pipeline = meta.pipeline();
    head.handed_over = Nanoseconds(meta.handed_over_ns());
    head.error = meta.error();
    head.deadline = Nanoseconds(meta.deadline_ns());
    head.dropped = meta.dropped();
    for (const wire::StageTiming& timing : meta.stages()) {
        head.stages.push_back({timing.node(), Nanoseconds(timing.transfer_ns()), Nanoseconds(timing.queue_ns()),
                               Nanoseconds(timing.compute_ns()), Nanoseconds(timing.cpu_ns()),
                               Bytes(timing.input_bytes()), Bytes(timing.output_bytes()),
                               std::max<std::int64_t>(timing.batch(), 1)});
        if (timing.has_serialise_ns()) head.stages.back().serialise = believable(timing.serialise_ns());
    }
    std::uint64_t payload = 0;
    for (const wire::TensorHead& described : meta.tensors()) {
        const std::optional<DType> dtype = dtype_from_protocol_name(described.datatype());
        if (!dtype) throw InputError(peer, 0, fmt::format("a tensor of unknown type '{}' came", described.datatype()));
        if (described.bytes() < 0) throw InputError(peer, 0, "a tensor of negative size came");
        head.tensors.push_back({*dtype, {described.shape().begin(), described.shape().end()}, described.bytes()});
        if (bytes_of(*dtype, head.tensors.back().shape) != described.bytes()) {
            throw InputError(
                peer, 0,
                fmt::format("a tensor of {} bytes came that its shape and type do not make", described.bytes()));
        }
        payload += static_cast<std::uint64_t>(described.bytes());
        if (payload > prefix.tensor_bytes) break;
    }
    if (payload != prefix.tensor_bytes) {
        throw InputError(
            peer, 0,
            fmt::format("a frame's tensors add up to {} bytes, its prefix says {}", payload, prefix.tensor_bytes));
    }
    head.serialise = believable(meta.serialise_ns()) + now_monotonic() - start;
    return head;
}

}  // namespace carbonedge
