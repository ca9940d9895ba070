// Whatever a client sends is read within its bounds or refused; what is read can be packed as any type, or is refused.
#include "lib/runtime/inference_json.h"
#include "tests/fuzz/round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    constexpr std::size_t kMostValues = 64;
    InferenceJson request;
    const std::string problem = parse_inference_json(fuzz::text_of(bytes, size), kMostValues, request);
    std::size_t values = 0;
    for (const InferenceJson::Input& input : request.inputs) {
        values += input.data.size();
        if (!problem.empty()) continue;
        for (const DType dtype : {DType::kFloat32, DType::kFloat16, DType::kInt64, DType::kInt8, DType::kBool}) {
            std::vector<std::byte> packed;
            const std::string misfit = pack_data(input, dtype, packed);
            const auto expected = input.data.size() * static_cast<std::size_t>(dtype_size_bytes(dtype));
            fuzz::require(!misfit.empty() || packed.size() == expected);
        }
    }
    fuzz::require(values <= kMostValues);
    return 0;
}
