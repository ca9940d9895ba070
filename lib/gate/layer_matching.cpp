#include "lib/gate/layer_matching.h"

#include <algorithm>
#include <set>

namespace carbonedge {
namespace {

bool look_alike(const EvidenceLayer& left, const EvidenceLayer& right) {
    return left.type == right.type && left.macs == right.macs && left.parameters == right.parameters &&
           left.output_bytes == right.output_bytes;
}

std::set<std::string> names_of(const std::vector<EvidenceLayer>& layers) {
    std::set<std::string> names;
    for (const EvidenceLayer& layer : layers) names.insert(layer.name);
    return names;
}

}  // namespace

LayerMatching match_layers(const std::vector<EvidenceLayer>& baseline, const std::vector<EvidenceLayer>& current) {
    const std::set<std::string> before = names_of(baseline);
    const std::set<std::string> after = names_of(current);
    std::vector<const EvidenceLayer*> gone;
    for (const EvidenceLayer& layer : baseline) {
        if (!after.contains(layer.name)) gone.push_back(&layer);
    }
    LayerMatching matching;
    for (const EvidenceLayer& layer : current) {
        if (before.contains(layer.name)) {
            matching.baseline_name[layer.name] = layer.name;
            continue;
        }
        const auto found = std::find_if(gone.begin(), gone.end(),
                                        [&](const EvidenceLayer* candidate) { return look_alike(*candidate, layer); });
        if (found == gone.end()) {
            matching.added.push_back(layer.name);
            continue;
        }
        matching.renamed.push_back({(*found)->name, layer.name});
        matching.baseline_name[layer.name] = (*found)->name;
        gone.erase(found);
    }
    for (const EvidenceLayer* layer : gone) matching.removed.push_back(layer->name);
    return matching;
}

}  // namespace carbonedge
