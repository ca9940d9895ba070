// NumPy files: refused, or a tensor whose content is as large as its shape says.
#include "lib/tensor/tensor.h"
#include "tests/fuzz/round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    const auto tensor =
        fuzz::read_or_refuse(fuzz::text_of(bytes, size), [](std::string_view file) { return parse_npy(file, "fuzz"); });
    if (!tensor) return 0;
    const Bytes expected = tensor_bytes(tensor->dtype, tensor->shape);
    fuzz::require(expected.value() >= 0 && tensor->content.size() == static_cast<std::size_t>(expected.value()));
    fuzz::require(tensor->content.size() <= size);
    return 0;
}
