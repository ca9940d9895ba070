#pragma once

#include "lib/profile/profile.h"
#include "lib/runtime/reference_model.h"
#include "lib/runtime/stage_runner.h"

#include <memory>
#include <string>
#include <vector>

namespace carbonedge {

/// Loads TorchScript stages, and builtin ones.
std::unique_ptr<StageLoader> make_torch_loader();

/// The model file as a plan's reference, executed and divided into rows as `profile` was. Throws InputError, also where
/// the same network has other rows here.
std::unique_ptr<ReferenceModel> load_reference_model(const std::string& path, const std::vector<InputSpec>& inputs,
                                                     std::uint64_t seed, const Profile& profile);

}  // namespace carbonedge
