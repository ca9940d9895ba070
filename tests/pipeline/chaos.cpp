// Hurts the nodes of a running plan again and again, in seeded order, while requests flow, and holds what comes back
// against what must: every request answered once, with the right outputs, in order; nothing left behind.
#include "lib/base/errors.h"
#include "lib/base/quantile.h"
#include "lib/planner/placement.h"
#include "lib/runtime/builtin_stage.h"
#include "lib/runtime/container_cli.h"
#include "lib/runtime/docker_host.h"
#include "lib/runtime/failover.h"
#include "lib/runtime/process_engine.h"
#include "lib/transport/clocks.h"
#include "tests/pipeline/chaos_injuries.h"
#include "tests/support/temporary_folder.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <string>

namespace carbonedge {
namespace {

struct Settings {
    std::string node_program;
    std::string image;  ///< nodes are containers of it; "" for processes
    int injuries = 40;
    unsigned seed = 1;
    Spares spares = Spares::kWarm;
    bool ordered = true;
    double settled_share = 0.75;  ///< of the injuries that wait until everything is as it was
    Nanoseconds burn{500'000};    ///< CPU time of a stage
};

constexpr std::size_t kLayers = 4;
constexpr std::size_t kInFlight = 8;
constexpr Nanoseconds kTimeout = std::chrono::seconds(30);
constexpr std::int64_t kNodeMemory = 192LL << 20;
const std::string kShape = "x=4096:uint8";

/// Layer i maps every byte b to multiply * b + add; several layers in a row are such a map again.
BuiltinStage stage_of(const LayerRange& layers, Nanoseconds burn) {
    BuiltinStage stage;
    stage.inputs = {parse_input_spec(kShape)};
    stage.outputs = {parse_input_spec(kShape)};
    stage.burn = burn;
    for (std::size_t i = layers.first; i < layers.end; ++i) {
        const int multiply = static_cast<int>(2 * i + 3);
        stage.multiply = stage.multiply * multiply & 0xFF;
        stage.add = (stage.add * multiply + static_cast<int>(i) + 1) & 0xFF;
    }
    return stage;
}

/// Two stages on n0 and n1; n2 and n3 are free.
Plan make_plan() {
    PlanningProblem problem;
    Profile profile;
    profile.inputs = {kShape};
    for (std::size_t i = 0; i < kLayers; ++i) {
        LayerProfile layer;
        layer.name = "l" + std::to_string(i);
        layer.type = "Affine";
        layer.inputs = {static_cast<std::int64_t>(i)};
        layer.outputs = {{static_cast<std::int64_t>(i) + 1, Bytes(4096)}};
        layer.weight_bytes = Bytes(1000);
        layer.latency_median = layer.latency_mean = layer.cpu_mean = std::chrono::microseconds(250);
        layer.samples = 1;
        profile.layers.push_back(layer);
    }
    problem.profiles = {profile};
    for (int i = 0; i < 4; ++i) {
        Node node;
        node.name = "n" + std::to_string(i);
        node.cpus = 2;
        node.memory = Bytes(kNodeMemory);
        node.intensity = CarbonIntensity(100.0 * (i + 1));
        problem.cluster.nodes.push_back(node);
        problem.node_profile.push_back(0);
    }
    const CostTable table(problem);
    Plan plan;
    plan.name = "chaos";
    plan.cluster = problem.cluster;
    plan.profiles = problem.profiles;
    plan.node_profile = problem.node_profile;
    plan.pipelines = {describe_pipeline(problem, table, {{0, {0, 2}}, {1, {2, 4}}})};
    return plan;
}

/// A closed loop that never ends by itself, and its books.
class Load {
public:
    Load(Gateway& gateway, const std::vector<HostTensor>& inputs, const std::vector<HostTensor>& expected)
        : gateway_(gateway), inputs_(inputs), expected_(expected) {
        thread_ = std::jthread([this](const std::stop_token& stop) { issue(stop); });
    }

    void stop() {
        thread_.request_stop();
        thread_.join();
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 2 * kTimeout, [this] { return waiting_.empty(); });
    }

    /// Waits until all that had been submitted is answered; how long that took after `since`.
    Nanoseconds recovered(Nanoseconds since) {
        std::unique_lock lock(mutex_);
        const std::set<std::int64_t> then = waiting_;
        Nanoseconds last = since;
        changed_.wait_for(lock, 2 * kTimeout, [&] {
            return std::ranges::none_of(then, [this](std::int64_t id) { return waiting_.contains(id); });
        });
        for (const std::int64_t id : then) last = std::max(last, answered_at_[id]);
        answered_at_.clear();
        return last - since;
    }

    /// The nodes that the last answer came from.
    std::vector<std::string> serving() {
        std::unique_lock lock(mutex_);
        const std::size_t before = answers_;
        changed_.wait_for(lock, kTimeout, [&] { return answers_ > before; });
        return serving_;
    }

    std::int64_t submitted = 0;
    std::int64_t succeeded = 0;
    std::int64_t failed = 0;
    std::int64_t duplicated = 0;
    std::int64_t wrong = 0;
    std::int64_t out_of_order = 0;
    std::string first_error;
    [[nodiscard]] std::int64_t lost() const { return static_cast<std::int64_t>(waiting_.size()); }

private:
    void issue(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            std::int64_t id = 0;
            {
                std::unique_lock lock(mutex_);
                if (!changed_.wait(lock, stop, [this] { return waiting_.size() < kInFlight; })) return;
                id = submitted++;
                waiting_.insert(id);
            }
            gateway_.submit(0, views_of(inputs_), nullptr, now_monotonic(),
                            [this, id](const Answer& answer) { take(id, answer); });
        }
    }

    void take(std::int64_t id, const Answer& answer) {
        const std::lock_guard lock(mutex_);
        if (waiting_.erase(id) == 0) ++duplicated;
        if (id != last_ + 1) ++out_of_order;
        last_ = id;
        answered_at_[id] = now_monotonic();
        ++answers_;
        if (answer.record.ok) {
            ++succeeded;
            if (answer.outputs.size() != 1 || answer.outputs[0].content != expected_[0].content) ++wrong;
            serving_.clear();
            for (const StageRecord& stage : answer.record.stages) serving_.push_back(stage.node);
        } else {
            ++failed;
            if (first_error.empty()) first_error = answer.record.error;
        }
        changed_.notify_all();
    }

    Gateway& gateway_;
    const std::vector<HostTensor>& inputs_;
    const std::vector<HostTensor>& expected_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::set<std::int64_t> waiting_;
    std::map<std::int64_t, Nanoseconds> answered_at_;
    std::int64_t last_ = -1;
    std::size_t answers_ = 0;
    std::vector<std::string> serving_;
    std::jthread thread_;
};

enum class Kind { kKill, kFreeze, kPause, kCut, kMemory, kDisk };
const std::vector<std::string> kKindNames{"killed",         "frozen",        "frozen a while",
                                          "connection cut", "out of memory", "disk full"};

/// The nodes' processes, whoever started them.
class Nodes {
public:
    Nodes(const Plan& plan, const WriteStage& write, const EngineOptions& options)
        : cli_(options.container.program, options.environment) {
        if (options.container.image.empty()) {
            auto own = std::make_unique<ProcessEngine>(plan, write, options, std::stop_token());
            processes_ = own.get();
            engine_ = std::move(own);
        } else {
            engine_ = std::make_unique<NodeEngine>(
                plan, write, options, std::make_unique<DockerHost>(options, std::stop_token()), std::stop_token());
        }
    }

    [[nodiscard]] NodeEngine& engine() const { return *engine_; }
    [[nodiscard]] const ProcessEngine* processes() const { return processes_; }  ///< nothing where they are containers
    /// 0 where its container has ended.
    [[nodiscard]] int process(const std::string& node) const {
        if (processes_ != nullptr) return processes_->process(node);
        const std::string container =
            cli_.ask({"ps", "--quiet", "--filter", "label=carbonedge.node=" + node}, kTimeout, {});
        if (container.empty()) return 0;
        return std::stoi(cli_.ask({"inspect", "--format", "{{.State.Pid}}", container}, kTimeout, {}));
    }

private:
    ContainerCli cli_;
    std::unique_ptr<NodeEngine> engine_;
    ProcessEngine* processes_ = nullptr;
};

/// The next start of the node finds no space for its stage, once.
void fill_disk(const ProcessEngine& engine, const std::string& node) {
    int next = 0;
    for (const auto& entry : std::filesystem::directory_iterator(engine.directory())) {
        if (entry.is_directory()) next = std::max(next, std::stoi(entry.path().filename().string()) + 1);
    }
    const std::filesystem::path home = std::filesystem::path(engine.directory()) / std::to_string(next);
    std::filesystem::create_directory(home);
    std::filesystem::create_symlink("/dev/full", home / (node + ".incoming"));
}

bool inflict(Kind kind, const Nodes& nodes, const std::string& node, int process, std::size_t choice) {
    if (process == 0) return false;
    switch (kind) {
        case Kind::kKill:
            return ::kill(process, SIGKILL) == 0;
        case Kind::kFreeze:
        case Kind::kPause:
            return ::kill(process, SIGSTOP) == 0;
        case Kind::kCut:
            return cut_connection(process, choice);
        case Kind::kMemory:
            return exhaust_memory(process, kNodeMemory);
        case Kind::kDisk:
            fill_disk(*nodes.processes(), node);
            return ::kill(process, SIGKILL) == 0;
    }
    return false;
}

struct Times {
    std::vector<double> settled;  ///< everything was as it should be before
    std::vector<double> again;    ///< the injury before was still being mended
    int impossible = 0;
};

std::string summary_of(std::vector<double> seconds) {
    if (seconds.empty()) return fmt::format("{:>6} {:>12} {:>12} {:>12}", 0, "-", "-", "-");
    std::ranges::sort(seconds);
    const auto at = [&](double share) {
        const auto rank = static_cast<std::size_t>(share * static_cast<double>(seconds.size() - 1) + 0.5);
        return fmt::format("{:.1f} ms", 1e3 * seconds[rank]);
    };
    return fmt::format("{:>6} {:>12} {:>12} {:>12}", seconds.size(), at(0.5), at(0.99), at(1));
}

void append(std::vector<double>& to, const std::vector<double>& from) { to.insert(to.end(), from.begin(), from.end()); }

int run(const Settings& settings) {
    const TemporaryFolder folder;
    const Plan plan = make_plan();
    const std::vector<HostTensor> inputs{random_tensor(parse_input_spec("x=4096:uint8[0,256)"), settings.seed)};
    const std::vector<HostTensor> expected = expected_outputs(stage_of({0, kLayers}, Nanoseconds(0)), inputs);
    EngineOptions options;
    options.node_program = settings.node_program;
    options.scratch_directory = folder.path().string();
    options.container.image = settings.image;
    for (char** setting = ::environ; setting != nullptr && *setting != nullptr; ++setting)
        options.environment.emplace_back(*setting);
    options.request_timeout = kTimeout;
    options.fail_over = true;
    options.heartbeat = std::chrono::milliseconds(50);
    options.heartbeat_patience = std::chrono::milliseconds(150);
    options.gateway.ordered = settings.ordered;
    options.gateway.most_attempts = 100;  // one request may be unlucky often when injuries follow each other closely
    options.gateway.stall = std::chrono::seconds(5);
    FailoverOptions failover_options;
    failover_options.spares = settings.spares;
    const WriteStage write = [&](const LayerRange& layers, const std::string& path) {
        std::ofstream(path, std::ios::binary) << builtin_stage_text(stage_of(layers, settings.burn));
    };

    std::mt19937 random(settings.seed);
    std::set<int> processes;
    std::set<std::string> groups;
    std::map<Kind, Times> times;
    std::int64_t resubmitted = 0;
    std::int64_t late = 0;
    std::size_t failovers = 0;
    std::int64_t returned = 0;
    bool settled_at_end = false;
    std::optional<Load> load;
    {
        const Nodes nodes(plan, write, options);
        NodeEngine& engine = nodes.engine();
        // A container's files are in memory: no disk is there to be full.
        const std::size_t kinds = kKindNames.size() - (nodes.processes() == nullptr ? 1 : 0);
        Failover failover(plan, engine, failover_options, nullptr, {});
        load.emplace(engine.gateway(), inputs, expected);
        for (int i = 0; i < settings.injuries; ++i) {
            const bool settle = std::uniform_real_distribution<>(0, 1)(random) < settings.settled_share;
            if (settle) failover.settled(std::chrono::seconds(30));
            const std::vector<std::string> serving = load->serving();
            const auto kind = static_cast<Kind>(random() % kinds);
            const std::string node = serving.at(random() % serving.size());
            const std::size_t choice = random();
            for (const std::string& name : engine.nodes_started()) {
                const int process = nodes.process(name);
                if (process != 0) processes.insert(process);
                for (const std::string& group : groups_of(process)) groups.insert(group);
            }
            const int process = nodes.process(node);
            const Nanoseconds start = now_monotonic();
            if (!inflict(kind, nodes, node, process, choice)) {
                ++times[kind].impossible;
                continue;
            }
            // The memory is exhausted when its taker is done; until then the node serves.
            const double seconds = to_seconds(load->recovered(start)).count();
            if (kind == Kind::kPause) ::kill(process, SIGCONT);
            (settle ? times[kind].settled : times[kind].again).push_back(seconds);
        }
        settled_at_end = failover.settled(std::chrono::seconds(60));
        load->stop();
        resubmitted = engine.gateway().counts().resubmitted;
        late = engine.gateway().counts().late;
        const std::vector<FailoverRecord> records = engine.gateway().failovers();
        failovers = records.size();
        returned = std::ranges::count_if(records, [](const FailoverRecord& one) { return one.returned.has_value(); });
    }

    std::vector<std::string> left;
    for (const int process : processes) {
        if (::kill(process, 0) == 0) left.push_back(fmt::format("process {}", process));
    }
    for (const std::string& group : groups) {
        if (std::filesystem::exists(group)) left.push_back(group);
    }
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) left.push_back(entry.path().string());

    fmt::print(
        "{} injuries, seed {}, {} spares, {} requests kept in flight; until all requests that were under way are "
        "answered\n\n",
        settings.injuries, settings.seed, settings.spares == Spares::kWarm ? "warm" : "cold", kInFlight);
    fmt::print("{:<16} {:>6} {:>12} {:>12} {:>12}   {:>10}\n", "injury", "number", "median", "p99", "longest",
               "impossible");
    Times all;
    for (const auto& [kind, measured] : times) {
        fmt::print("{:<16} {}   {:>10}\n", kKindNames[static_cast<std::size_t>(kind)], summary_of(measured.settled),
                   measured.impossible);
        append(all.settled, measured.settled);
        append(all.again, measured.again);
        all.impossible += measured.impossible;
    }
    fmt::print("{:<16} {}   {:>10}\n", "all", summary_of(all.settled), all.impossible);
    fmt::print("{:<16} {}   (before the last one was mended)\n\n", "again", summary_of(all.again));
    fmt::print("requests {} = answered {} + failed {}; lost {}, duplicated {}, wrong {}, out of order {}\n",
               load->submitted, load->succeeded, load->failed, load->lost(), load->duplicated, load->wrong,
               load->out_of_order);
    fmt::print(
        "failures noticed {}, of nodes that came back by themselves {}, requests sent again {}, late answers dropped "
        "{}, "
        "left behind {}, {}\n",
        failovers, returned, resubmitted, late, left.size(), settled_at_end ? "all mended" : "NOT all mended");
    if (!load->first_error.empty()) fmt::print("first error: {}\n", load->first_error);
    for (const std::string& what : left) fmt::print("left behind: {}\n", what);
    const bool good = load->failed == 0 && load->lost() == 0 && load->duplicated == 0 && load->wrong == 0 &&
                      (!settings.ordered || load->out_of_order == 0) && left.empty() && settled_at_end &&
                      load->succeeded == load->submitted && !all.settled.empty();
    return good ? 0 : 1;
}

}  // namespace
}  // namespace carbonedge

int main(int argc, char** argv) {
    using namespace carbonedge;
    Settings settings;
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
        const std::string& value = arguments[i + 1];
        if (arguments[i] == "--node") settings.node_program = value;
        if (arguments[i] == "--image") settings.image = value;
        if (arguments[i] == "--injuries") settings.injuries = std::atoi(value.c_str());
        if (arguments[i] == "--seed") settings.seed = static_cast<unsigned>(std::atoi(value.c_str()));
        if (arguments[i] == "--spares") settings.spares = value == "cold" ? Spares::kCold : Spares::kWarm;
        if (arguments[i] == "--settled-share") settings.settled_share = std::atof(value.c_str());
    }
    if (settings.node_program.empty() == settings.image.empty() || arguments.size() % 2 != 0) {
        std::cerr
            << "usage: carbonedge_chaos --node PROGRAM|--image NAME [--injuries N] [--seed S] [--spares warm|cold] "
               "[--settled-share F]\n";
        return 2;
    }
    try {
        return run(settings);
    } catch (const std::exception& error) {
        std::cerr << "carbonedge_chaos: " << error.what() << "\n";
        return 4;
    }
}
