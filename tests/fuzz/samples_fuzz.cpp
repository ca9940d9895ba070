// Samples: JSON lines with embedded profiles, the last of which may be cut off.
#include "lib/profile/samples_file.h"
#include "tests/fuzz/round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    fuzz::round_trip(
        fuzz::text_of(bytes, size), [](std::string_view text) { return read_samples(text, "fuzz"); },
        [](const auto& value) { return write_samples(value); });
    return 0;
}
