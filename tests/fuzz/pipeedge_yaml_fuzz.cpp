// PipeEdge's files: YAML read as a problem (three texts, split at lines of '%') and as a schedule.
#include "lib/cluster/cluster_file.h"
#include "lib/exchange/pipeedge_problem.h"
#include "lib/exchange/pipeedge_schedule.h"
#include "lib/profile/profile_file.h"
#include "tests/fuzz/round_trip.h"

#include <array>

namespace {

using namespace carbonedge;

void read_problem(std::string_view text) {
    std::array<std::string, 3> parts;
    for (std::string& part : parts) {
        const std::size_t end = text.find("%\n");
        part = text.substr(0, end);
        text = end == std::string_view::npos ? "" : text.substr(end + 2);
    }
    PipeEdgeRequest request;
    request.model = "small";
    const auto problem = fuzz::read_or_refuse(parts[0], [&](std::string_view models) {
        return read_pipeedge_problem({std::string(models), "models"}, {parts[1], "types"}, {parts[2], "devices"},
                                     request, {});
    });
    if (!problem) return;
    fuzz::require(read_cluster(write_cluster(problem->cluster), "fuzz") == problem->cluster);
    for (const Profile& profile : problem->profiles) {
        fuzz::require(read_profile(write_profile(profile), "fuzz") == profile);
    }
}

void read_schedule(std::string_view text) {
    const auto stages =
        fuzz::read_or_refuse(text, [](std::string_view schedule) { return read_pipeedge_schedule(schedule, "fuzz"); });
    if (!stages) return;
    std::size_t begin = 0;
    for (const ForeignStage& stage : *stages) {
        fuzz::require(stage.layers.first == begin && stage.layers.end > begin);
        begin = stage.layers.end;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text = fuzz::text_of(bytes, size);
    read_problem(text);
    read_schedule(text);
    return 0;
}
