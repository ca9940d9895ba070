#pragma once

#include "lib/tensor/tensor.h"

#include <string>
#include <vector>

namespace carbonedge {

/// A network small enough for a unit test, each with one trait that cutting has to get right.
struct TinyModel {
    std::string name;
    std::vector<InputSpec> inputs;
    std::vector<std::string> rows;        ///< names of its layers when it executes frozen
    std::vector<std::string> uncuttable;  ///< those after which no stage may begin
};

/// chain, residual, branches, growing-list, two-inputs, token-ids, tuple, called-twice, decided-by-shape,
/// decided-by-content, number-from-content, overwritten, input-overwritten, early-output, wide-hardswish.
const std::vector<TinyModel>& tiny_models();
const TinyModel& tiny_model(const std::string& name);

/// Builds the network with seeded weights, the same in every process, and saves it as TorchScript.
void write_tiny_model(const std::string& name, const std::string& path);

}  // namespace carbonedge
