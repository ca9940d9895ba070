// Clusters: INI with quantities.
#include "lib/cluster/cluster_file.h"
#include "tests/fuzz/round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    fuzz::round_trip(
        fuzz::text_of(bytes, size),
        [](std::string_view text) { return read_cluster(text, "fuzz", keep_intensity_name); },
        [](const auto& value) { return write_cluster(value); });
    return 0;
}
