#include "lib/profiler/stage_chain.h"

#include "lib/measure/clocks.h"
#include "lib/measure/statistics.h"

#include <fmt/format.h>
#include <cstdio>
#include <cstring>

namespace carbonedge {
namespace {

constexpr int kWarmPasses = 3;

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
                           static_cast<double>((total_cpu - inner_cpu).count())};
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

ChainTimes time_chain(Model& model, StageChain& chain, std::size_t pairs, bool by_cpu_time,
                      const ProfilerProgress& progress) {
    std::vector<PassTime> stages;
    for (int pass = 0; pass < kWarmPasses; ++pass) {
        model.run_once();
        chain.run(model.inputs(), stages);
    }
    std::vector<std::vector<double>> ratios(stages.size());
    std::vector<double> sums;
    for (std::size_t pair = 0; pair < pairs; ++pair) {
        progress("timing stages", static_cast<double>(pair) / static_cast<double>(pairs));
        PassTime whole;
        const auto take_whole = [&] {
            const Nanoseconds cpu = process_cpu_time();
            const Nanoseconds wall = raw_time();
            model.run_once();
            whole.wall = static_cast<double>((raw_time() - wall).count());
            whole.cpu = static_cast<double>((process_cpu_time() - cpu).count());
        };
        if (pair % 2 == 0) take_whole();
        chain.run(model.inputs(), stages);
        if (pair % 2 != 0) take_whole();
        const double reference = by_cpu_time ? whole.cpu : whole.wall;
        double sum = 0;
        for (std::size_t stage = 0; stage < stages.size(); ++stage) {
            const double time = by_cpu_time ? stages[stage].cpu : stages[stage].wall;
            ratios[stage].push_back(time / reference);
            sum += time;
        }
        sums.push_back(sum / reference);
    }
    ChainTimes times;
    times.pairs = pairs;
    for (const std::vector<double>& ratio : ratios) times.stage_ratio.push_back(median(ratio));
    const SampleSummary chain_summary = summarise(sums);
    times.chain_ratio = chain_summary.median;
    times.chain_ratio_low = chain_summary.median_low;
    times.chain_ratio_high = chain_summary.median_high;
    return times;
}

}  // namespace carbonedge
