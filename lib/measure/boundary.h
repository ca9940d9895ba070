#pragma once

#include <string_view>

namespace carbonedge {

/// How what one meter covers stands to what another covers.
enum class BoundaryRelation {
    kSame,
    kInside,    ///< the first lies within the second
    kContains,  ///< the second lies within the first
    kDisjoint,  ///< may be added
    kUnknown,   ///< they may overlap: never added
};

/// Boundaries are names joined by "+": "package+dram". Known: core and uncore within package; package and dram within
/// platform; core-dynamic (the model's) within package, memory-model within dram; gpu beside package and dram; rails
/// and module-rails within module-input, which also holds what a board's own gpu uses; all of them within wall.
BoundaryRelation boundary_relation(std::string_view first, std::string_view second);

}  // namespace carbonedge
