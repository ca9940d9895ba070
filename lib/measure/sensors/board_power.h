#pragma once

#include "lib/units/quantity.h"

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace carbonedge {

struct RailPower {
    std::string name;
    Watts power{0.0};
};

/// Which rails make up a board. Total power differs by board: one input rail on most, a sum on the AGX modules.
struct BoardRule {
    std::string board;                ///< "Jetson AGX Orin"
    std::string boundary;             ///< "module-input", or "module-rails (not wall)" where rails are added up
    std::vector<std::string> summed;  ///< names of the rails that make the total
};

/// The rule for a set of rail names, or why there is none ("VDD_GPU_SOC without VIN_SYS_5V0 ...").
std::variant<BoardRule, std::string> board_rule(std::span<const std::string> rails);

/// The total under a rule; nothing where one of its rails is missing.
std::optional<Watts> board_total(const BoardRule& rule, std::span<const RailPower> rails);

}  // namespace carbonedge
