// Gate files: INI with shares and quantities.
#include "lib/gate/rules.h"
#include "tests/fuzz/round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    fuzz::round_trip(
        fuzz::text_of(bytes, size), [](std::string_view text) { return read_gate_rules(text, "fuzz"); },
        [](const auto& value) { return write_gate_rules(value); });
    return 0;
}
