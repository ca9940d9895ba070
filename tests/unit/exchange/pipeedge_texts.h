#pragma once

#include "lib/exchange/pipeedge_problem.h"

#include <string>

namespace carbonedge {

/// Invented files in PipeEdge's form: a model of three layers, a fast and a slow kind of device.
struct PipeEdgeTexts {
    std::string models =
        "small:\n  layers: 3\n  mem_MB: [1.5, 0.25, 2]\n  parameters_in: 1000\n  parameters_out: [400, 300, 10]\n"
        "DummyModel:\n  layers: 0\n  mem_MB: []\n  parameters_in: 0\n  parameters_out: []\n";
    std::string types =
        "fast:\n  bw_Mbps: 1000\n  mem_MB: 64\n  model_profiles:\n    small:\n"
        "    - batch_size: 8\n      dtype: torch.float32\n      time_s: [0.5, 0.25, 1.0e-03]\n"
        "slow:\n  bw_Mbps: 10\n  mem_MB: 2.5\n  model_profiles:\n    small:\n"
        "    - {batch_size: 1, dtype: torch.float32, time_s: [9, 9, 9]}\n"
        "    - {batch_size: 8, dtype: torch.float32, time_s: [2, 1, .5]}\n"
        "Dummy:\n  bw_Mbps: 0\n  mem_MB: 0\n  model_profiles:\n";
    std::string devices = "fast: [f-0, f-1]\nDummy: []\nslow:\n- s_0\n";

    [[nodiscard]] ForeignProblem read(const std::string& model = "small") const {
        PipeEdgeRequest request;
        request.model = model;
        return read(request);
    }
    [[nodiscard]] ForeignProblem read(const PipeEdgeRequest& request) const {
        return read_pipeedge_problem({models, "models.yml"}, {types, "types.yml"}, {devices, "devices.yml"}, request,
                                     {});
    }
};

/// `text` with its first `from` replaced.
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
    return text.replace(text.find(from), from.size(), to);
}

}  // namespace carbonedge
