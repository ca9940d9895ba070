#include "lib/exchange/pipeedge_problem.h"
#include "lib/planner/exact_planner.h"
#include "lib/verify/bottleneck_bound.h"
#include "lib/verify/verify.h"
#include "tests/support/shared_inputs.h"
#include "tests/support/skip.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using namespace carbonedge;

namespace {

NamedText shared_text(const std::filesystem::path& folder, const std::string& name) {
    std::ostringstream text;
    text << std::ifstream(folder / name).rdbuf();
    return {text.str(), name};
}

/// So many Minnowboards, so many RCC-VEs.
std::string devices_of(int boards, int servers) {
    std::string text;
    for (const auto& [type, prefix, count] :
         {std::tuple{"Minnowboard-E3845", "mb", boards}, std::tuple{"RCC-VE-C2000", "rcc", servers}}) {
        text += fmt::format("{}:\n", type);
        for (int host = 0; host < count; ++host) text += fmt::format("- {}-{}\n", prefix, host);
    }
    return text;
}

Plan best_plan(const ForeignProblem& foreign) {
    PlanningProblem problem;
    problem.cluster = foreign.cluster;
    problem.profiles = foreign.profiles;
    problem.node_profile = foreign.node_profile;
    problem.objective = Objective::kBottleneck;
    return std::get<Plan>(plan_exactly(problem, "best"));
}

}  // namespace

TEST_CASE("the optima of PipeEdge's own data come out to six digits") {
    const auto folder = shared_input("planner/pipeedge");
    if (!folder) {
        skip_test("no planner/pipeedge under CARBONEDGE_SHARED_DATA");
        return;
    }
    struct Mix {
        const char* model;
        int boards, servers;
        double seconds;  ///< ViT-L and 4 + 4 of ViT-B: of another exact solver; the exhaustion below proves all of them
    };
    const std::vector<Mix> mixes{
        {"google/vit-base-patch16-224", 1, 1, 5.843967},   {"google/vit-base-patch16-224", 2, 1, 4.130705},
        {"google/vit-base-patch16-224", 1, 2, 3.765706},   {"google/vit-base-patch16-224", 2, 2, 2.936569},
        {"google/vit-base-patch16-224", 4, 4, 1.548760},   {"google/vit-base-patch16-224", 3, 5, 1.437983},
        {"google/vit-base-patch16-224", 8, 8, 0.800788},   {"google/vit-large-patch16-224", 1, 1, 19.908543},
        {"google/vit-large-patch16-224", 2, 1, 13.838207}, {"google/vit-large-patch16-224", 1, 2, 12.904628},
        {"google/vit-large-patch16-224", 2, 2, 9.962454},  {"google/vit-large-patch16-224", 4, 4, 5.042833},
        {"google/vit-large-patch16-224", 3, 5, 4.948936},  {"google/vit-large-patch16-224", 8, 8, 2.573220},
    };
    const NamedText models = shared_text(*folder, "models.yml");
    const NamedText types = shared_text(*folder, "device_types.yml");
    for (const Mix& mix : mixes) {
        CAPTURE(mix.model);
        CAPTURE(mix.boards);
        CAPTURE(mix.servers);
        PipeEdgeRequest request;
        request.model = mix.model;
        const ForeignProblem problem =
            read_pipeedge_problem(models, types, {devices_of(mix.boards, mix.servers), "devices.yml"}, request, {});
        CHECK(problem.remarks.empty());
        const Plan plan = best_plan(problem);
        CHECK(std::abs(plan.certificate.value - mix.seconds) <= 1e-6 * mix.seconds);
        CHECK(plan.certificate.proven_optimal);
        CHECK(verify_plan(plan).passed());
        CHECK(some_pipeline_within(plan, plan.certificate.value * (1 - 1e-9)) == false);
    }
}

TEST_CASE("PipeEdge's device list with an unknown type is refused") {
    const auto folder = shared_input("planner/pipeedge");
    if (!folder) {
        skip_test("no planner/pipeedge under CARBONEDGE_SHARED_DATA");
        return;
    }
    PipeEdgeRequest request;
    request.model = "google/vit-base-patch16-224";
    CHECK_THROWS_WITH(
        (void)read_pipeedge_problem(shared_text(*folder, "models.yml"), shared_text(*folder, "device_types.yml"),
                                    shared_text(*folder, "devices_name_mismatch.yml"), request, {}),
        "devices_name_mismatch.yml:8: unknown device type 'RCC-VE-C2558' (did you mean 'RCC-VE-C2000'?); valid: "
        "DummyDeviceType, Minnowboard-E3845, RCC-VE-C2000; described in device_types.yml");
}
