// CPU time in the kernel's files: told as a finite number that is not negative, or not at all.
#include "lib/measure/cpu_time_files.h"
#include "tests/fuzz/round_trip.h"

#include <cmath>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    const std::string_view text = fuzz::text_of(bytes, size);
    for (const auto& used : {process_stat_cpu_time(text, 100), host_stat_cpu_time(text, 100), group_cpu_time(text)}) {
        if (used) fuzz::require(std::isfinite(used->count()) && used->count() >= 0);
    }
    return 0;
}
