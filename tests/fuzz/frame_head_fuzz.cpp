// Frames between nodes: any bytes are refused, or read to bounded tensors, each of the bytes that its shape and type
// make, that add up to what the prefix has announced.
#include "lib/base/errors.h"
#include "lib/transport/frame.h"
#include "lib/transport/frame_bounds.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    constexpr std::uint64_t kLongest = 1'000'000;
    if (size < FramePrefix::kBytes) return 0;
    std::array<unsigned char, FramePrefix::kBytes> raw{};
    std::copy_n(bytes, raw.size(), raw.begin());
    try {
        const FramePrefix prefix = decode_frame_prefix(raw, kLongest, "peer");
        const std::string_view rest(reinterpret_cast<const char*>(bytes) + raw.size(), size - raw.size());
        const FrameHead head = decode_frame_head(rest.substr(0, prefix.head_bytes), prefix, "peer");
        std::uint64_t sum = 0;
        for (const FrameHead::Tensor& tensor : head.tensors) {
            if (tensor.bytes < 0 || tensor.shape.size() > kMostExtents) std::abort();
            if (tensor_bytes(tensor.dtype, tensor.shape).value() != tensor.bytes) std::abort();
            sum += static_cast<std::uint64_t>(tensor.bytes);
        }
        if (head.tensors.size() > kMostFrameTensors || head.stages.size() > kMostFrameStages) std::abort();
        if (sum != prefix.tensor_bytes || sum > kLongest) std::abort();
        // What was read can be sent on and read again.
        const std::string again = encode_frame_head(head);
        FramePrefix longer = prefix;
        FrameHead read = decode_frame_head(std::string_view(again).substr(raw.size()), longer, "peer");
        read.serialise = head.serialise;  // it has grown by what all this took
        if (!(read == head)) std::abort();
    } catch (const InputError&) {  // the only thing that a reader of frames may throw
    }
    return 0;
}
