#include "tools/profile/power_curve.h"

#include "lib/measure/machine.h"
#include "lib/measure/power_table.h"

namespace carbonedge {
namespace {

/// A user's own watts are taken as they are given, with the uncertainty that a model of this kind has at best.
constexpr double kUserUncertainty = 0.3;

}  // namespace

PowerCurve power_curve(const ProfileOptions& options) {
    if (!options.power_idle) return default_power_curve(describe_machine().cpu);
    return {*options.power_idle, *options.power_busy, kUserUncertainty, "given on the command line"};
}

}  // namespace carbonedge
