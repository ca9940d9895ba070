#pragma once

#include <map>
#include <optional>
#include <string>

namespace carbonedge::rapl {

/// What a zone showed at the start and at the end of a window; the end absent where the read failed.
struct ZoneReadings {
    std::string name;  ///< "package-0"
    double range = 0;  ///< microjoules
    double before = 0;
    std::optional<double> after;
    bool wrap_seen = true;  ///< a process that looks once a second has had time to see the wrap
};

/// By zone id, "intel-rapl:0:1".
using ZoneTable = std::map<std::string, ZoneReadings>;

/// The joules that each peer's published arithmetic makes of a window, as the facts in docs/measuring.md describe it;
/// absent where it raises an error. Written from those facts, not from their code.
std::optional<double> codecarbon_joules(const ZoneTable& zones);
std::optional<double> carbontracker_joules(const ZoneTable& zones);
std::optional<double> zeus_joules(const ZoneTable& zones);

}  // namespace carbonedge::rapl
