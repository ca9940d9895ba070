// Plans of graphs: JSON with the graph inside.
#include "lib/dag/graph_plan_file.h"
#include "tests/fuzz/round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    fuzz::round_trip(
        fuzz::text_of(bytes, size), [](std::string_view text) { return read_graph_plan(text, "fuzz"); },
        [](const auto& value) { return write_graph_plan(value); });
    return 0;
}
