#include "lib/measure/sensors/board_power.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>

namespace carbonedge {
namespace {

constexpr const char* kInput = "module-input";
constexpr const char* kRails = "module-rails (not wall)";

/// In the order they are tried: what measures the input of a board comes before sums of its rails.
const std::vector<BoardRule>& known_boards() {
    static const std::vector<BoardRule> boards = {
        {"Jetson Thor", kInput, {"VIN"}},
        {"Jetson Nano", kInput, {"POM_5V_IN"}},
        {"Jetson TX1, TX2, Xavier NX, Orin NX or Orin Nano", kInput, {"VDD_IN"}},
        {"Jetson AGX Orin", kRails, {"VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"}},
        {"Jetson Thor without its input sensor", kRails, {"VDD_GPU", "VDD_CPU_SOC_MSS", "VIN_SYS_5V0"}},
        {"Jetson AGX Xavier", kRails, {"GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V"}},
    };
    return boards;
}

}  // namespace

std::variant<BoardRule, std::string> board_rule(std::span<const std::string> rails) {
    if (rails.empty()) return std::string("no power rails (tegrastats of some releases shows them to root only)");
    const auto has = [&](const std::string& name) {
        return std::find(rails.begin(), rails.end(), name) != rails.end();
    };
    const BoardRule* nearest = nullptr;
    std::vector<std::string> lacking;
    for (const BoardRule& rule : known_boards()) {
        std::vector<std::string> missing;
        std::copy_if(rule.summed.begin(), rule.summed.end(), std::back_inserter(missing),
                     [&](const std::string& name) { return !has(name); });
        if (missing.empty()) return rule;
        if (missing.size() < rule.summed.size() && (nearest == nullptr || missing.size() < lacking.size())) {
            nearest = &rule;
            lacking = missing;
        }
    }
    if (nearest == nullptr) return fmt::format("rails {} belong to no known board", fmt::join(rails, ", "));
    return fmt::format("{} lacks {}: a sum of the rest would not be its total", nearest->board,
                       fmt::join(lacking, ", "));
}

std::optional<Watts> board_total(const BoardRule& rule, std::span<const RailPower> rails) {
    Watts total{0.0};
    for (const std::string& name : rule.summed) {
        const auto rail =
            std::find_if(rails.begin(), rails.end(), [&](const RailPower& one) { return one.name == name; });
        if (rail == rails.end()) return std::nullopt;
        total += rail->power;
    }
    return total;
}

}  // namespace carbonedge
