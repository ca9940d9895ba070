// Plans that somebody wrote as a list of stages.
#include "lib/exchange/foreign_problem.h"
#include "lib/exchange/stage_list.h"
#include "tests/fuzz/round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    static const Profile profile =
        chain_profile({{"a", 1, 1, 1}, {"b", 1, 1, 1}, {"c", 1, 1, 1}, {"d", 1, 1, 1}}, 1, "m", "m");
    const auto stages = fuzz::read_or_refuse(
        fuzz::text_of(bytes, size), [](std::string_view text) { return read_stage_list(text, "fuzz", profile); });
    if (!stages) return 0;
    std::size_t begin = 0;
    for (const ForeignStage& stage : *stages) {
        fuzz::require(stage.layers.first == begin && stage.layers.end > begin && stage.layers.end <= 4);
        begin = stage.layers.end;
    }
    return 0;
}
