#pragma once

#include "lib/model/model.h"
#include "lib/profile/profile.h"

#include <string>

namespace carbonedge {

/// The check that a difference decides: passed where it is conclusive and within kEqualOutputs. `remark` says of what.
/// A difference that is not finite (wrong shape, not-a-number) counts as 1e9, since files hold finite numbers.
ProfileCheck equality_check(const std::string& name, const OutputDifference& difference, const std::string& remark);

/// The checks whose failure means wrong results rather than rough figures.
bool is_correctness_check(const ProfileCheck& check);

}  // namespace carbonedge
