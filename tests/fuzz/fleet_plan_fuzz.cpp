// Fleet plans: JSON with whole plans inside.
#include "lib/partition/fleet_plan_file.h"
#include "tests/fuzz/round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    fuzz::round_trip(
        fuzz::text_of(bytes, size), [](std::string_view text) { return read_fleet_plan(text, "fuzz"); },
        [](const auto& value) { return write_fleet_plan(value); });
    return 0;
}
