#include "lib/measure/sensors/board_power.h"
#include "lib/measure/sensors/tegrastats_line.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

/// Any bytes are a line; what it says must be within bounds, and its total made of rails that are there.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const TegraLine line = parse_tegrastats_line(text);
    std::vector<std::string> names;
    std::vector<RailPower> powers;
    for (const TegraRail& rail : line.rails) {
        if (rail.name.empty() || rail.name == "NC" || !rail.average) std::abort();
        if (rail.milliwatts > 100'000'000 || rail.milliwatts < -100'000'000) std::abort();
        names.push_back(rail.name);
        powers.push_back({rail.name, Watts(static_cast<double>(rail.milliwatts) * 1e-3)});
    }
    const auto rule = board_rule(names);
    if (const auto* found = std::get_if<BoardRule>(&rule)) {
        if (!board_total(*found, powers)) std::abort();
    } else if (std::get<std::string>(rule).empty()) {
        std::abort();
    }
    return 0;
}
