// Graphs of others: dnn-partitioning JSON.
#include "lib/dag/dnn_partitioning_file.h"
#include "tests/fuzz/round_trip.h"

/// The text is refused, or its graph has no circle and consumers that are there.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    const auto graph = fuzz::read_or_refuse(fuzz::text_of(bytes, size),
                                            [](std::string_view text) { return read_dnn_partitioning(text, "fuzz"); });
    if (!graph) return 0;
    fuzz::require(execution_order(*graph).size() == graph->operations.size());
    for (const Operation& operation : graph->operations) {
        for (const std::size_t consumer : operation.consumers) fuzz::require(consumer < graph->operations.size());
    }
    return 0;
}
