// Addresses of nodes that run already: INI.
#include "lib/cluster/node_addresses_file.h"
#include "tests/fuzz/round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    fuzz::round_trip(
        fuzz::text_of(bytes, size), [](std::string_view text) { return read_node_addresses(text, "fuzz"); },
        [](const auto& value) { return write_node_addresses(value); });
    return 0;
}
