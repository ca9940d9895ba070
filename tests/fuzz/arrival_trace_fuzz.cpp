// Recorded loads: any bytes are refused, or read to offsets that ascend from 0.
#include "lib/base/errors.h"
#include "lib/runtime/arrival_trace.h"
#include "tests/fuzz/round_trip.h"

#include <algorithm>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    const std::string_view text = fuzz::text_of(bytes, size);
    for (const TraceColumn& wanted : {TraceColumn{}, TraceColumn{"a", "s"}}) {
        try {
            const ArrivalTrace trace = read_arrival_trace(text, "fuzz", wanted);
            if (trace.offsets.empty() || trace.offsets.front().count() != 0) std::abort();
            if (!std::is_sorted(trace.offsets.begin(), trace.offsets.end())) std::abort();
        } catch (const InputError&) {  // the only thing that a reader may throw
        }
    }
    return 0;
}
