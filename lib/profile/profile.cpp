#include "lib/profile/profile.h"

namespace carbonedge {

std::string_view provenance_name(Provenance provenance) {
    return provenance == Provenance::kMeasured ? "measured" : "estimated";
}

}  // namespace carbonedge
