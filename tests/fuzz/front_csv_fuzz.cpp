// A front: any text is refused, or gives as many plans as it has rows, none of them below zero.
#include "lib/report/front_file.h"
#include "tests/fuzz/round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    const auto plans = fuzz::read_or_refuse(fuzz::text_of(bytes, size),
                                            [](std::string_view text) { return read_front(text, "fuzz"); });
    if (!plans) return 0;
    for (const FrontPlan& plan : *plans) {
        fuzz::require(plan.latency.count() >= 0);
        fuzz::require(plan.carbon.value() >= 0);
    }
    return 0;
}
