// carbonedge-run --serve on a chain of builtin stages, without LibTorch: starts at once, and what it costs is the
// runtime's.
//   carbonedge_builtin_service NODE_PROGRAM BYTES STAGES LOG MOST_LOGGED [MOST_IN_FLIGHT [TLS_DIRECTORY]]
#include "lib/base/errors.h"
#include "lib/base/tool_main.h"
#include "lib/runtime/grpc_log.h"
#include "lib/runtime/run_plan.h"
#include "lib/runtime/stop_on_signal.h"
#include "tests/support/chain_model.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>

namespace carbonedge {
namespace {

std::vector<BuiltinStage> chain(const std::string& bytes, int length) {
    std::vector<BuiltinStage> stages(static_cast<std::size_t>(length));
    for (std::size_t i = 0; i < stages.size(); ++i) {
        stages[i].inputs = {parse_input_spec("x=" + bytes + ":uint8")};
        stages[i].outputs = {parse_input_spec("x=" + bytes + ":uint8")};
        stages[i].add = 1;
    }
    return stages;
}

Plan plan_of(const std::vector<BuiltinStage>& stages) {
    Plan plan;
    plan.name = "chain";
    plan.profiles.emplace_back();
    for (const InputSpec& spec : stages[0].inputs) plan.profiles[0].inputs.push_back(input_spec_text(spec));
    Pipeline pipeline;
    pipeline.transfers.resize(stages.size() + 1);
    for (std::size_t i = 0; i < stages.size(); ++i) {
        Node node;
        node.name = "n" + std::to_string(i);
        node.zone = i % 2 == 0 ? "DE" : "SE";
        node.memory = Bytes(256 << 20);
        node.idle_power_per_core = Watts(1);
        node.busy_power_per_core = Watts(4);
        node.intensity = CarbonIntensity(i % 2 == 0 ? 400 : 40);
        plan.cluster.nodes.push_back(node);
        plan.node_profile.push_back(0);
        PlannedStage stage;
        stage.layers = {i, i + 1};
        stage.node = node.name;
        pipeline.stages.push_back(stage);
    }
    plan.pipelines.push_back(pipeline);
    return plan;
}

ExitStatus serve(int argc, char** argv) {
    if (argc < 6)
        throw UsageError("carbonedge_builtin_service NODE_PROGRAM BYTES STAGES LOG MOST_LOGGED [IN_FLIGHT [TLS]]");
    const StopOnSignal stop;
    const std::vector<BuiltinStage> stages = chain(argv[2], std::atoi(argv[3]));
    ChainModel model(stages);
    Plan plan = plan_of(stages);
    plan.profiles[0].model_sha256 = model.sha256();
    RunOptions options;
    options.load.requests = 2;
    options.service.addresses = {"127.0.0.1:0", "127.0.0.1:0"};
    options.service.most_logged = std::atoll(argv[5]);
    if (argc > 6) options.service.most_in_flight = static_cast<std::size_t>(std::atoll(argv[6]));
    if (argc > 7) {
        options.service.addresses = {"0.0.0.0:0", "0.0.0.0:0"};
        options.service.security.tls_directory = argv[7];
    }
    options.service.at_once = stop.at_once();
    options.engine.node_program = argv[1];
    options.engine.scratch_directory = std::filesystem::temp_directory_path().string();
    std::ofstream log(argv[4], std::ios::trunc);
    RunListener listener;
    listener.log = [&log](const std::string& line) { log << line << std::flush; };
    listener.note = [](const std::string& note) { std::cerr << "builtin-service: " << note << std::endl; };
    const GrpcLog grpc_log(listener.note);
    const RunSummary summary = run_plan(plan, model, options, listener, stop.token());
    if (!summary.service) return ExitStatus::kNegativeVerdict;
    std::cerr << "builtin-service: served " << summary.service->succeeded << " requests, " << summary.service->failed
              << " failed" << std::endl;
    return summary.service->at_once ? ExitStatus::kInterrupted : ExitStatus::kOk;
}

}  // namespace
}  // namespace carbonedge

int main(int argc, char** argv) {
    return carbonedge::tool_main("carbonedge-builtin-service", std::cerr,
                                 [&] { return carbonedge::serve(argc, argv); });
}
