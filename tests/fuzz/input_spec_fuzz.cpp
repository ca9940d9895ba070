// Input specifications as typed: refused with a UsageError, or written to a text that reads back alike.
#include "lib/tensor/tensor.h"
#include "tests/fuzz/round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    std::string written;
    try {
        written = input_spec_text(parse_input_spec(fuzz::text_of(bytes, size)));
    } catch (const UsageError& error) {
        fuzz::require(!std::string_view(error.what()).empty());
        return 0;
    }
    fuzz::require(input_spec_text(parse_input_spec(written)) == written);
    return 0;
}
