#include "lib/transport/frame.h"

#include "lib/base/errors.h"
#include "lib/base/random.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <cstring>
#include <functional>
#include <string>

namespace carbonedge {
namespace {

FrameHead example_head() {
    FrameHead head;
    head.request = 7;
    head.pipeline = 2;
    head.handed_over = Nanoseconds(123'456'789);
    head.deadline = Nanoseconds(223'456'789);
    head.stages = {{"green", Nanoseconds(1), Nanoseconds(2), Nanoseconds(3), Nanoseconds(4), Bytes(5), Bytes(6), 4},
                   {"brown", Nanoseconds(1), Nanoseconds(2), Nanoseconds(3), Nanoseconds(4), Bytes(5), Bytes(6)}};
    head.tensors = {{DType::kFloat32, {1, 3, 2}, 24}, {DType::kInt64, {}, 8}};
    return head;
}

struct Split {
    std::array<unsigned char, FramePrefix::kBytes> prefix{};
    std::string head;
};

Split split(const std::string& bytes) {
    Split parts;
    std::memcpy(parts.prefix.data(), bytes.data(), parts.prefix.size());
    parts.head = bytes.substr(parts.prefix.size());
    return parts;
}

TEST_CASE("a frame head comes back as it was") {
    for (const bool failed : {false, true}) {
        FrameHead head = example_head();
        if (failed) {
            head.tensors.clear();
            head.error = "node 'green': out of range";
            head.dropped = true;
        }
        const Split parts = split(encode_frame_head(head));
        const FramePrefix prefix = decode_frame_prefix(parts.prefix, 32, "peer");
        CHECK(prefix.head_bytes == parts.head.size());
        CHECK(prefix.tensor_bytes == (failed ? 0 : 32));
        FrameHead read = decode_frame_head(parts.head, prefix, "peer");
        CHECK(read.serialise > head.serialise);
        read.serialise = head.serialise;
        CHECK(read == head);
    }
}

TEST_CASE("a frame beyond its bounds is refused before memory is taken for it") {
    const Split parts = split(encode_frame_head(example_head()));
    CHECK_THROWS_WITH_AS(decode_frame_prefix(parts.prefix, 31, "peer"),
                         "peer: a frame with 32 bytes of tensors came, at most 31 are taken", InputError);
    auto huge_head = parts.prefix;
    huge_head[6] = 2;  // 131072 and more
    CHECK_THROWS_AS(decode_frame_prefix(huge_head, 1000, "peer"), InputError);
    auto other = parts.prefix;
    other[0] = 'X';
    CHECK_THROWS_WITH_AS(decode_frame_prefix(other, 1000, "peer"), "peer: what came is not a carbonedge frame",
                         InputError);
}

TEST_CASE("tensors that do not add up to the prefix are refused") {
    const Split parts = split(encode_frame_head(example_head()));
    FramePrefix prefix = decode_frame_prefix(parts.prefix, 1000, "peer");
    for (const std::uint64_t wrong : {0U, 31U, 33U}) {
        prefix.tensor_bytes = wrong;
        CHECK_THROWS_AS(decode_frame_head(parts.head, prefix, "peer"), InputError);
    }
}

TEST_CASE("every field of a head is bounded") {
    struct Case {
        const char* what;
        std::function<void(FrameHead&)> spoil;
        const char* problem;
    };
    const std::vector<Case> cases{
        {"tensors", [](FrameHead& head) { head.tensors.resize(1025); }, "1025 tensors came, at most 1024 are taken"},
        {"stages", [](FrameHead& head) { head.stages.resize(1025); },
         "1025 stages' times came, at most 1024 are taken"},
        {"rank", [](FrameHead& head) { head.tensors[0].shape.assign(33, 1); },
         "33 extents of a tensor came, at most 32 are taken"},
        {"negative extents",
         [](FrameHead& head) {
             head.tensors[0].shape = {-2, -3};
         },
         "a tensor of 24 bytes came that its shape and type do not make"},
        {"extents beyond any number", [](FrameHead& head) { head.tensors[0].shape.assign(4, std::int64_t{1} << 40U); },
         "a tensor of 24 bytes came that its shape and type do not make"},
        {"more bytes than its shape", [](FrameHead& head) { head.tensors[0].bytes = 28; },
         "a tensor of 28 bytes came that its shape and type do not make"},
        {"fewer bytes than its shape", [](FrameHead& head) { head.tensors[0].dtype = DType::kFloat64; },
         "a tensor of 24 bytes came that its shape and type do not make"},
        {"negative bytes", [](FrameHead& head) { head.tensors[0].bytes = -24; }, "a tensor of negative size came"},
    };
    for (const Case& bad : cases) {
        CAPTURE(bad.what);
        FrameHead head = example_head();
        bad.spoil(head);
        const Split parts = split(encode_frame_head(head));
        FramePrefix prefix;
        prefix.head_bytes = static_cast<std::uint32_t>(parts.head.size());
        prefix.tensor_bytes = 32;
        CHECK_THROWS_WITH_AS(decode_frame_head(parts.head, prefix, "peer"),
                             (std::string("peer: ") + bad.problem).c_str(), InputError);
    }
}

TEST_CASE("a damaged frame head is refused or read, never more") {
    const Split parts = split(encode_frame_head(example_head()));
    const FramePrefix prefix = decode_frame_prefix(parts.prefix, 1000, "peer");
    SeededRandom random(1);
    int refused = 0;
    for (int i = 0; i < 5000; ++i) {
        std::string damaged = parts.head;
        for (int change = 0; change < 3; ++change) {
            damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
        }
        if (random.below(4) == 0) damaged.resize(random.below(damaged.size()));
        try {
            const FrameHead head = decode_frame_head(damaged, prefix, "peer");
            std::int64_t sum = 0;
            for (const FrameHead::Tensor& tensor : head.tensors) sum += tensor.bytes;
            CHECK(static_cast<std::uint64_t>(sum) == prefix.tensor_bytes);
        } catch (const InputError&) {
            ++refused;
        }
    }
    CHECK(refused > 1000);
}

}  // namespace
}  // namespace carbonedge
