// Run logs: JSON lines, the last of which may be cut off.
#include "lib/runlog/run_log_file.h"
#include "tests/fuzz/round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    fuzz::round_trip(
        fuzz::text_of(bytes, size), [](std::string_view text) { return read_run_log(text, "fuzz"); },
        [](const auto& value) { return write_run_log(value); });
    return 0;
}
