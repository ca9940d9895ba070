#include "lib/runtime/stage_files.h"

#include "lib/base/errors.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <thread>

namespace carbonedge {

StageLoads loads_of(const std::vector<Pipeline>& pipelines) {
    StageLoads loads;
    for (const Pipeline& pipeline : pipelines) {
        for (const PlannedStage& stage : pipeline.stages) {
            std::vector<LayerRange>& ranges = loads[stage.node];
            if (std::ranges::find(ranges, stage.layers) == ranges.end()) ranges.push_back(stage.layers);
        }
    }
    return loads;
}

std::set<std::pair<std::string, std::string>> links_of(const Pipeline& pipeline) {
    std::set<std::pair<std::string, std::string>> links;
    std::string from(kGateway);
    for (const PlannedStage& stage : pipeline.stages) {
        links.emplace(from, stage.node);
        from = stage.node;
    }
    links.emplace(from, std::string(kGateway));
    return links;
}

StageFiles::StageFiles(std::string directory, WriteStage write)
    : directory_(std::move(directory)), write_(std::move(write)) {}

std::string StageFiles::path(const LayerRange& layers) const { return directory_ + "/" + stage_name(layers) + ".pt"; }

void StageFiles::write(const StageLoads& loads, const std::stop_token& stop) const {
    for (const auto& [node, ranges] : loads) {
        for (const LayerRange& layers : ranges) {
            if (stop.stop_requested()) throw Interrupted();
            if (std::filesystem::exists(path(layers))) continue;
            try {
                write_(layers, path(layers));
            } catch (...) {
                std::error_code ignored;
                std::filesystem::remove(path(layers), ignored);
                throw;
            }
        }
    }
}

void StageFiles::remove(const StageLoads& loads) const {
    std::error_code ignored;
    for (const auto& [node, ranges] : loads) {
        for (const LayerRange& layers : ranges) std::filesystem::remove(path(layers), ignored);
    }
}

void run_together(const std::vector<std::function<void()>>& actions) {
    std::vector<std::exception_ptr> problems(actions.size());
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < actions.size(); ++i) {
            threads.emplace_back([&actions, &problems, i] {
                try {
                    actions[i]();
                } catch (...) {
                    problems[i] = std::current_exception();
                }
            });
        }
    }
    for (const std::exception_ptr& problem : problems) {
        if (problem) std::rethrow_exception(problem);
    }
}

}  // namespace carbonedge
