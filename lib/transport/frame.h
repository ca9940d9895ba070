#pragma once

#include "lib/runlog/run_log.h"
#include "lib/tensor/tensor.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// What travels before the tensors of a frame: which request, what the stages so far took.
struct FrameHead {
    struct Tensor {
        DType dtype = DType::kFloat32;
        std::vector<std::int64_t> shape;
        std::int64_t bytes = 0;
        bool operator==(const Tensor&) const = default;
    };

    std::int64_t request = 0;
    std::int32_t pipeline = 0;
    Nanoseconds handed_over{0};  ///< CLOCK_MONOTONIC at the sender
    std::vector<StageRecord> stages;
    std::vector<Tensor> tensors;
    std::string error;  ///< the request failed; there are no tensors
    /// CLOCK_MONOTONIC at the sender, by when the answer must be at the gateway; 0 for whenever.
    Nanoseconds deadline{0};
    bool dropped = false;  ///< failed because it could not make its deadline
    /// Time of sender and receiver on this head, and on copies of the tensors before they were sent. When it is sent:
    /// what was spent already.
    Nanoseconds serialise{0};

    bool operator==(const FrameHead&) const = default;
};

/// A frame is this prefix (magic, size of the head, size of the tensors, little endian), the head, the tensors one
/// after the other.
struct FramePrefix {
    static constexpr std::size_t kBytes = 16;
    /// No head is longer; it grows with the number of stages and tensors only.
    static constexpr std::uint32_t kLongestHead = 64 * 1024;

    std::uint32_t head_bytes = 0;
    std::uint64_t tensor_bytes = 0;
};

/// Prefix and head, ready to be sent in front of the tensors. The head tells `serialise` with what encoding it took.
std::string encode_frame_head(const FrameHead& head);

/// Throws InputError where the bytes are not a frame's, or sizes are beyond the bounds.
FramePrefix decode_frame_prefix(const std::array<unsigned char, FramePrefix::kBytes>& bytes,
                                std::uint64_t longest_payload, const std::string& peer);
/// `serialise` has what decoding took besides. Throws InputError where it is malformed or its tensors do not add up to
/// `prefix`.
FrameHead decode_frame_head(std::string_view bytes, const FramePrefix& prefix, const std::string& peer);

}  // namespace carbonedge
