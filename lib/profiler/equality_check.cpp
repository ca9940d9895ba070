#include "lib/profiler/equality_check.h"

#include <fmt/format.h>
#include <cmath>

namespace carbonedge {
namespace {

constexpr double kNotFinite = 1e9;

}  // namespace

ProfileCheck equality_check(const std::string& name, const OutputDifference& difference, const std::string& remark) {
    ProfileCheck check;
    check.name = name;
    check.value = std::isfinite(difference.relative) ? difference.relative : kNotFinite;
    check.limit = kEqualOutputs;
    check.passed = difference.conclusive && check.value <= kEqualOutputs;
    check.remark = "largest output difference / output range, " + remark;
    if (!difference.conclusive) check.remark += "; inconclusive";
    if (!difference.remark.empty()) check.remark += ": " + difference.remark;
    return check;
}

bool is_correctness_check(const ProfileCheck& check) {
    return check.name == "output-equality" || check.name == "chain-equality";
}

}  // namespace carbonedge
