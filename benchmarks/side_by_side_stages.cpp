// The stages of a plan side by side, each alone in a process of its own under its node's limits, passing nothing on:
// the ceiling that benchmarks/pipeline_efficiency holds a pipeline against.
//   side_by_side_stages PLAN MODEL TIME      prints one JSON object: passes, seconds and CPU time of every stage
#include "lib/base/atomic_file.h"
#include "lib/base/tool_main.h"
#include "lib/measure/clocks.h"
#include "lib/measure/cpu_limit.h"
#include "lib/model/model.h"
#include "lib/partition/plan_file.h"
#include "lib/runtime/engine.h"
#include "lib/runtime/node_child.h"
#include "lib/runtime/private_directory.h"
#include "lib/runtime/torch_stage.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <unistd.h>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <list>

namespace carbonedge {
namespace {

constexpr const char* kInside = "--inside-the-limit";
constexpr Nanoseconds kStart = std::chrono::seconds(120);

/// Blocked before any thread is made, so that no thread is ended by it.
sigset_t start_signal() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    return set;
}

/// `words`: stage file, threads, time, whether optimised. Says "ready", waits for the signal, and runs for the time.
ExitStatus run_inside(const std::vector<std::string>& words) {
    const sigset_t set = start_signal();
    sigprocmask(SIG_BLOCK, &set, nullptr);
    configure_allocator();
    configure_model_threads(std::stoi(words.at(1)));
    const Nanoseconds window = parse_duration(words.at(2), "TIME");
    const auto loader = make_torch_loader();
    loader->prepare_model_thread();
    const auto runner = loader->load(words.at(0), words.at(3) == "optimised");
    std::vector<HostTensor> inputs;
    for (const InputSpec& spec : runner->input_specs()) inputs.push_back(random_tensor(spec, 1));
    const std::vector<TensorView> views = views_of(inputs);
    std::cout << "ready" << std::endl;
    int received = 0;
    sigwait(&set, &received);
    const Nanoseconds start = raw_time();
    const Nanoseconds cpu_start = process_cpu_time();
    std::int64_t passes = 0;
    Nanoseconds end = start;
    while (end - start < window) {
        runner->run(views, [](const std::vector<TensorView>&) {});
        ++passes;
        end = raw_time();
    }
    std::cout << fmt::format(R"("passes":{},"wall_ns":{},"cpu_ns":{})", passes, (end - start).count(),
                             (process_cpu_time() - cpu_start).count())
              << std::endl;
    return ExitStatus::kOk;
}

Program program_of(const std::string& file, const Node& node, const std::string& time, bool optimised) {
    Program program;
    program.path = std::filesystem::read_symlink("/proc/self/exe").string();
    program.arguments = {kInside, file, std::to_string(node.threads), time, optimised ? "optimised" : "frozen"};
    for (char** setting = ::environ; *setting != nullptr; ++setting) program.environment.emplace_back(*setting);
    for (const std::string name : {"OMP_NUM_THREADS=", "OPENBLAS_NUM_THREADS=", "MKL_NUM_THREADS="}) {
        std::erase_if(program.environment, [&](const std::string& setting) { return setting.starts_with(name); });
        program.environment.push_back(name + std::to_string(node.threads));
    }
    return program;
}

ExitStatus run_all(const std::vector<std::string>& words) {
    if (words.size() != 3) throw UsageError("usage: side_by_side_stages PLAN MODEL TIME");
    const Plan plan = read_plan(read_input(words[0], std::cin), words[0]);
    std::vector<InputSpec> inputs;
    for (const std::string& spec : plan.profiles.at(0).inputs) inputs.push_back(parse_input_spec(spec));
    const bool optimised = plan.profiles[0].execution != "frozen";
    const auto model = load_reference_model(words[1], inputs, 0, plan.profiles[0]);
    const PrivateDirectory directory(std::filesystem::temp_directory_path().string());
    std::list<LimitGroup> groups;
    std::list<NodeChild> children;
    const std::vector<PlannedStage>& stages = plan.pipelines.at(0).stages;
    for (const PlannedStage& stage : stages) {
        const Node& node = plan.cluster.nodes.at(find_node(plan.cluster, stage.node)->value());
        const std::string file = directory.path() + "/" + stage_name(stage.layers) + ".pt";
        model->write_stage(stage.layers, file);
        groups.push_back(
            LimitGroup::create("stage-" + std::to_string(groups.size()), {node.cpus, node.quota_period, node.memory}));
        children.emplace_back(program_of(file, node, words[2], optimised), groups.back());
    }
    for (NodeChild& child : children) child.read_line(kStart, {});
    for (const NodeChild& child : children) ::kill(child.pid(), SIGUSR1);
    const Nanoseconds patience = 2 * parse_duration(words[2], "TIME") + kStart;
    std::string text;
    auto group = groups.begin();
    auto stage = stages.begin();
    for (NodeChild& child : children) {
        const std::string line = child.read_line(patience, {});
        text += fmt::format(R"({}{{"node":"{}","enforced":{},{},"throttled_ns":{}}})", text.empty() ? "" : ",",
                            stage->node, group->enforced(), line, group->throttled_time().count());
        ++group;
        ++stage;
    }
    std::cout << "{\"stages\":[" << text << "]}\n";
    return ExitStatus::kOk;
}

}  // namespace
}  // namespace carbonedge

int main(int argc, char** argv) {
    using namespace carbonedge;
    return tool_main("side_by_side_stages", std::cerr, [&] {
        std::vector<std::string> words(argv + 1, argv + argc);
        const bool inside = !words.empty() && words.front() == kInside;
        if (inside) words.erase(words.begin());
        return inside ? run_inside(words) : run_all(words);
    });
}
