#include "lib/profiler/stage_chain.h"

#include "lib/measure/clocks.h"
#include "lib/measure/statistics.h"
#include "lib/profiler/pass_statistics.h"

#include <fmt/format.h>
#include <cstdio>
#include <cstring>

namespace carbonedge {
namespace {

constexpr int kWarmPasses = 3;
constexpr std::size_t kLeastPairs = 6;

/// Ratios of one thing to another that was timed beside it.
class PairedTimes {
public:
    void add(const PassTime& part, const PassTime& whole) {
        if (is_undisturbed(part) && is_undisturbed(whole)) free_wall_.push_back(part.wall / whole.wall);
        all_wall_.push_back(part.wall / whole.wall);
        all_cpu_.push_back(part.cpu / whole.cpu);
    }
    [[nodiscard]] bool uses_cpu(int threads) const { return threads == 1 && free_wall_.size() < kLeastPairs; }
    [[nodiscard]] const std::vector<double>& ratios(int threads) const {
        return threads > 1 ? all_wall_ : uses_cpu(threads) ? all_cpu_ : free_wall_;
    }

private:
    std::vector<double> free_wall_;
    std::vector<double> all_wall_;
    std::vector<double> all_cpu_;
};

std::vector<StageModule::TensorView> views_of(const std::vector<HostTensor>& tensors) {
    std::vector<StageModule::TensorView> views;
    for (const HostTensor& tensor : tensors) {
        views.push_back({tensor.dtype, tensor.shape, tensor.content.data(), tensor.content.size()});
    }
    return views;
}

std::vector<HostTensor> copies_of(const std::vector<StageModule::TensorView>& views) {
    std::vector<HostTensor> tensors;
    for (const StageModule::TensorView& view : views) {
        HostTensor tensor;
        tensor.dtype = view.dtype;
        tensor.shape = view.shape;
        tensor.content.assign(view.content, view.content + view.size);
        tensors.push_back(std::move(tensor));
    }
    return tensors;
}

}  // namespace

StageChain::StageChain(const Model& model, const std::vector<LayerRange>& ranges, const std::string& folder) {
    for (const LayerRange& range : ranges) {
        const std::string path = fmt::format("{}/stage-{}-{}.pt", folder, range.first, range.end);
        model.extract_stage(range, path);
        stages_.push_back(StageModule::load(path, model.execution() == "optimised"));
        std::remove(path.c_str());
    }
}

void StageChain::run_from(std::size_t stage, const std::vector<StageModule::TensorView>& inputs,
                          std::vector<PassTime>* times, std::vector<HostTensor>* outputs) {
    // The next stage runs inside the callback, while this stage's outputs live; its time is taken out again.
    Nanoseconds inner_wall{0};
    Nanoseconds inner_cpu{0};
    const Nanoseconds cpu = process_cpu_time();
    const Nanoseconds wall = raw_time();
    stages_[stage].run(inputs, [&](const std::vector<StageModule::TensorView>& made) {
        const Nanoseconds inner_wall_start = raw_time();
        const Nanoseconds inner_cpu_start = process_cpu_time();
        if (stage + 1 < stages_.size()) {
            run_from(stage + 1, made, times, outputs);
        } else if (outputs != nullptr) {
            *outputs = copies_of(made);
        }
        inner_cpu = process_cpu_time() - inner_cpu_start;
        inner_wall = raw_time() - inner_wall_start;
    });
    const Nanoseconds total_wall = raw_time() - wall;
    const Nanoseconds total_cpu = process_cpu_time() - cpu;
    if (times != nullptr) {
        (*times)[stage] = {static_cast<double>((total_wall - inner_wall).count()),
                           static_cast<double>((total_cpu - inner_cpu).count()), 0};
    }
}

void StageChain::run(const std::vector<HostTensor>& inputs, std::vector<PassTime>& times) {
    times.assign(stages_.size(), {});
    run_from(0, views_of(inputs), &times, nullptr);
}

std::vector<HostTensor> StageChain::run(const std::vector<HostTensor>& inputs) {
    std::vector<HostTensor> outputs;
    run_from(0, views_of(inputs), nullptr, &outputs);
    return outputs;
}

ChainTimes time_chain(Model& model, StageChain& chain, std::size_t pairs, int threads,
                      const ProfilerProgress& progress) {
    std::vector<PassTime> stages;
    for (int pass = 0; pass < kWarmPasses; ++pass) {
        model.run_once();
        chain.run(model.inputs(), stages);
    }
    std::vector<PairedTimes> by_stage(stages.size());
    PairedTimes chained;
    for (std::size_t pair = 0; pair < pairs; ++pair) {
        progress("timing stages", static_cast<double>(pair) / static_cast<double>(pairs));
        PassTime whole;
        if (pair % 2 == 0) whole = timed_pass([&] { model.run_once(); });
        chain.run(model.inputs(), stages);
        if (pair % 2 != 0) whole = timed_pass([&] { model.run_once(); });
        PassTime sum;
        for (std::size_t stage = 0; stage < stages.size(); ++stage) {
            by_stage[stage].add(stages[stage], whole);
            sum.wall += stages[stage].wall;
            sum.cpu += stages[stage].cpu;
        }
        chained.add(sum, whole);
    }
    ChainTimes times;
    for (const PairedTimes& paired : by_stage) times.stage_ratio.push_back(median(paired.ratios(threads)));
    const SampleSummary summary = summarise(chained.ratios(threads));
    times.chain_ratio = summary.median;
    times.chain_ratio_low = summary.median_low;
    times.chain_ratio_high = summary.median_high;
    times.pairs = summary.count;
    times.by_cpu_time = chained.uses_cpu(threads);
    return times;
}

}  // namespace carbonedge
