// Graphs of PipeDream's profiler.
#include "lib/exchange/pipedream_graph.h"
#include "lib/profile/profile_file.h"
#include "tests/fuzz/round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    const auto problem = fuzz::read_or_refuse(fuzz::text_of(bytes, size), [](std::string_view text) {
        return read_pipedream_graph({std::string(text), "fuzz"}, {}, {});
    });
    if (!problem) return 0;
    const Profile& profile = problem->profiles.front();
    fuzz::require(read_profile(write_profile(profile), "fuzz") == profile);
    return 0;
}
