#include "lib/measure/boundary.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace carbonedge {
namespace {

std::vector<std::string> names_of(std::string_view boundary) {
    std::vector<std::string> names;
    while (true) {
        const std::size_t plus = boundary.find('+');
        names.emplace_back(boundary.substr(0, plus));
        if (plus == std::string_view::npos) return names;
        boundary.remove_prefix(plus + 1);
    }
}

/// Part and the whole that it lies in directly.
constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kWholes = {{
    {"core", "package"},
    {"uncore", "package"},
    {"core-dynamic", "package"},
    {"memory-model", "dram"},
    {"package", "platform"},
    {"dram", "platform"},
    {"rail", "module-rails (not wall)"},
    {"module-rails (not wall)", "module-input"},
    {"package", "module-input"},
    {"gpu", "module-input"},
    {"core-dynamic", "module-rails (not wall)"},
    {"platform", "wall"},
    {"module-input", "wall"},
}};

bool lies_in(std::string_view part, std::string_view whole) {
    if (part == whole) return true;
    return std::any_of(kWholes.begin(), kWholes.end(),
                       [&](const auto& step) { return step.first == part && lies_in(step.second, whole); });
}

/// Siblings that are known to share nothing.
bool apart(std::string_view first, std::string_view second) {
    constexpr std::array<std::string_view, 3> kSiblings = {"package", "dram", "gpu"};
    const auto top = [&](std::string_view name) {
        return std::find_if(kSiblings.begin(), kSiblings.end(),
                            [&](std::string_view sibling) { return lies_in(name, sibling); });
    };
    const auto first_top = top(first);
    const auto second_top = top(second);
    return first_top != kSiblings.end() && second_top != kSiblings.end() && first_top != second_top;
}

template <class Names, class Predicate>
bool every(const Names& names, Predicate predicate) {
    return std::all_of(names.begin(), names.end(), predicate);
}

}  // namespace

BoundaryRelation boundary_relation(std::string_view first, std::string_view second) {
    const auto left = names_of(first);
    const auto right = names_of(second);
    const auto covered_by = [](const std::string& name, const std::vector<std::string>& others) {
        return std::any_of(others.begin(), others.end(),
                           [&](const std::string& other) { return lies_in(name, other); });
    };
    const bool inside = every(left, [&](const std::string& name) { return covered_by(name, right); });
    const bool contains = every(right, [&](const std::string& name) { return covered_by(name, left); });
    if (inside && contains) return BoundaryRelation::kSame;
    if (inside) return BoundaryRelation::kInside;
    if (contains) return BoundaryRelation::kContains;
    const bool disjoint = every(left, [&](const std::string& name) {
        return every(right, [&](const std::string& other) { return apart(name, other); });
    });
    return disjoint ? BoundaryRelation::kDisjoint : BoundaryRelation::kUnknown;
}

}  // namespace carbonedge
