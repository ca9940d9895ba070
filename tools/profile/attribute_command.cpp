#include "tools/profile/attribute_command.h"

#include "lib/base/atomic_file.h"
#include "lib/measure/attribution.h"
#include "lib/measure/cpu_time_files.h"
#include "lib/units/text.h"
#include "tools/profile/meter_choice.h"
#include "tools/profile/power_curve.h"

#include <unistd.h>

#include <fmt/format.h>
#include <fstream>
#include <ostream>
#include <sstream>
#include <thread>

namespace carbonedge {
namespace {

std::optional<std::string> text_of_file(const std::string& path) {
    std::ifstream file(path);
    if (!file) return std::nullopt;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// CPU times of everybody at one moment; throws for who cannot be read, where `strict`.
struct Moment {
    std::vector<CpuTimeAnswer> consumers;
    Seconds host{0};
};

Moment look(const std::vector<std::string>& names) {
    const long ticks = ::sysconf(_SC_CLK_TCK);
    Moment moment;
    for (const std::string& name : names) moment.consumers.push_back(cpu_time_of({name}, "/proc", ticks, text_of_file));
    const CpuTimeAnswer host = cpu_time_of_host("/proc", ticks, text_of_file);
    if (!host.used) throw EnvironmentError(host.problem, "is /proc mounted?");
    moment.host = *host.used;
    return moment;
}

std::string line(const std::string& name, Seconds cpu, Joules joules, Joules total) {
    const double share = total.value() != 0 ? 100 * joules.value() / total.value() : 0;
    return fmt::format("{:<40} {:>9} {:>9} {:>6.1f} %\n", name, duration_text(cpu), energy_text(joules), share);
}

}  // namespace

ExitStatus attribute_command(const ProfileOptions& options, std::ostream& out) {
    check_output(options.standard.output, options.standard.overwrite);
    const MeterChoice choice = choose_meter(options);
    const Moment before = look(options.attribute);
    for (const CpuTimeAnswer& answer : before.consumers) {
        if (!answer.used)
            throw EnvironmentError("--attribute: " + answer.problem,
                                   "name a process number or a control group's folder");
    }
    if (choice.meter) choice.meter->start();
    const auto until = std::chrono::steady_clock::now() + options.attribute_for;
    while (std::chrono::steady_clock::now() < until) {
        const Nanoseconds longest = choice.meter ? choice.meter->longest_gap() / 2 : Nanoseconds::max();
        const Nanoseconds left = until - std::chrono::steady_clock::now();
        std::this_thread::sleep_for(std::clamp(left, Nanoseconds(0), longest));
        if (choice.meter) choice.meter->sample();
    }
    EnergyResult energy;
    if (choice.meter) energy = choice.meter->stop();
    const Moment after = look(options.attribute);
    const Seconds host = after.host - before.host;
    if (!choice.meter) energy = estimate_energy(host, power_curve(options));
    if (const auto* none = std::get_if<EnergyUnavailable>(&energy)) {
        throw EnvironmentError(fmt::format("--attribute: no joules in that time: {}", none->reason),
                               "see carbonedge profile --meters");
    }
    const EnergyReading& total = std::get<EnergyReading>(energy);

    std::vector<CpuShare> shares;
    std::string notes;
    for (std::size_t i = 0; i < options.attribute.size(); ++i) {
        const CpuTimeAnswer& answer = after.consumers[i];
        if (answer.used) {
            shares.push_back({options.attribute[i], std::max(*answer.used - *before.consumers[i].used, Seconds(0))});
        } else {
            notes += fmt::format("note: {}: it ended meanwhile, and what it used is in the rest\n", answer.problem);
        }
    }
    const Attribution split = attribute_by_cpu_time(total.joules, shares, host);
    std::string text = fmt::format("{:<40} {:>9} {:>9} {:>8}\n", "who", "CPU time", "energy", "share");
    Seconds rest = host;
    for (std::size_t i = 0; i < shares.size(); ++i) {
        text += line(split.parts[i].name, shares[i].cpu_time, split.parts[i].joules, total.joules);
        rest -= shares[i].cpu_time;
    }
    text += line("unattributed", std::max(rest, Seconds(0)), split.unattributed, total.joules);
    text += line("machine", host, total.joules, total.joules);
    text += fmt::format("{} +- {} in {}, {} by {}, covering {}\n", energy_text(total.joules),
                        energy_text(total.uncertainty), duration_text(to_seconds(options.attribute_for)),
                        provenance_name(total.provenance), total.source, total.boundary);
    if (!choice.meter && !choice.reason.empty()) notes += "note: " + choice.reason + "\n";
    notes += "note: split by CPU time; what a process makes other parts of the machine draw is not seen by it\n";
    write_output(options.standard.output, options.standard.overwrite, text + notes, out);
    const bool whole = shares.size() == options.attribute.size();
    return whole && total.provenance == Provenance::kMeasured ? ExitStatus::kOk : ExitStatus::kInconclusive;
}

}  // namespace carbonedge
