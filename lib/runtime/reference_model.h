#pragma once

#include "lib/model/model.h"
#include "lib/partition/partition.h"
#include "lib/tensor/tensor.h"

#include <string>
#include <vector>

namespace carbonedge {

/// The undivided model of a plan: where its stages come from and what its outputs must be.
class ReferenceModel {
public:
    virtual ~ReferenceModel() = default;
    [[nodiscard]] virtual const std::string& sha256() const = 0;
    virtual void write_stage(const LayerRange& layers, const std::string& path) = 0;
    /// Outputs of the model as loaded.
    virtual std::vector<HostTensor> run(const std::vector<HostTensor>& inputs) = 0;
    [[nodiscard]] virtual OutputDifference compare(const std::vector<HostTensor>& reference,
                                                   const std::vector<HostTensor>& actual) const = 0;
};

}  // namespace carbonedge
