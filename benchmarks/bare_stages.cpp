// The stages of a plan one after the other in one process, without any transport, under the CPU limit of one node: what
// benchmarks/overhead_pairs holds a run against.
//   bare_stages PLAN MODEL NODE PASSES      prints one JSON object: CPU and wall time of a pass, joules, grams
#include "lib/base/atomic_file.h"
#include "lib/base/tool_main.h"
#include "lib/measure/child_process.h"
#include "lib/measure/clocks.h"
#include "lib/measure/cpu_limit.h"
#include "lib/model/model.h"
#include "lib/partition/plan_file.h"
#include "lib/profiler/stage_chain.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <charconv>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

namespace carbonedge {
namespace {

constexpr int kWarmUp = 10;
constexpr const char* kInside = "--inside-the-limit";

struct Request {
    Plan plan;
    std::string model;
    Node node;
    int passes = 0;
};

Request read_request(const std::vector<std::string>& words) {
    if (words.size() < 4) throw UsageError("usage: bare_stages PLAN MODEL NODE PASSES");
    Request request;
    request.plan = read_plan(read_input(words[0], std::cin), words[0]);
    request.model = words[1];
    const auto node = find_node(request.plan.cluster, words[2]);
    if (!node) throw UsageError("no node '" + words[2] + "' in the plan's cluster");
    request.node = request.plan.cluster.nodes[node->value()];
    const auto [end, problem] = std::from_chars(words[3].data(), words[3].data() + words[3].size(), request.passes);
    if (problem != std::errc() || request.passes < 1) throw UsageError("'" + words[3] + "' is no number of passes");
    return request;
}

class TemporaryFolder {
public:
    TemporaryFolder()
        : path_(std::filesystem::temp_directory_path() / fmt::format("carbonedge-bare-{}", raw_time().count())) {
        std::filesystem::create_directory(path_);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

ExitStatus run_inside(const Request& request) {
    configure_allocator();
    configure_model_threads(request.node.threads);
    const Profile& profile = request.plan.profiles.at(0);
    ModelOptions options;
    for (const std::string& input : profile.inputs) options.inputs.push_back(parse_input_spec(input));
    options.optimise = profile.execution == "optimised";
    const Model model = Model::load(request.model, options);
    std::vector<LayerRange> ranges;
    for (const PlannedStage& stage : request.plan.pipelines.at(0).stages) ranges.push_back(stage.layers);
    const TemporaryFolder folder;
    StageChain chain(model, ranges, folder.path());
    std::vector<PassTime> times;
    for (int i = 0; i < kWarmUp; ++i) chain.run(model.inputs(), times);
    const Nanoseconds cpu_before = process_cpu_time();
    const Nanoseconds before = raw_time();
    for (int i = 0; i < request.passes; ++i) {
        times.clear();
        chain.run(model.inputs(), times);
    }
    const Seconds cpu = to_seconds(process_cpu_time() - cpu_before) / request.passes;
    const Seconds wall = to_seconds(raw_time() - before) / request.passes;
    const Node& node = request.node;
    const Joules joules = (node.busy_power_per_core - node.idle_power_per_core) * cpu * node.pue;
    std::cout << fmt::format(
        R"({{"node":"{}","stages":{},"passes":{},"cpu_ns":{},"wall_ns":{},"energy_joules":{},"carbon_gco2e":{})",
        node.name, ranges.size(), request.passes, to_nanoseconds(cpu).count(), to_nanoseconds(wall).count(),
        number_text(joules.value()), number_text((joules * node.intensity).value()));
    return ExitStatus::kOk;
}

ExitStatus run_limited(const Request& request, std::vector<std::string> words) {
    const LimitGroup group = LimitGroup::create("bare", {request.node.cpus, request.node.quota_period, Bytes(0)});
    words.insert(words.begin(), {std::filesystem::read_symlink("/proc/self/exe").string(), kInside});
    const ChildResult result = run_child(words, &group, true);
    if (result.exit_status != 0) return ExitStatus::kUnreadable;
    std::cout << result.output << fmt::format(R"(,"enforced":{}}})", group.enforced()) << "\n";
    return ExitStatus::kOk;
}

}  // namespace
}  // namespace carbonedge

int main(int argc, char** argv) {
    using namespace carbonedge;
    return tool_main("bare_stages", std::cerr, [&] {
        std::vector<std::string> words(argv + 1, argv + argc);
        const bool inside = !words.empty() && words.front() == kInside;
        if (inside) words.erase(words.begin());
        const Request request = read_request(words);
        return inside ? run_inside(request) : run_limited(request, words);
    });
}
