#include "tools/profile/tegrastats_command.h"

#include "lib/base/atomic_file.h"
#include "lib/measure/sensors/tegrastats_meter.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <sstream>

namespace carbonedge {
namespace {

std::string text_of(const TegrastatsLog& log, Nanoseconds interval) {
    const Seconds length = to_seconds(interval * log.lines);
    std::string text = fmt::format("board     {}\n", log.board.empty() ? "not recognised" : log.board);
    text += fmt::format("lines     {}, {} apart: {}\n", log.lines, duration_text(to_seconds(interval)),
                        duration_text(length));
    if (const auto* none = std::get_if<EnergyUnavailable>(&log.energy)) {
        text += fmt::format("total     not known: {}\n", none->reason);
    } else {
        const EnergyReading& total = std::get<EnergyReading>(log.energy);
        text += fmt::format("total     {} +- {}, {} on average\n", energy_text(total.joules),
                            energy_text(total.uncertainty), power_text(Watts(total.joules.value() / length.count())));
        text += fmt::format("covers    {} ({})\n", total.boundary, total.source);
    }
    for (const EnergyPart& part : log.detail.parts) {
        const auto* reading = std::get_if<EnergyReading>(&part.energy);
        text += fmt::format("rail      {:<20} {}{}\n", part.name,
                            reading != nullptr ? energy_text(reading->joules)
                                               : "not known: " + std::get<EnergyUnavailable>(part.energy).reason,
                            part.in_total ? "" : ", not in the total");
    }
    for (const std::string& flag : log.detail.flags) text += fmt::format("note      {}\n", flag);
    return text;
}

}  // namespace

ExitStatus tegrastats_command(const ProfileOptions& options, std::istream& in, std::ostream& out) {
    check_output(options.standard.output, options.standard.overwrite);
    std::istringstream text(read_input(options.tegrastats_log, in));
    const TegrastatsLog log = integrate_tegrastats_log(text, options.tegrastats_interval);
    write_output(options.standard.output, options.standard.overwrite, text_of(log, options.tegrastats_interval), out);
    return std::holds_alternative<EnergyReading>(log.energy) ? ExitStatus::kOk : ExitStatus::kInconclusive;
}

}  // namespace carbonedge
